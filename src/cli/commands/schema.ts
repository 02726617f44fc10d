/** `roux schema`: the JSON Schema of recipes, for editors. */
import { Command } from 'commander';
import type { CommandOutside } from '../command-line.js';
import { exitCodes } from '../exit-codes.js';
import { collect } from '../recipe-options.js';

interface SchemaOptions {
  readonly recipe?: string;
  readonly plugin?: readonly string[];
  readonly output?: string;
}

export function command(outside: CommandOutside): Command {
  return new Command('schema')
    .summary('print the JSON Schema of recipes, for editors')
    .description(
      'Prints the JSON Schema that editors complete and check recipes with; with the plugins of a recipe if asked.',
    )
    .option('--recipe <file>', 'with the plugins of this recipe')
    .option('--plugin <file>', 'with this plugin; may be repeated', collect)
    .option('-o, --output <file>', 'write the schema to this file')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ roux schema > recipe.schema.json\n' +
        '  $ roux schema --recipe recipes/shout.yaml -o .roux/recipe.schema.json\n\n' +
        'The first line of a recipe tells editors where it is:\n' +
        '  # yaml-language-server: $schema=./recipe.schema.json',
    )
    .action((options: SchemaOptions) => schemaCommand(options, outside));
}

async function schemaCommand(options: SchemaOptions, { terminal, exit }: CommandOutside): Promise<void> {
  const [{ loadStageTypes }, { formatProblems }, { editorRecipeSchema }] = await Promise.all([
    import('../stage-types.js'),
    import('../recipe-source.js'),
    import('../../recipe/editor-schema.js'),
  ]);
  const loaded = await loadStageTypes(options, terminal);
  if (!loaded.ok) {
    terminal.printError(await formatProblems(loaded.error, terminal));
    exit(exitCodes.wrong);
    return;
  }
  const plugins = options.recipe === undefined && options.plugin === undefined ? 'unknown' : 'known';
  const text = JSON.stringify(editorRecipeSchema([...loaded.value.values()], plugins), null, 2);
  if (options.output === undefined) {
    terminal.print(text);
    return;
  }
  const { writeFileIn } = await import('../write-file-in.js');
  terminal.print(await writeFileIn(terminal.directory, options.output, `${text}\n`));
}
