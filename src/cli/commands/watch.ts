/** `roux watch`: runs a recipe again whenever something changes. */
import { Command } from 'commander';
import type { CheckedRecipe } from '../../recipe/checked-recipe.js';
import type { CommandOutside } from '../command-line.js';
import { exitCodeOf, type Interruption, interruptible } from '../interruption.js';
import type { Terminal } from '../output/terminal.js';
import { PastRuns } from '../past-runs.js';
import {
  addRecipeOptions,
  addSelectionOptions,
  type RecipeOptions,
  type SelectionOptions,
  selectionOf,
} from '../recipe-options.js';

interface WatchCommandOptions extends RecipeOptions, SelectionOptions {
  readonly json?: boolean;
  readonly preview?: boolean;
}

export function command(outside: CommandOutside): Command {
  const watch = new Command('watch')
    .summary('run again whenever something changes')
    .description(
      'Follows the recipe, its data files and its plugins. A change is planned and shown, what it supersedes is cancelled,\n' +
        'and metrics are printed with their difference to the run before. Keys: r runs again, w tells why the last stages\n' +
        'ran, c compares the last two runs, q or Ctrl-C ends.',
    );
  return addSelectionOptions(addRecipeOptions(watch))
    .option('--preview', 'run on a sample first (the profile preview, or fewer rows), then on everything')
    .option('--json', 'print one event a line as JSON (docs/reference/events.md)')
    .addHelpText(
      'after',
      '\nExamples:\n  $ roux watch recipes/quickstart.yaml -p smoke\n  $ roux watch --until evaluate --preview',
    )
    .action((written: string | undefined, options: WatchCommandOptions) =>
      interruptible((interruption) => watchCommand(written, options, outside, interruption)),
    );
}

async function watchCommand(
  written: string | undefined,
  options: WatchCommandOptions,
  { terminal, exit }: CommandOutside,
  { signal: interrupted, cause }: Interruption,
): Promise<void> {
  const [recipes, { watchRecipe }, { WatchScreen, WatchJson }, { listenForKeys }] = await Promise.all([
    import('../recipe-source.js'),
    import('../../engine/watch.js'),
    import('../output/watch-screen.js'),
    import('../watch-keys.js'),
  ]);
  const file = recipes.recipeFile(written, terminal);
  const quit = new AbortController();
  const store = await recipes.openProjectStore(options, terminal);
  const screen =
    options.json === true ? new WatchJson(terminal) : new WatchScreen(terminal, store, keysHint(terminal));
  const past = new PastRuns();
  let stopKeys = (): void => {};
  try {
    await watchRecipe({
      store,
      signal: AbortSignal.any([interrupted, quit.signal]),
      ...selectionOf(options),
      ...(options.threads !== undefined && { threads: options.threads }),
      load: () => recipes.readRecipe(file, options),
      ...(options.preview === true && { preview: (recipe) => previewOf(recipe, file, options) }),
      onControl: ({ runAgain }) => {
        stopKeys = listenForKeys(terminal, {
          keys: {
            r: runAgain,
            w: () => screen instanceof WatchScreen && screen.lines(() => past.why(store, terminal)),
            c: () => screen instanceof WatchScreen && screen.lines(() => past.compare(store, terminal)),
            q: () => quit.abort(new Error('quit')),
          },
          interrupt: () => process.kill(process.pid, 'SIGINT'),
        });
      },
      onPlan: (plan, changedFiles) => {
        if (plan.recipe.sample !== true) past.planned = plan.recipe;
        screen.plan(plan, changedFiles);
      },
      onEvent: (event) => screen.event(event),
      onFinished: (summary, sample) => {
        if (!sample && summary.outcome !== 'cancelled') past.add(summary);
        screen.finished(summary, sample);
      },
      onProblems: (problems) => screen.problems(problems),
      onMended: () => screen.mended(),
      onIdle: () => {
        screen.idle();
        // The next change may be one of the recipe: what checks it is loaded while nothing happens.
        void import('../../recipe/check-recipe.js');
      },
    });
  } finally {
    stopKeys();
    await screen.close();
    await store.close();
  }
  const interruption = cause();
  if (interruption !== undefined) exit(exitCodeOf(interruption));
}

function keysHint(terminal: Terminal): string {
  return terminal.interactive ? 'r runs again, w why, c compare, q quit' : 'Ctrl-C ends';
}

/** The recipe on a sample: its profile `preview` where it has one, otherwise what its stage types call a sample. */
async function previewOf(
  recipe: CheckedRecipe,
  file: string,
  options: WatchCommandOptions,
): Promise<CheckedRecipe | undefined> {
  const { asSample, sampleRecipe } = await import('../../engine/sample-recipe.js');
  if (options.profile === undefined) {
    const { readRecipe } = await import('../recipe-source.js');
    const loaded = await readRecipe(file, { ...options, profile: 'preview' });
    if (loaded.ok) return asSample(loaded.recipe);
  }
  return sampleRecipe(recipe);
}
