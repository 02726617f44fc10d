/** Tells of a run: to its record, and to whoever listens. */
import type { RunEvent, RunEventBody } from './events.js';
import type { RunRecorder } from './run-recorder.js';

/** Stamps events with the time since the run began and passes them on. */
export class RunVoice {
  readonly recorder: RunRecorder;
  private readonly listener: (event: RunEvent) => void;
  private readonly began = performance.now();
  private muted = false;

  constructor(recorder: RunRecorder, listener: (event: RunEvent) => void) {
    this.recorder = recorder;
    this.listener = listener;
  }

  /** Milliseconds since the run began. */
  now(): number {
    return Math.round(performance.now() - this.began);
  }

  /** Records an event and tells it. */
  emit(event: RunEventBody): void {
    this.recorder.event({ time: this.now(), ...event });
    const heard = event.event === 'stage-progress' || event.event === 'stage-log';
    if (!this.muted || heard) this.tell(event);
  }

  /** Tells the listener only. */
  tell(event: RunEventBody): void {
    this.listener({ time: this.now(), ...event });
  }

  /** From now on the listener only hears what stages say themselves. Gives back whether that is new. */
  mute(): boolean {
    const before = this.muted;
    this.muted = true;
    return !before;
  }
}
