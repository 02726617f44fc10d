/** Warm child processes in which stages run, one stage at a time in each. */
import type { Progress } from '../plugin/define-stage.js';
import { StageProcess } from './stage-process.js';
import type { CacheAnswer, CacheQuestion, StageCode, StageTask, TaskEnd } from './worker/protocol.js';

/** How the processes of a pool are started and ended. */
export interface WorkerPoolOptions {
  /** The module that a process runs; the engine's own by default. */
  readonly module?: string;
  /** Flags for Node. */
  readonly execArgv?: readonly string[];
  /** Added to this process's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** After this long a cancelled stage that has not stopped is sent TERM, in milliseconds. */
  readonly graceMs?: number;
}

/** What a running stage tells. */
export interface TaskListener {
  readonly progress: (progress: Progress) => void;
  readonly log: (level: 'info' | 'warning', message: string) => void;
  /** What the process prints; not part of the protocol. */
  readonly output: (text: string) => void;
  /** Answers for the store; never rejects. */
  readonly cache: (question: CacheQuestion) => Promise<CacheAnswer>;
}

/** Warm child processes. */
export interface WorkerPool {
  /** Runs a task in an idle process, or a new one. Aborting `signal` cancels it. Never rejects for what a stage does. */
  run(task: StageTask, listener: TaskListener, signal: AbortSignal): Promise<TaskEnd>;
  /**
   * Has an idle process ready that has loaded the code of these stage types and what they compute with, so that the next
   * stage begins at once.
   */
  warm(types: readonly StageCode[]): void;
  /** Numbers of the processes that live. */
  readonly pids: readonly number[];
  /** Ends all processes; resolves when they are gone. */
  close(): Promise<void>;
}

/** An empty pool; processes are started when a stage asks for one. */
export function createWorkerPool(options: WorkerPoolOptions = {}): WorkerPool {
  const idle: StageProcess[] = [];
  const all = new Set<StageProcess>();
  const start = (): StageProcess => {
    const started = new StageProcess(options);
    all.add(started);
    void started.ended.then(() => {
      all.delete(started);
      const index = idle.indexOf(started);
      if (index >= 0) idle.splice(index, 1);
    });
    return started;
  };
  return {
    get pids() {
      return [...all].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
    },
    async run(task, listener, signal) {
      if (signal.aborted) return { state: 'cancelled' };
      const used = idle.pop() ?? start();
      const end = await used.run(task, listener, signal);
      if (used.usable) idle.push(used);
      else await used.kill();
      return end;
    },
    warm(types) {
      if (all.size === 0) idle.push(start());
      for (const process of idle) process.prepare(types);
    },
    async close() {
      await Promise.all([...all].map((one) => one.kill()));
    },
  };
}
