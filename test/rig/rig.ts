/**
 * A temporary project with a store, the real engine, and stages that do what the test says.
 *
 *     const rig = await Rig.create();
 *     const run = rig.run({ a: rig.gate('a'), b: { uses: 'write', with: { text: 'b' }, files: ['a'] } });
 *     (await rig.gates.begin('a')).finish('text');
 *     expect((await run).outcomes).toEqual({ a: 'done', b: 'done' });
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { RunOptions, RunSummary } from '../../src/engine/api.js';
import type { RunEvent } from '../../src/engine/events.js';
import type { Plan } from '../../src/engine/plan.js';
import { planRecipe } from '../../src/engine/planner.js';
import { runRecipe } from '../../src/engine/run.js';
import { openStore, type Store } from '../../src/engine/store.js';
import { createWorkerPool, type WorkerPool } from '../../src/engine/worker-pool.js';
import type { CheckedRecipe } from '../../src/recipe/checked-recipe.js';
import { buildSources } from './build.js';
import type { FailurePlan } from './failing-files.js';
import { Gates } from './gates.js';
import { checkToyRecipe, type ToyRecipe, type ToyStage } from './toy-recipe.js';

/** A run that is over. */
export interface RigRun {
  readonly summary: RunSummary;
  readonly events: readonly RunEvent[];
  /** Stage -> outcome. */
  readonly outcomes: Readonly<Record<string, string>>;
}

/** A project in a temporary folder. */
export class Rig {
  readonly folder: string;
  readonly build: string;
  readonly gates: Gates;
  readonly pool: WorkerPool;
  private readonly stores: Store[] = [];
  private readonly children: ChildProcess[] = [];
  private currentStore: Store | undefined;

  private constructor(folder: string, build: string, gates: Gates) {
    this.folder = folder;
    this.build = build;
    this.gates = gates;
    this.pool = createWorkerPool({ module: this.workerModule });
  }

  /** Makes a project. */
  static async create(): Promise<Rig> {
    const build = await buildSources();
    const folder = await mkdtemp(join(tmpdir(), 'roux-rig-'));
    const gates = new Gates(join(folder, 'gates.sock'));
    await gates.listen();
    return new Rig(folder, build, gates);
  }

  get workerModule(): string {
    return join(this.build, 'src/engine/worker/main.js');
  }

  get toyModule(): string {
    return join(this.build, 'test/rig/toy-stages.js');
  }

  get storeFolder(): string {
    return join(this.folder, '.roux');
  }

  /** The project's store, opened once. */
  async store(): Promise<Store> {
    this.currentStore ??= await this.openAgain();
    return this.currentStore;
  }

  /** Opens the store anew, as another process would. */
  async openAgain(): Promise<Store> {
    const store = await openStore(this.storeFolder);
    this.stores.push(store);
    this.currentStore = store;
    return store;
  }

  /** A stage that does what the test says. */
  gate(name: string, more: Partial<ToyStage> = {}): ToyStage {
    return { uses: 'gate', ...more, with: { name, socket: this.gates.socketPath, ...more.with } };
  }

  /** A checked recipe. */
  recipe(recipe: ToyRecipe): CheckedRecipe {
    return checkToyRecipe(recipe, this.folder, this.toyModule);
  }

  /** Plans in this process. */
  async plan(recipe: ToyRecipe, options: Partial<RunOptions> = {}): Promise<Plan> {
    return planRecipe(this.recipe(recipe), { store: await this.store(), ...options });
  }

  /** Stage -> state in the plan, with the texts of the reasons. */
  async states(recipe: ToyRecipe): Promise<Readonly<Record<string, string>>> {
    const { stages } = await this.plan(recipe);
    return Object.fromEntries(
      stages.map((plan) => [
        plan.stage.name,
        plan.state === 'run' ? `run: ${plan.reasons.map(({ text }) => text).join('; ')}` : plan.state,
      ]),
    );
  }

  /** Runs in this process; the stages run in processes of their own. */
  async run(recipe: ToyRecipe, options: Partial<RunOptions> = {}): Promise<RigRun> {
    const events: RunEvent[] = [];
    const summary = await runRecipe(this.recipe(recipe), {
      store: await this.store(),
      pool: this.pool,
      threads: 2,
      ...options,
      onEvent: (event) => {
        events.push(event);
        options.onEvent?.(event);
      },
    });
    const outcomes = Object.fromEntries(summary.stages.map(({ name, outcome }) => [name, outcome]));
    return { summary, events, outcomes };
  }

