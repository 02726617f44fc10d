/** `roux plan`: shows what a run would do. */
import { Command } from 'commander';
import type { CommandOutside } from '../command-line.js';
import { exitCodes } from '../exit-codes.js';
import {
  addRecipeOptions,
  addSelectionOptions,
  type RecipeOptions,
  type SelectionOptions,
  selectionOf,
} from '../recipe-options.js';

interface PlanCommandOptions extends RecipeOptions, SelectionOptions {
  readonly json?: boolean;
  readonly explain?: boolean;
}

export function command(outside: CommandOutside): Command {
  const plan = new Command('plan')
    .summary('show what would run, and why')
    .description(
      'Checks a recipe and shows for every stage whether its result is there (cached), has to be made (run), or\n' +
        'cannot be told yet because it needs the result of another stage (waiting). Runs nothing.',
    );
  return addSelectionOptions(addRecipeOptions(plan))
    .option('--explain', 'write out every value, defaults included, and where it comes from')
    .option('--json', 'print the plan as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ roux plan\n' +
        '  $ roux plan recipes/quickstart.yaml -s learning_rate=3e-5\n' +
        '  $ roux plan --explain --only train',
    )
    .action((written: string | undefined, options: PlanCommandOptions) =>
      planCommand(written, options, outside),
    );
}

async function planCommand(
  written: string | undefined,
  options: PlanCommandOptions,
  { terminal, exit }: CommandOutside,
): Promise<void> {
  const json = options.json === true;
  if (options.explain === true) {
    const { explainRecipeTo } = await import('../explain-recipe.js');
    if (!(await explainRecipeTo(terminal, written, options, json))) exit(exitCodes.wrong);
    return;
  }
  const { loadRecipe, openProjectStore } = await import('../recipe-source.js');
  const recipe = await loadRecipe(written, options, { terminal, json });
  if (recipe === undefined) {
    exit(exitCodes.wrong);
    return;
  }
  const [{ planRecipe }, { formatPlan, planAsJson }] = await Promise.all([
    import('../../engine/planner.js'),
    import('../output/plan-table.js'),
  ]);
  const store = await openProjectStore(options, terminal);
  try {
    const plan = await planRecipe(recipe, { store, ...selectionOf(options) });
    terminal.print(json ? JSON.stringify(planAsJson(plan)) : formatPlan(plan, terminal).join('\n'));
  } finally {
    await store.close();
  }
}
