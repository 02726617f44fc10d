/** `roux why`: why a stage runs, or does not have to. */
import { Command } from 'commander';
import { didYouMean, namesLike } from '../../diagnostics/suggest.js';
import type { CommandOutside } from '../command-line.js';
import { CommandLineError, exitCodes } from '../exit-codes.js';
import { addRecipeOptions, type RecipeOptions } from '../recipe-options.js';

interface WhyOptions extends RecipeOptions {
  readonly json?: boolean;
}

export function command(outside: CommandOutside): Command {
  const why = new Command('why')
    .summary('explain why a stage runs, or does not have to')
    .description(
      'Tells what differs from the previous result of a stage: settings with their old and new values, the rows of a data\n' +
        'file, the code of a plugin, and for what comes from other stages the cause behind it. Of a cached stage: which run\n' +
        'made the result, what had changed then, and what is the same now. Runs nothing.',
    )
    .argument('<stage>', 'the stage');
  return addRecipeOptions(why)
    .option('--json', 'print the explanation as one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  $ roux why train\n  $ roux why evaluate recipes/quickstart.yaml -s learning_rate=3e-5',
    )
    .action((stage: string, recipe: string | undefined, options: WhyOptions) =>
      whyCommand(stage, recipe, options, outside),
    );
}

async function whyCommand(
  name: string,
  written: string | undefined,
  options: WhyOptions,
  { terminal, exit }: CommandOutside,
): Promise<void> {
  const [{ loadRecipe, openProjectStore }, { stagesByName }] = await Promise.all([
    import('../recipe-source.js'),
    import('../../engine/selection.js'),
  ]);
  const json = options.json === true;
  if (written === undefined && /\.ya?ml$/i.test(name)) {
    throw new CommandLineError('command/argument', `no stage is named: ${name} is a recipe`, {
      written: name,
      help: `name the stage first: roux why STAGE ${name}`,
    });
  }
  const recipe = await loadRecipe(written, options, { terminal, json });
  if (recipe === undefined) {
    exit(exitCodes.wrong);
    return;
  }
  const names = recipe.stages.map((one) => one.name);
  const [stage, ...others] = stagesByName(recipe)(name);
  if (stage === undefined) {
    throw new CommandLineError('command/unknown-stage', `the recipe has no stage ${name}`, {
      written: name,
      help: didYouMean(name, names) ?? `stages: ${namesLike(name, names)}`,
    });
  }
  if (others.length > 0) {
    throw new CommandLineError('command/argument', `${name} means several stages`, {
      written: name,
      help: `name one: ${[stage, ...others].join(', ')}`,
    });
  }
  const [{ explainStage }, { formatExplanation, explanationAsJson }] = await Promise.all([
    import('../../engine/explain-stage.js'),
    import('../output/explanation-view.js'),
  ]);
  const store = await openProjectStore(options, terminal);
  try {
    const explanation = await explainStage(recipe, stage, { store });
    terminal.print(
      json
        ? JSON.stringify(explanationAsJson(explanation), null, 2)
        : formatExplanation(explanation, recipe, terminal).join('\n'),
    );
  } finally {
    await store.close();
  }
}
