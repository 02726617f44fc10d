/** How the processes of a pool are started. */
export interface WorkerPoolOptions {
  /** The module that a process runs; the engine's own by default. */
  readonly module?: string;
  /** Flags for Node. */
  readonly execArgv?: readonly string[];
  /** Added to this process's environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Warm child processes in which stages run. */
export interface WorkerPool {
  /** Ends all processes; resolves when they are gone. */
  close(): Promise<void>;
}

/** An empty pool; processes are started when a stage asks for one. */
export function createWorkerPool(_options: WorkerPoolOptions = {}): WorkerPool {
  throw new Error('not written yet');
}
