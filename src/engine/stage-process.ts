/** One child process in which stages run. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { TENSOR_PROCESS_ENVIRONMENT } from '../runtime/environment.js';
import {
  controlPipe,
  type MessageFromWorker,
  type MessageToWorker,
  type StageCode,
  type StageTask,
  type TaskEnd,
} from './worker/protocol.js';
import type { TaskListener, WorkerPoolOptions } from './worker-pool.js';

/** A cancelled stage gets this long for its batch, so that Ctrl-C ends within a second. */
const defaultGraceMs = 500;

/** Between TERM and KILL. */
const killDelayMs = 250;

/** How long after a process's end what it printed is still waited for. */
const streamsDelayMs = 1_000;

/** Lines of what a process printed last, kept for the message should it crash. */
const keptLines = 20;

/** The same for everybody, so that no artifact depends on where its machine stands. */
const neutralEnvironment = { TZ: 'UTC', LC_ALL: 'en_US.UTF-8', LANG: 'en_US.UTF-8' };

/** A child process, in a process group of its own. */
export class StageProcess {
  /** Settled when the process is gone. */
  readonly ended: Promise<void>;
  private readonly child: ChildProcess;
  private readonly graceMs: number;
  private readonly control: Writable | undefined;
  private task: RunningTask | undefined;
  private taskCount = 0;
  private gone = false;
  private tainted = false;
  private lastOutput = '';

  constructor(options: WorkerPoolOptions) {
    this.graceMs = options.graceMs ?? defaultGraceMs;
    const module = options.module ?? fileURLToPath(new URL('./worker/main.js', import.meta.url));
    this.child = fork(module, [], {
      detached: process.platform !== 'win32',
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
      execArgv: [...(options.execArgv ?? [])],
      env: { ...process.env, ...TENSOR_PROCESS_ENVIRONMENT, ...neutralEnvironment, ...options.environment },
    });
    const control = this.child.stdio[controlPipe];
    this.control = control !== null && control !== undefined && 'write' in control ? control : undefined;
    this.ended = this.listen();
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Whether it can take another task. */
  get usable(): boolean {
    return !this.gone && !this.tainted && this.child.connected;
  }

  /** Has the process load what stages of these types will need. */
  prepare(types: readonly StageCode[]): void {
    this.send({ type: 'prepare', types });
  }

  /** Runs a task. Never rejects: a process that dies is a failure of the task. */
  run(task: StageTask, listener: TaskListener, signal: AbortSignal): Promise<TaskEnd> {
    this.taskCount += 1;
    const id = this.taskCount;
    this.lastOutput = '';
    return new Promise((resolve) => {
      const timers: NodeJS.Timeout[] = [];
      const cancel = () => {
        this.send({ type: 'cancel', id });
        this.control?.write(`${id}\n`);
        const graceMs = task.stopSeconds === undefined ? this.graceMs : 1_000 * task.stopSeconds;
        timers.push(
          setTimeout(() => this.signalGroup('SIGTERM'), graceMs),
          setTimeout(() => this.signalGroup('SIGKILL'), graceMs + killDelayMs),
        );
      };
      this.task = {
        id,
        listener,
        signal,
        finish: (end) => {
          this.task = undefined;
          signal.removeEventListener('abort', cancel);
          for (const timer of timers) clearTimeout(timer);
          // Whatever an exception left behind must not reach the next stage.
          if (end.state === 'failed' && end.failure.kind !== 'user') this.tainted = true;
          resolve(end);
        },
      };
      if (this.gone) {
        this.task.finish({
          state: 'failed',
          failure: { kind: 'crash', message: this.describeEnd(null, null) },
        });
        return;
      }
      this.send({ type: 'run', id, task });
      if (signal.aborted) cancel();
      else signal.addEventListener('abort', cancel, { once: true });
    });
  }

  /** Ends the process and all that it started. */
  async kill(): Promise<void> {
    if (!this.gone) this.signalGroup('SIGKILL');
    await this.ended;
  }

  private listen(): Promise<void> {
    const { child } = this;
    child.on('message', (message: MessageFromWorker) => this.receive(message));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.lastOutput = (this.lastOutput + text).split('\n').slice(-keptLines).join('\n');
        this.task?.listener.output(text);
      });
    }
    // Pipes to a process that has just died; its end is told by 'close'.
    for (const stream of child.stdio) stream?.on('error', () => undefined);
    return new Promise((resolve) => {
      child.on('error', (error) => {
        if (child.pid !== undefined) return;
        this.gone = true;
        const message = `The process of the stage could not be started: ${error.message}`;
        this.task?.finish({ state: 'failed', failure: { kind: 'crash', message } });
        resolve();
      });
      child.on('exit', () => {
        this.gone = true;
        // Processes that the stage started, if it did; they hold the output streams open.
        this.signalGroup('SIGKILL');
        // One that left the process group keeps the streams open; it must not keep us.
        setTimeout(() => {
          for (const stream of child.stdio) stream?.destroy();
        }, streamsDelayMs).unref();
      });
      child.on('close', (code, signal) => {
        this.gone = true;
        const { task } = this;
        if (task?.signal.aborted) task.finish({ state: 'cancelled' });
        else task?.finish({ state: 'failed', failure: this.crash(code, signal) });
        resolve();
      });
    });
  }

  private receive(message: MessageFromWorker): void {
    const { task } = this;
    if (task === undefined || task.id !== message.id) return;
    if (message.type === 'progress') task.listener.progress(message.progress);
    else if (message.type === 'log') task.listener.log(message.level, message.message);
    else if (message.type === 'cache-question') void this.answer(task, message);
    else task.finish(message.end);
  }

  private async answer(
    { id, listener }: RunningTask,
    { question, ask }: Extract<MessageFromWorker, { type: 'cache-question' }>,
  ): Promise<void> {
    this.send({ type: 'cache-answer', id, question, answer: await listener.cache(ask) });
  }

  private crash(
    code: number | null,
    signal: NodeJS.Signals | null,
  ): Extract<TaskEnd, { state: 'failed' }>['failure'] {
    const printed = this.lastOutput.trim();
    return {
      kind: 'crash',
      message: this.describeEnd(code, signal),
      ...(signal === 'SIGKILL' ? { help: 'Perhaps the machine ran out of memory: use smaller batches' } : {}),
      ...(printed === '' ? {} : { stack: printed }),
    };
  }

  private describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
    if (signal !== null) return `The process of the stage was ended by ${signal}`;
    return code === null
      ? 'The process of the stage is gone'
      : `The process of the stage ended with code ${code}`;
  }

  private send(message: MessageToWorker): void {
    // A process that is gone or going cannot be told anything; 'close' follows.
    if (this.child.connected) this.child.send(message, () => undefined);
  }

  private signalGroup(signal: NodeJS.Signals): void {
    const { pid } = this.child;
    if (pid === undefined) return;
    try {
      process.kill(process.platform === 'win32' ? pid : -pid, signal);
    } catch (error) {
      // Nobody is left in the group.
      if (!(error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM')))
        throw error;
    }
  }
}

interface RunningTask {
  readonly id: number;
  readonly listener: TaskListener;
  readonly signal: AbortSignal;
  readonly finish: (end: TaskEnd) => void;
}
