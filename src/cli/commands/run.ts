/** `roux run`: runs a recipe. */
import { Command } from 'commander';
import type { RunEvent } from '../../engine/events.js';
import type { CommandOutside } from '../command-line.js';
import { exitCodes } from '../exit-codes.js';
import { exitCodeOf, interruptible } from '../interruption.js';
import {
  addRecipeOptions,
  addSelectionOptions,
  type RecipeOptions,
  type SelectionOptions,
  selectionOf,
} from '../recipe-options.js';

interface RunCommandOptions extends RecipeOptions, SelectionOptions {
  readonly json?: boolean;
}

export function command(outside: CommandOutside): Command {
  const run = new Command('run')
    .summary('run a recipe')
    .description(
      'Runs a recipe. Stages whose result is in the store are not run again.\n' +
        'Ctrl-C ends it cleanly, keeping every finished stage; a second Ctrl-C ends it at once.',
    );
  return addSelectionOptions(addRecipeOptions(run))
    .option('--json', 'print one event a line as JSON (docs/reference/events.md)')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ roux run                                   the recipe of this folder\n' +
        '  $ roux run recipes/quickstart.yaml -p smoke  a profile of it\n' +
        '  $ roux run -s epochs=5 --until evaluate      other parameters, and not every stage\n' +
        '  $ roux run --json | jq .event                for programs',
    )
    .action((written: string | undefined, options: RunCommandOptions) =>
      runCommand(written, options, outside),
    );
}

async function runCommand(
  written: string | undefined,
  options: RunCommandOptions,
  { terminal, exit }: CommandOutside,
): Promise<void> {
  const { loadRecipe, openProjectStore } = await import('../recipe-source.js');
  const json = options.json === true;
  const recipe = await loadRecipe(written, options, { terminal, json });
  if (recipe === undefined) {
    exit(exitCodes.wrong);
    return;
  }
  const [{ runRecipe }, { createRunRenderer }, { RunLog }] = await Promise.all([
    import('../../engine/run.js'),
    import('../output/run-renderer.js'),
    import('../output/run-log.js'),
  ]);
  await interruptible(async ({ signal, cause }) => {
    const store = await openProjectStore(options, terminal);
    try {
      const renderer = createRunRenderer(terminal, { json });
      const log = new RunLog();
      const onEvent = (event: RunEvent): void => {
        log.add(event);
        renderer.event(event);
      };
      const summary = await runRecipe(recipe, {
        store,
        onEvent,
        signal,
        ...selectionOf(options),
        ...(options.threads !== undefined && { threads: options.threads }),
      }).finally(() => renderer.close());
      if (!json) {
        const { formatRunSummary } = await import('../output/run-summary.js');
        const { productsOf } = await import('../products.js');
        terminal.print('');
        terminal.print(
          formatRunSummary(log, terminal, {
            products: productsOf(summary.stages, store, terminal.directory),
          }),
        );
      }
      const interruption = cause();
      if (interruption !== undefined) exit(exitCodeOf(interruption));
      else if (summary.outcome !== 'done') exit(exitCodes.failed);
    } finally {
      await store.close();
    }
  });
}
