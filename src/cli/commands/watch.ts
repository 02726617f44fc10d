/** `roux watch`: runs a recipe again whenever something changes. */
import { Command } from 'commander';
import type { RunEvent } from '../../engine/events.js';
import type { CommandOutside } from '../command-line.js';
import { exitCodeOf, type Interruption, interruptible } from '../interruption.js';
import type { RunRenderer } from '../output/renderer.js';
import {
  addRecipeOptions,
  addSelectionOptions,
  type RecipeOptions,
  type SelectionOptions,
  selectionOf,
} from '../recipe-options.js';

interface WatchCommandOptions extends RecipeOptions, SelectionOptions {
  readonly json?: boolean;
}

export function command(outside: CommandOutside): Command {
  const watch = new Command('watch')
    .summary('run again whenever something changes')
    .description(
      'Follows the recipe, its data files and its plugins. A change is planned and shown, what it supersedes is cancelled,\n' +
        'and metrics are printed with their difference to the run before. q or Ctrl-C ends it.',
    );
  return addSelectionOptions(addRecipeOptions(watch))
    .option('--json', 'print one event a line as JSON (docs/reference/events.md)')
    .addHelpText(
      'after',
      '\nExamples:\n  $ roux watch recipes/quickstart.yaml -p smoke\n  $ roux watch --until evaluate',
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
  const [recipes, engine, { createRunRenderer }, { RunLog }, summaries, plans, { productsOf }] =
    await Promise.all([
      import('../recipe-source.js'),
      import('../../engine/watch.js'),
      import('../output/run-renderer.js'),
      import('../output/run-log.js'),
      import('../output/run-summary.js'),
      import('../output/plan-table.js'),
      import('../products.js'),
    ]);
  const { colors } = terminal;
  const json = options.json === true;
  const file = recipes.recipeFile(written, terminal);
  const quit = new AbortController();
  const signal = AbortSignal.any([interrupted, quit.signal]);
  const stopKeys = listenForKeys(terminal.stdin, terminal.interactive, (key) => {
    if (key === 'q') quit.abort(new Error('quit'));
    else process.kill(process.pid, 'SIGINT');
  });
  const store = await recipes.openProjectStore(options, terminal);

  // Renderers close asynchronously; everything that is printed between two runs waits for the one before.
  let drawn: Promise<void> = Promise.resolve();
  const later = (action: () => void | Promise<void>): void => {
    drawn = drawn.then(action);
  };
  let renderer: RunRenderer | undefined;
  let log = new RunLog();
  let generations = 0;
  const closeRun = (): void => {
    const open = renderer;
    renderer = undefined;
    later(() => open?.close());
  };
  const jsonLine = (line: Readonly<Record<string, unknown>>): void => terminal.print(JSON.stringify(line));

  try {
    await engine.watchRecipe({
      store,
      signal,
      ...selectionOf(options),
      ...(options.threads !== undefined && { threads: options.threads }),
      load: () => recipes.readRecipe(file, options),
      onPlan: (plan, changedFiles) => {
        closeRun();
        generations += 1;
        if (json) {
          jsonLine({ event: 'watch-planned', changedFiles, plan: plans.planAsJson(plan) });
          return;
        }
        later(() => {
          terminal.print('');
          terminal.print(colors.bold(plans.planLine(plan, changedFiles, terminal.directory)));
        });
      },
      onEvent: (event: RunEvent) => {
        if (event.event === 'run-started') log = new RunLog();
        log.add(event);
        renderer ??= createRunRenderer(terminal, { json });
        const current = renderer;
        later(() => current.event(event));
      },
      onFinished: (summary) => {
        closeRun();
        if (json || summary.outcome === 'cancelled') return;
        const finished = log;
        const onlyChanges = generations > 1;
        later(() => {
          const products = productsOf(summary.stages, store, terminal.directory);
          terminal.print('');
          terminal.print(summaries.formatRunSummary(finished, terminal, { products, onlyChanges }));
        });
      },
      onProblems: (problems) => {
        if (json) jsonLine({ event: 'diagnostics', diagnostics: problems });
        else {
          later(async () => {
            terminal.print('');
            terminal.print(await recipes.formatProblems(problems, terminal));
            terminal.print(colors.yellow('The recipe is wrong; the last good state is kept.'));
          });
        }
      },
      onIdle: () => {
        if (json) jsonLine({ event: 'watch-idle' });
        else later(() => terminal.print(colors.dim('Waiting for changes; q or Ctrl-C ends.')));
      },
    });
  } finally {
    stopKeys();
    closeRun();
    await drawn;
    await store.close();
  }
  const interruption = cause();
  if (interruption !== undefined) exit(exitCodeOf(interruption));
}

/** Tells of `q` and Ctrl-C on a terminal, where single keys can be read; gives the function that stops it. */
function listenForKeys(
  stdin: NodeJS.ReadStream,
  interactive: boolean,
  pressed: (key: 'q' | 'ctrl-c') => void,
): () => void {
  if (!interactive || stdin.isTTY !== true) return () => {};
  const read = (bytes: Buffer): void => {
    for (const byte of bytes) {
      if (byte === 0x71) pressed('q');
      if (byte === 0x03) pressed('ctrl-c');
    }
  };
  stdin.setRawMode(true);
  stdin.on('data', read);
  return () => {
    stdin.off('data', read);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