  /** Runs in a process of its own, which the test can kill. `fail`: file operations that fail there. */
  spawn(recipe: ToyRecipe, options: object = {}, fail?: FailurePlan): SpawnedRun {
    const program = join(this.build, 'test/rig/run-toys.js');
    // By way of the environment it reaches the stages' processes, too.
    const failing = fail && {
      ROUX_FAIL: JSON.stringify(fail),
      NODE_OPTIONS: `--import ${join(this.build, 'test/rig/failing-files.js')}`,
    };
    const child = spawn(
      process.execPath,
      [program, this.folder, JSON.stringify(recipe), JSON.stringify({ threads: 2, ...options })],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...failing } },
    );
    this.children.push(child);
    return new SpawnedRun(child);
  }

  /** Writes a file of the project. */
  async write(path: string, contents: string): Promise<void> {
    await mkdir(dirname(join(this.folder, path)), { recursive: true });
    await writeFile(join(this.folder, path), contents);
  }

  /** What a stage made in a run. */
  async text(run: RigRun, stage: string): Promise<string> {
    const store = await this.store();
    const digest = run.summary.stages.find(({ name }) => name === stage)?.record?.outputs.out?.digest;
    return readFile(join(store.artifactFolder(digest ?? ''), 'text.txt'), 'utf8');
  }

  /** Changes one bit of a file as a faulty program would, read-only or not. */
  async flip(path: string): Promise<void> {
    const bytes = await readFile(path);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    await chmod(path, 0o644);
    await writeFile(path, bytes);
  }

  /** Every file in a folder of the store, relative to it, sorted. */
  async files(folder: string): Promise<readonly string[]> {
    const base = join(this.storeFolder, folder);
    const entries = await readdir(base, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(base.length + 1))
      .sort();
  }

  /** Every file with its contents, for comparing stores. */
  async contents(folder: string): Promise<Readonly<Record<string, string>>> {
    const contents: Record<string, string> = {};
    for (const path of await this.files(folder)) {
      contents[path] = await readFile(join(this.storeFolder, folder, path), 'utf8');
    }
    return contents;
  }

  /** What is in the store that should not outlive a run, but for what this living process has there. */
  async debris(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const folder of ['tmp', 'locks', 'scratch', 'processes']) {
      for (const name of await readdir(join(this.storeFolder, folder))) found.push(`${folder}/${name}`);
    }
    return found.filter((path) => !path.includes(`/${process.pid}-`));
  }

  /** Ends everything and removes the project. */
  async close(): Promise<void> {
    for (const child of this.children) child.kill('SIGKILL');
    await this.gates.close();
    await this.pool.close();
    for (const store of this.stores) await store.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A run in a process of its own. */
export class SpawnedRun {
  readonly child: ChildProcess;
  readonly events: RunEvent[] = [];
  /** Resolved with exit code or signal when the process is gone. */
  readonly ended: Promise<number | string>;
  errorOutput = '';
  private readonly listeners = new Set<() => void>();
  private over = false;

  constructor(child: ChildProcess) {
    this.child = child;
    if (child.stdout === null || child.stderr === null) throw new Error('The streams are pipes');
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errorOutput += text;
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.events.push(JSON.parse(line));
      for (const listener of this.listeners) listener();
    });
    this.ended = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        this.over = true;
        for (const listener of this.listeners) listener();
        resolve(code ?? signal ?? 'gone');
      });
    });
  }

  /** Waits for an event. Throws when the process ends without it. */
  async event(matches: (event: RunEvent) => boolean): Promise<RunEvent> {
    for (;;) {
      const found = this.events.find(matches);
      if (found !== undefined) return found;
      if (this.over) throw new Error(`The process ended without the event:\n${this.errorOutput}`);
      await new Promise<void>((resolve) => {
        const listener = () => {
          this.listeners.delete(listener);
          resolve();
        };
        this.listeners.add(listener);
      });
    }
  }

  /** Stage -> outcome, from the events. */
  get outcomes(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.events.flatMap((event) =>
        'stage' in event && /^stage-(hit|done|failed|cancelled|skipped)$/.test(event.event)
          ? [[event.stage, event.event.slice('stage-'.length)]]
          : [],
      ),
    );
  }
}

/** Whether a process lives (one that only waits to be reaped does not). */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    const status = await readFile(`/proc/${pid}/stat`, 'utf8');
    return !/\) [ZX] /.test(status);
  } catch {
    return (await stat(`/proc/${process.pid}`).catch(() => undefined)) === undefined && answers(pid);
  }
}

/** The processes that a process has started and that live. */
export async function childrenOf(pid: number | undefined): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').flatMap((child) => (child === '' ? [] : [Number(child)]));
}

/** Waits until a process that was sent a signal is gone. */
export async function untilGone(pid: number): Promise<void> {
  while (await isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
}

function answers(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
