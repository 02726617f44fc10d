/**
 * One side of a benchmark: a child process that trains so many steps whenever it is told to, and reports.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { TENSOR_PROCESS_ENVIRONMENT } from '../../src/runtime/environment.js';

/** What a side says when it can start. */
export interface Ready {
  /** Seconds from the start of its program. */
  readonly ready: number;
  readonly versions: string;
  readonly settings: string;
}

/** What a side says after a segment. */
export interface Segment {
  readonly steps: number;
  readonly examples: number;
  readonly seconds: number;
  /** Of all threads together; only the peer tells it. */
  readonly processorSeconds?: number;
  /** Largest resident memory so far. */
  readonly peakBytes: number;
}

/** A child process that answers each line with a line of JSON. */
export class Side {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(
    readonly name: string,
    command: string,
    args: readonly string[],
  ) {
    this.#child = spawn(command, [...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...process.env,
        ...(command === process.execPath ? TENSOR_PROCESS_ENVIRONMENT : peerEnvironment()),
      },
    });
    if (this.#child.stdout === null) throw new Error('no standard output');
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Starts a side and waits until it is ready. */
  static async start(
    name: string,
    command: string,
    args: readonly string[],
  ): Promise<{ side: Side; ready: Ready }> {
    const side = new Side(name, command, args);
    return { side, ready: (await side.#next()) as unknown as Ready };
  }

  /** Trains so many steps. */
  async train(steps: number): Promise<Segment> {
    this.#child.stdin?.write(`${steps}\n`);
    return (await this.#next()) as unknown as Segment;
  }

  /** Ends the process. */
  async end(): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin?.end('end\n');
    await closed;
  }

  async #next(): Promise<Record<string, unknown>> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`${this.name} ended`);
    return JSON.parse(value as string) as Record<string, unknown>;
  }
}

/** The peer runs with the allocator that its users have. */
function peerEnvironment(): Record<string, undefined> {
  return { MALLOC_MMAP_MAX_: undefined, MALLOC_TRIM_THRESHOLD_: undefined };
}
