/** The reason with which a stage's signal is aborted. */
export class StageCancelled extends Error {
  override readonly name = 'StageCancelled';

  constructor() {
    super('The stage was cancelled');
  }
}

/**
 * A signal that is right also for stages that never let the event loop turn (a training loop that only awaits native
 * calls): reading `aborted` asks `isCancelled`, which another thread answers.
 */
export class Cancellation {
  readonly signal: AbortSignal;
  private readonly controller = new AbortController();
  private readonly isCancelled: () => boolean;

  constructor(isCancelled: () => boolean) {
    this.isCancelled = isCancelled;
    const { signal } = this.controller;
    const askFirst = <Value>(read: () => Value) => {
      this.poll();
      return read();
    };
    const prototype = Object.getPrototypeOf(signal);
    const aborted = () => Boolean(Reflect.get(prototype, 'aborted', signal));
    Object.defineProperties(signal, {
      aborted: { get: () => askFirst(aborted) },
      throwIfAborted: {
        value: () => {
          if (askFirst(aborted)) throw signal.reason;
        },
      },
    });
    this.signal = signal;
  }

  /** Whether the task is to end. */
  get requested(): boolean {
    return this.signal.aborted;
  }

  /** Asks the other thread. */
  poll(): void {
    if (this.isCancelled()) this.cancel();
  }

  /** Aborts the signal. */
  cancel(): void {
    this.controller.abort(new StageCancelled());
  }
}
