/** `roux check`: what is wrong with recipes, for people, programs and code hosts. */
import { Command, Option } from 'commander';
import type { CommandOutside } from '../command-line.js';
import { exitCodes } from '../exit-codes.js';
import { addRecipeValueOptions, type RecipeValueOptions } from '../recipe-options.js';

interface CheckOptions extends RecipeValueOptions {
  readonly json?: boolean;
  readonly sarif?: boolean;
  readonly output?: string;
}

export function command(outside: CommandOutside): Command {
  const check = new Command('check')
    .summary('say what is wrong with recipes, without planning or running them')
    .description(
      'Checks recipes as `roux plan` does, without looking at the store: syntax, settings, wiring, parameters, paths and\n' +
        'plugins. A recipe with inputs is checked as the part of others that it is. Ends with 2 when one of them is wrong;\n' +
        'docs/reference/errors/ explains every code.',
    )
    .argument('[recipes...]', 'recipe files; default: roux.yaml here, or the only recipe there is');
  return addRecipeValueOptions(check)
    .addOption(new Option('--json', 'print the diagnostics as JSON').conflicts('sarif'))
    .option('--sarif', 'print the diagnostics as SARIF 2.1.0, which code hosts and editors read')
    .option('-o, --output <file>', 'write JSON or SARIF to this file')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ roux check recipes/*.yaml\n' +
        '  $ roux check recipes/quickstart.yaml -p smoke --json\n' +
        '  $ roux check recipes/*.yaml --sarif -o roux.sarif',
    )
    .action((recipes: readonly string[], options: CheckOptions) => checkCommand(recipes, options, outside));
}

async function checkCommand(
  written: readonly string[],
  options: CheckOptions,
  { terminal, exit }: CommandOutside,
): Promise<void> {
  const { readRecipe, recipeFile, printDiagnostics } = await import('../recipe-source.js');
  const files = (written.length === 0 ? [undefined] : written).map((name) => recipeFile(name, terminal));
  const checked = [];
  for (const file of files) {
    const loaded = await readRecipe(file, options, { asPart: true });
    const diagnostics = loaded.ok ? (loaded.recipe.warnings ?? []) : loaded.problems;
    const needs = loaded.ok ? (loaded.recipe.needs ?? []) : [];
    checked.push({
      file,
      diagnostics,
      stages: loaded.ok ? loaded.recipe.stages.length : undefined,
      ...(needs.length > 0 && { needs }),
    });
  }
  if (checked.some(({ stages }) => stages === undefined)) exit(exitCodes.wrong);
  if (options.json === true || options.sarif === true) {
    const log = options.sarif === true ? await sarif(checked, terminal.directory) : { checked };
    await writeOrPrint(JSON.stringify(log, null, 2), options.output, terminal);
    return;
  }
  const { shortPath } = await import('../../diagnostics/short-path.js');
  const { oneLine } = await import('../output/terminal-text.js');
  for (const { file, diagnostics, stages, needs = [] } of checked) {
    await printDiagnostics(diagnostics, { terminal, json: false });
    const count = stages === undefined ? 'wrong' : stages === 1 ? '1 stage, good' : `${stages} stages, good`;
    const part = needs.length === 0 ? '' : `; a part of other recipes, which give it ${needs.join(', ')}`;
    terminal.print(`${oneLine(shortPath(file, terminal.directory))}: ${count}${part}`);
  }
}

async function sarif(
  checked: Parameters<typeof import('../../diagnostics/sarif.js').sarifLog>[0],
  directory: string,
): Promise<object> {
  const [{ sarifLog }, { projectRoot }, { installedVersion }] = await Promise.all([
    import('../../diagnostics/sarif.js'),
    import('../../plugin/project-root.js'),
    import('../../plugin/installation.js'),
  ]);
  return sarifLog(checked, { version: installedVersion(), folder: projectRoot(directory) });
}

async function writeOrPrint(
  text: string,
  output: string | undefined,
  terminal: CommandOutside['terminal'],
): Promise<void> {
  if (output === undefined) {
    terminal.print(text);
    return;
  }
  const { writeFileIn } = await import('../write-file-in.js');
  terminal.print(await writeFileIn(terminal.directory, output, `${text}\n`));
}
