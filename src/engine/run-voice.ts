/** Tells of a run: to its record, and to whoever listens. */
import type { RunEvent, RunEventBody } from './events.js';
import type { RunRecorder } from './run-recorder.js';

/** Stamps events with the time since the run began and passes them on. */
export class RunVoice {
  readonly recorder: RunRecorder;
  private readonly listener: (event: RunEvent) => void;
  private readonly began = process.hrtime();
  private muted = false;

  constructor(recorder: RunRecorder, listener: (event: RunEvent) => void) {
    this.recorder = recorder;
    this.listener = listener;
  }

  /** Milliseconds since the run began. */
  now(): number {
    return millisecondsSince(this.began);
  }

  /** Records an event and tells it. */
  emit(event: RunEventBody): void {
    const timed = { time: this.now(), ...event };
    this.recorder.event(timed);
    const heard = event.event === 'stage-progress' || event.event === 'stage-log';
    if (!this.muted || heard) this.listener(timed);
  }

  /** Records the last event, has the record closed, and tells of the end when closing has said what it had to. */
  end(event: RunEventBody, close: () => void): void {
    const timed = { time: this.now(), ...event };
    this.recorder.event(timed);
    close();
    if (!this.muted) this.listener(timed);
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

/** Whole milliseconds since `process.hrtime()` said `began`. */
export function millisecondsSince(began: [number, number]): number {
  // `performance` would be loaded for this alone.
  const [seconds, nanoseconds] = process.hrtime(began);
  return Math.round(seconds * 1e3 + nanoseconds / 1e6);
}
