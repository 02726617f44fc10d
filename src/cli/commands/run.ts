/** `roux run`: runs a recipe. */
import { Command } from 'commander';
import { isUneventful, type RunEvent } from '../../engine/events.js';
import type { EndedRun } from '../../engine/kept-run.js';
import type { CommandOutside } from '../command-line.js';
import { exitCodes } from '../exit-codes.js';
import { candidateRecipes } from '../find-recipe.js';
import { exitCodeOf, interruptible } from '../interruption.js';
import {
  addRecipeOptions,
  addSelectionOptions,
  type RecipeOptions,
  type SelectionOptions,
  selectionOf,
} from '../recipe-options.js';
import { runQuestion } from '../run-question.js';

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
  { terminal, args, exit }: CommandOutside,
): Promise<void> {
  const { loadRecipe, openProjectStore } = await import('../recipe-source.js');
  const json = options.json === true;
  const recipe = await loadRecipe(written, options, { terminal, json });
  if (recipe === undefined) {
    exit(exitCodes.wrong);
    return;
  }
  const [{ runRecipe }, { RunOutput }] = await Promise.all([
    import('../../engine/run.js'),
    import('../output/run-output.js'),
  ]);
  await interruptible(async ({ signal, cause }) => {
    const store = await openProjectStore(options, terminal);
    try {
      const output = new RunOutput(terminal, { json });
      let events: RunEvent[] | undefined = [];
      const onEvent = (event: RunEvent): void => {
        if (isUneventful(event)) events?.push(event);
        else events = undefined;
        output.event(event);
      };
      const summary = await runRecipe(recipe, {
        store,
        onEvent,
        signal,
        ...selectionOf(options),
        ...(options.threads !== undefined && { threads: options.threads }),
      }).finally(() => output.close());
      output.summary(summary.stages, store);
      const interruption = cause();
      if (interruption !== undefined) exit(exitCodeOf(interruption));
      else if (summary.outcome !== 'done') exit(exitCodes.failed);
      else if (events !== undefined && (recipe.warnings ?? []).length === 0) {
        await keepForNextTime(written, { args, terminal, json, store, recipe, events });
      }
    } finally {
      await store.close();
    }
  });
}

/** The next command line of the same words is answered from this run while nothing changes (`recall-run.ts`). */
async function keepForNextTime(
  written: string | undefined,
  run: Pick<EndedRun, 'store' | 'recipe' | 'events'> &
    Pick<CommandOutside, 'args' | 'terminal'> & { readonly json: boolean },
): Promise<void> {
  const { args, terminal, json, recipe } = run;
  const candidates = candidateRecipes(written, terminal.directory);
  const place = candidates.indexOf(recipe.file);
  // Which recipe is meant depends on all that lie nearby.
  if (place === -1) return;
  const { keepRun } = await import('../../engine/kept-run.js');
  await keepRun(runQuestion(args, terminal.directory), {
    ...run,
    absent: candidates.slice(0, place),
    caller: json ? 'json' : 'text',
  });
}
