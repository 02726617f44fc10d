/** Watch mode: a recipe is run again whenever something it depends on changes. */
import { availableParallelism } from 'node:os';
import { UserError } from '../artifacts/user-error.js';
import type { CheckedRecipe } from '../recipe/checked-recipe.js';
import type { LoadedRecipe, RunSummary, WatchOptions } from './api.js';
import { canonicalJson } from './canonical-json.js';
import { sha256 } from './digests.js';
import { fileSystemError } from './fs-failure.js';
import type { Plan } from './plan.js';
import { planRecipe } from './planner.js';
import { RecipeRun, type RecipeRunOptions } from './recipe-run.js';
import { Resources } from './resources.js';
import { type FileWatch, watchFiles } from './watch-files.js';
import { createWorkerPool } from './worker-pool.js';

/**
 * Runs a recipe, and again whenever its files, data or plugins change, until `signal` is aborted.
 *
 * A change that alters no stage interrupts nothing. Otherwise what runs is cancelled at once, except stages that the new
 * state of the recipe needs just as they are. Processes stay warm from one run to the next. A recipe with mistakes leaves
 * the last good run alone.
 */
export async function watchRecipe<Problem>(options: WatchOptions<Problem>): Promise<void> {
  const pool = options.pool ?? createWorkerPool();
  const resources = new Resources(options.threads ?? availableParallelism());
  const watch = new RecipeWatch(options, { pool, resources });
  try {
    await watch.untilEnd();
  } catch (error) {
    throw fileSystemError(error, `writing to the store ${options.store.folder}`) ?? error;
  } finally {
    if (options.pool === undefined) await pool.close();
  }
}

/** Editors replace a file within this time, in milliseconds. */
const mistakesLastMs = 150;

class RecipeWatch<Problem> {
  private readonly options: WatchOptions<Problem>;
  private readonly shared: Pick<RecipeRunOptions, 'pool' | 'resources'>;
  /** The newest run, and older ones that finish a stage the newest waits for. */
  private readonly runs = new Set<RecipeRun>();
  private newest: RecipeRun | undefined;
  private current: { readonly recipe: CheckedRecipe; readonly state: string } | undefined;
  private files: FileWatch | undefined;
  private failure: { readonly error: unknown } | undefined;
  private updating = false;
  /** Runs while it is not clear yet whether mistakes last. */
  private settling: NodeJS.Timeout | undefined;
  /** Nothing has happened since the listener was told so. */
  private idle = false;
  private readonly changed = new Set<string>();
  /** Somebody asked for a run although nothing changed. */
  private asked = false;
  /** Mistakes were told, and stand. */
  private mistaken = false;
  private newestOutcome: RunSummary['outcome'] | undefined;
  private wake: () => void = () => undefined;

  constructor(options: WatchOptions<Problem>, shared: Pick<RecipeRunOptions, 'pool' | 'resources'>) {
    this.options = options;
    this.shared = shared;
  }

  async untilEnd(): Promise<void> {
    const { signal, store } = this.options;
    const wake = () => this.wake();
    signal.addEventListener('abort', wake);
    this.files = await watchFiles(store.folder, {
      changed: (paths) => {
        for (const path of paths) this.changed.add(path);
        this.wake();
      },
      failed: (error) => this.fail(error),
    });
    this.options.onControl?.({
      runAgain: () => {
        this.asked = true;
        this.wake();
      },
    });
    try {
      await this.update([], false);
      while (!signal.aborted && this.failure === undefined) {
        if (this.changed.size === 0 && !this.asked) {
          await new Promise<void>((resolve) => {
            this.wake = resolve;
          });
          continue;
        }
        const paths = [...this.changed].sort();
        const asked = this.asked;
        this.changed.clear();
        this.asked = false;
        await this.update(paths, asked);
      }
    } finally {
      signal.removeEventListener('abort', wake);
      clearTimeout(this.settling);
      for (const run of this.runs) run.cancel();
      await Promise.allSettled([...this.runs].map(({ finished }) => finished));
      await this.files.close();
    }
    if (this.failure !== undefined) throw this.failure.error;
  }

  /** Reads the recipe, and starts a run if that makes a difference or somebody `asked` for it. */
  private async update(changedFiles: readonly string[], asked: boolean): Promise<void> {
    this.updating = true;
    clearTimeout(this.settling);
    this.settling = undefined;
    try {
      const since = Date.now();
      const loaded = await this.options.load();
      if (this.options.signal.aborted) return;
      await this.follow(loaded, since);
      if (!loaded.ok) {
        this.tellProblems(loaded.problems);
        return;
      }
      // That all is well again is news, also when there is nothing to run.
      if (this.mistaken) this.idle = false;
      await this.consider(loaded.recipe, changedFiles, asked);
      this.mistaken = false;
    } finally {
      this.updating = false;
      this.tellWhenIdle();
    }
  }

  /** A file that an editor is just writing may be empty or gone for a moment: mistakes that do not last are not told. */
  private tellProblems(problems: readonly Problem[]): void {
    this.idle = false;
    this.settling = setTimeout(() => {
      this.settling = undefined;
      if (this.changed.size > 0 || this.options.signal.aborted) return;
      this.mistaken = true;
      this.options.onProblems?.(problems);
      this.tellWhenIdle();
    }, mistakesLastMs);
  }

