/** The stage's side of artifacts that are kept on the way: the engine is asked, which alone touches the store. */
import { UserError, type UserErrorDetails } from '../../artifacts/user-error.js';
import type { CacheEntry } from '../../plugin/define-stage.js';
import type { FileDigest } from '../digests.js';
import type { CacheAnswer, CacheQuestion } from './protocol.js';

/** Asks the engine, and hands its answers to those who wait for them. */
export class CacheClient {
  private readonly ask: (question: number, ask: CacheQuestion) => void;
  private readonly waiting = new Map<number, (answer: CacheAnswer) => void>();
  private count = 0;

  constructor(ask: (question: number, ask: CacheQuestion) => void) {
    this.ask = ask;
  }

  /** Takes in an answer. */
  receive(question: number, answer: CacheAnswer): void {
    this.waiting.get(question)?.(answer);
    this.waiting.delete(question);
  }

  /** `StageCache.artifact`. `seal` makes a folder ready to be stored. */
  async artifact(
    entry: CacheEntry,
    make: (folder: string) => Promise<void>,
    signal: AbortSignal,
    seal: (folder: string) => Promise<readonly FileDigest[]>,
  ): Promise<string> {
    const found = await this.question({ ask: 'find', entry });
    if (found.state !== 'make') return pathOf(found, signal);
    await make(found.folder);
    signal.throwIfAborted();
    const files = await seal(found.folder);
    return pathOf(await this.question({ ask: 'store', key: found.key, files }), signal);
  }

  private question(ask: CacheQuestion): Promise<CacheAnswer> {
    this.count += 1;
    const question = this.count;
    return new Promise((resolve) => {
      this.waiting.set(question, resolve);
      this.ask(question, ask);
    });
  }
}

function pathOf(answer: CacheAnswer, signal: AbortSignal): string {
  switch (answer.state) {
    case 'found':
      return answer.path;
    case 'failed':
      throw answer.failure.kind === 'user'
        ? new UserError<UserErrorDetails>(answer.failure)
        : new Error(answer.failure.message);
    case 'cancelled':
      throw signal.reason ?? new Error('The stage was cancelled');
    case 'make':
      throw new Error('The engine asked for an artifact that was just made');
  }
}
