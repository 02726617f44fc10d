/** `roux graph`: a recipe's stages as a picture. */
import { extname } from 'node:path';
import { Command, Option } from 'commander';
import type { StagePlan } from '../../engine/plan.js';
import type { CheckedRecipe } from '../../recipe/checked-recipe.js';
import type { GraphNode } from '../../report/graph.js';
import type { GraphFormat } from '../../report/graph-files.js';
import type { CommandOutside } from '../command-line.js';
import { CommandLineError, exitCodes } from '../exit-codes.js';
import {
  addRecipeOptions,
  addSelectionOptions,
  type RecipeOptions,
  type SelectionOptions,
  selectionOf,
} from '../recipe-options.js';

interface GraphOptions extends RecipeOptions, SelectionOptions {
  readonly format?: GraphFormat;
  readonly plan?: boolean;
  readonly output?: string;
}

const formats: readonly GraphFormat[] = ['svg', 'mermaid', 'dot'];

export function command(outside: CommandOutside): Command {
  const graph = new Command('graph')
    .summary("draw a recipe's stages: SVG, Mermaid, DOT")
    .description(
      'Draws the stages of a recipe and how they are connected. With --plan their colours say what would happen to them:\n' +
        'cached, to run, waiting.',
    );
  return addSelectionOptions(addRecipeOptions(graph))
    .addOption(
      new Option(
        '-f, --format <format>',
        'default: what the name of the output file says, else mermaid',
      ).choices(formats),
    )
    .option('--plan', 'look into the store, and show what would run')
    .option('-o, --output <file>', 'write to this file: graph.svg, graph.mmd, graph.dot')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ roux graph -o graph.svg\n' +
        '  $ roux graph recipes/quickstart.yaml --plan -o plan.svg\n' +
        '  $ roux graph -f dot | dot -Tpdf > graph.pdf',
    )
    .action((written: string | undefined, options: GraphOptions) => graphCommand(written, options, outside));
}

async function graphCommand(
  written: string | undefined,
  options: GraphOptions,
  { terminal, exit }: CommandOutside,
): Promise<void> {
  const format = formatOf(options);
  const { loadRecipe } = await import('../recipe-source.js');
  const recipe = await loadRecipe(written, options, { terminal, json: false });
  if (recipe === undefined) {
    exit(exitCodes.wrong);
    return;
  }
  const [{ formatGraph }, { writeFileIn }] = await Promise.all([
    import('../../report/graph-files.js'),
    import('../write-file-in.js'),
  ]);
  const text = formatGraph(await nodesOf(recipe, options, terminal), format);
  if (options.output === undefined) terminal.print(text.trimEnd());
  else terminal.print(await writeFileIn(terminal.directory, options.output, text));
}

const formatsByExtension: Readonly<Record<string, GraphFormat>> = {
  '.svg': 'svg',
  '.dot': 'dot',
  '.gv': 'dot',
  '.mmd': 'mermaid',
  '.mermaid': 'mermaid',
  '': 'mermaid',
};

/** The format that is asked for; a file called `graph.pdf` is not filled with something else. */
function formatOf({ format, output = '' }: GraphOptions): GraphFormat {
  const found = format ?? formatsByExtension[extname(output).toLowerCase()];
  if (found !== undefined) return found;
  throw new CommandLineError('command/option-value', `the name ${output} says no format that graphs have`, {
    written: output,
    help: `name it .svg, .mmd or .dot, or say which with --format ${formats.join('|')}`,
  });
}

async function nodesOf(
  recipe: CheckedRecipe,
  options: GraphOptions,
  terminal: CommandOutside['terminal'],
): Promise<readonly GraphNode[]> {
  const { familyOfKinds } = await import('../../report/stage-families.js');
  const plans = new Map<string, StagePlan>();
  if (options.plan === true) {
    const [{ planRecipe }, { openProjectStore }] = await Promise.all([
      import('../../engine/planner.js'),
      import('../recipe-source.js'),
    ]);
    const store = await openProjectStore(options, terminal);
    try {
      const plan = await planRecipe(recipe, { store, ...selectionOf(options) });
      for (const stage of plan.stages) plans.set(stage.stage.name, stage);
    } finally {
      await store.close();
    }
  }
  const { selectStages } = await import('../../engine/selection.js');
  return selectStages(recipe, selectionOf(options)).stages.map((stage) => {
    const plan = plans.get(stage.name);
    const state = plan?.state;
    return {
      name: stage.name,
      subtitle: stage.info.type,
      title: `${stage.name} (${stage.info.type})${plan === undefined ? '' : `: ${describe(plan)}`}`,
      family: familyOfKinds(Object.values(stage.info.outputs).map(({ kind }) => kind)),
      ...(state === undefined ? {} : { state }),
      inputs: Object.values(stage.inputs)
        .flat()
        .map((input) => input.stage),
    };
  });
}

function describe(plan: StagePlan): string {
  switch (plan.state) {
    case 'hit':
      return 'cached';
    case 'run':
      return `to run: ${plan.reasons.map(({ text }) => text).join('; ')}`;
    case 'waiting':
      return `waits for ${plan.waitsFor.join(', ')}`;
  }
}