  /** A recipe with mistakes names only some of its files: those of the last good one are followed as well. */
  private async follow(loaded: LoadedRecipe<Problem>, since: number): Promise<void> {
    const recipe = loaded.ok ? loaded.recipe : this.current?.recipe;
    const data = recipe?.stages.flatMap(({ paths }) => paths.map(({ absolute }) => absolute)) ?? [];
    const files = [...(recipe?.files ?? []), ...(recipe === undefined ? [] : [recipe.file])];
    await this.files?.follow([...files, ...(loaded.ok ? [] : loaded.files)], data, since);
  }

  private async consider(
    recipe: CheckedRecipe,
    changedFiles: readonly string[],
    asked: boolean,
  ): Promise<void> {
    const { only, force } = this.options;
    // What is forced is forced once, by the first run.
    const selection = {
      ...(only === undefined ? {} : { only }),
      ...(force === undefined || this.current !== undefined ? {} : { force }),
    };
    const plan = await this.plan(recipe, selection);
    if (plan === undefined) return;
    const state = stateOf(plan);
    const again = asked || this.isWorthAnotherTry(recipe, changedFiles);
    if (this.current?.state === state && this.newest !== undefined && !again) {
      // Only a comment, or a file that was saved as it was; locations may have moved.
      this.current = { recipe, state };
      if (this.mistaken) this.options.onMended?.();
      return;
    }
    this.current = { recipe, state };
    const sample = await this.preview(plan);
    const keep = new Set(
      [plan, ...(sample === undefined ? [] : [sample])].flatMap(({ stages }) =>
        stages.flatMap((stage) => (stage.state === 'run' ? [stage.key] : [])),
      ),
    );
    for (const run of this.runs) run.supersede(keep);
    this.idle = false;
    if (sample === undefined) {
      this.options.onPlan?.(plan, changedFiles);
      this.start(recipe, selection);
      return;
    }
    this.options.onPlan?.(sample, changedFiles);
    this.start(sample.recipe, only === undefined ? {} : { only }, () => {
      this.options.onPlan?.(plan, []);
      this.start(recipe, selection);
    });
  }

  /** What runs on a sample first; nothing where there is no preview, or nothing to run. */
  private async preview({ recipe, stages }: Plan): Promise<Plan | undefined> {
    if (this.options.preview === undefined || stages.every(({ state }) => state === 'hit')) return undefined;
    const sample = await this.options.preview(recipe);
    const { only } = this.options;
    return sample && this.plan(sample, only === undefined ? {} : { only });
  }

  /** A file that vanished since the recipe was checked is looked for again in a moment, and is a mistake if it stays away. */
  private async plan(
    recipe: CheckedRecipe,
    selection: Pick<RecipeRunOptions, 'only' | 'force'>,
  ): Promise<Plan | undefined> {
    try {
      return await planRecipe(recipe, { store: this.options.store, ...selection });
    } catch (error) {
      if (!(error instanceof UserError) || error.details.code !== 'file/missing') throw error;
      this.settling = setTimeout(() => {
        this.settling = undefined;
        this.changed.add(recipe.file);
        this.wake();
      }, mistakesLastMs);
      return undefined;
    }
  }

  /** A stage may have failed because its file was just being written; that is over now. */
  private isWorthAnotherTry(recipe: CheckedRecipe, changedFiles: readonly string[]): boolean {
    return this.newestOutcome === 'failed' && changedFiles.some((file) => !recipe.files.includes(file));
  }

  /** `andThen` is called when the run has ended well and is still the newest. */
  private start(
    recipe: CheckedRecipe,
    selection: Pick<RecipeRunOptions, 'only' | 'force'>,
    andThen?: () => void,
  ): void {
    const { store, onEvent, versions } = this.options;
    const run = RecipeRun.begin(recipe, {
      store,
      ...this.shared,
      ...selection,
      ...(versions === undefined ? {} : { versions }),
      ...(onEvent === undefined ? {} : { onEvent }),
    });
    this.runs.add(run);
    this.newest = run;
    this.newestOutcome = undefined;
    void run.finished.then(
      (summary) => {
        this.runs.delete(run);
        if (run === this.newest) {
          this.newestOutcome = summary.outcome;
          this.options.onFinished?.(summary, recipe.sample === true);
          if (summary.outcome === 'done' && !this.options.signal.aborted) andThen?.();
        }
        this.tellWhenIdle();
      },
      (error: unknown) => {
        this.runs.delete(run);
        this.fail(error);
      },
    );
  }

  /** The next change may need any stage: their code is loaded while nothing happens. */
  private warmUp(): void {
    const codes = new Map(
      this.current?.recipe.stages.map(({ info: { type, source } }) => [type, { type, source }]),
    );
    if (codes.size > 0) this.shared.pool.warm([...codes.values()]);
  }

  private fail(error: unknown): void {
    this.failure ??= { error };
    this.wake();
  }

  private tellWhenIdle(): void {
    if (this.runs.size > 0 || this.updating || this.changed.size > 0 || this.options.signal.aborted) return;
    if (this.idle || this.settling !== undefined) return;
    this.idle = true;
    this.warmUp();
    this.options.onIdle?.();
  }
}

/** All that decides what a run does: the graph, every setting and expectation, the contents of all files. */
function stateOf(plan: Plan): string {
  return sha256(
    canonicalJson(
      plan.stages.map((planned) => {
        const { name, info, settings, inputs, expect, seed, runtime, threads } = planned.stage;
        return {
          key: planned.state === 'waiting' ? null : planned.key,
          name,
          source: info.source,
          type: [info.type, info.version],
          settings,
          inputs: Object.entries(inputs).map(([port, list]) => [port, list.map(({ written }) => written)]),
          expect: expect.map(({ metric, operator, value }) => [metric, operator, value]),
          seed,
          runtime,
          threads,
        };
      }),
    ),
  );
}
