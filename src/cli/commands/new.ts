/** `roux new`: begins a recipe for somebody's own data. */
import { Command } from 'commander';
import type { SourceSurvey } from '../../data/survey.js';
import type { CommandOutside } from '../command-line.js';
import { CommandLineError, exitCodes } from '../exit-codes.js';
import type { Terminal } from '../output/terminal.js';
import { oneLine } from '../output/terminal-text.js';
import type { Questions } from '../questions.js';
import { wholeNumber } from '../recipe-options.js';

interface NewOptions {
  readonly output?: string;
  readonly text?: string;
  readonly textPair?: string;
  /** False after `--no-label`. */
  readonly label?: string | false;
  readonly model: string;
  readonly maxLength?: number;
  readonly yes?: boolean;
}

export function command(outside: CommandOutside): Command {
  return new Command('new')
    .summary('begin a recipe for your own data')
    .description(
      'Looks at a csv, tsv, jsonl, parquet or text file, or a folder of texts or mails, and writes a recipe that trains on it:\n' +
        'a classifier where a column looks like labels, otherwise a language model. Guesses have their reasons beside them\n' +
        'in comments. On a terminal it asks before it writes; it never overwrites a file.',
    )
    .argument('<data>', 'the file or folder')
    .option(
      '-o, --output <file>',
      'the recipe to write; default: a name like that of the data, in recipes/ if there is one',
    )
    .option('--text <column>', 'the column with the text')
    .option('--text-pair <column>', 'the column with the second text of a pair')
    .option('--label <column>', 'the column with the label')
    .option('--no-label', 'the texts have no labels: train a language model')
    .option(
      '--model <folder>',
      'the model to start from: a folder, or npm:PACKAGE/PATH',
      'npm:roux/models/base',
    )
    .option(
      '--max-length <number>',
      'tokens of a text, at most; default: by the lengths of the texts',
      wholeNumber(8),
    )
    .option('-y, --yes', 'ask nothing')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ roux new data/reviews.csv\n' +
        '  $ roux new data/train.tsv --text message --label kind -o recipes/kinds.yaml\n' +
        '  $ roux new data/letters --no-label --yes',
    )
    .action((data: string, options: NewOptions) => newCommand(data, options, outside));
}

async function newCommand(
  written: string,
  options: NewOptions,
  { terminal, exit }: CommandOutside,
): Promise<void> {
  const [
    { existsSync, statSync },
    { basename, dirname, join, relative, resolve },
    survey,
    { proposeMapping },
    { blamingWord },
  ] = await Promise.all([
    import('node:fs'),
    import('node:path'),
    import('../../data/survey.js'),
    import('../../data/propose-mapping.js'),
    import('../blame-word.js'),
  ]);
  if (written.trim() === '') {
    throw new CommandLineError('command/argument', 'the argument <data> is empty', {
      help: 'name a file or folder; . is the working folder',
    });
  }
  const data = resolve(terminal.directory, written);
  if (!existsSync(data))
    throw new CommandLineError('command/unknown-file', `there is no file or folder ${written}`, { written });
  const status = statSync(data);
  if (!status.isFile() && !status.isDirectory()) {
    throw new CommandLineError('command/unknown-file', `${written} is neither a file nor a folder`, {
      written,
      help: 'data are read more than once: write them to a file',
    });
  }
  const found = await blamingWord(written, () => survey.surveySource(data));
  const { openQuestions, QuestionsEnded } = await import('../questions.js');
  const questions = await openQuestions(terminal, options.yes !== true);
  try {
    const given = await columnsOf(found, options, questions);
    const mapping = proposeMapping(found, given);
    if (mapping === undefined) {
      throw new CommandLineError('command/no-text', `no column of ${written} looks like a text`, {
        written,
        help: `--text names one of: ${found.columns.map(({ name }) => name).join(', ')}`,
      });
    }
    const name = nameOf(data, basename, dirname);
    const folder = existsSync(join(terminal.directory, 'recipes')) ? 'recipes' : '';
    const proposed = options.output ?? join(folder, `${name}.yaml`);
    const taken = (answer: string): string | undefined =>
      existsSync(resolve(terminal.directory, answer))
        ? `${oneLine(answer)} exists, and is not overwritten`
        : undefined;
    const file = resolve(terminal.directory, await questions.ask('the recipe to write', proposed, taken));
    const fromRecipe = (path: string): string => {
      const short = relative(dirname(file), path).replaceAll('\\', '/');
      return short === '' ? '.' : short;
    };
    const splits = await survey.siblingSplits(data);
    const isPackage = options.model.startsWith('npm:');
    const model = isPackage ? options.model : resolve(terminal.directory, options.model);
    if (existsSync(file)) {
      const { shortPath } = await import('../../diagnostics/short-path.js');
      const name = shortPath(file, terminal.directory);
      throw new CommandLineError('command/file-exists', `${name} exists, and is not overwritten`, {
        written: options.output ?? written,
        help: 'name another file with --output',
      });
    }
    const { measureLengths } = await import('../token-lengths.js');
    const { newRecipeText } = await import('../new-recipe.js');
    const texts = [mapping.text, mapping.textPair].flatMap((column) =>
      found.columns.filter((candidate) => candidate.name === column).map(({ sample }) => sample),
    );
    const text = newRecipeText({
      name,
      command: `roux new ${written}`,
      path: fromRecipe(data),
      ...(Object.keys(splits).length > 0 && {
        files: Object.fromEntries(Object.entries(splits).map(([split, path]) => [split, fromRecipe(path)])),
      }),
      survey: found,
      mapping,
      model: isPackage ? model : fromRecipe(model),
      lengths: await blamingWord(options.model, () =>
        measureLengths(texts, {
          model,
          written: options.model,
          folder: dirname(file),
          maxLength: options.maxLength,
        }),
      ),
    });
    const { writeFileIn } = await import('../write-file-in.js');
    await writeFileIn(terminal.directory, relative(terminal.directory, file), text, { overwrite: false });
    await tell(file, text, terminal, exit);
  } catch (error) {
    if (!(error instanceof QuestionsEnded)) throw error;
    terminal.printError('\nNothing was written.');
    exit(exitCodes.interrupted);
  } finally {
    questions.close();
  }
}

/** Names of files that say nothing about what is in them. */
const generalNames = /^(train|training|data|dataset|all|full|rows|examples)$/i;

function nameOf(data: string, basename: (path: string) => string, dirname: (path: string) => string): string {
  const own = basename(data).replace(/\.[^.]*$/, '');
  const telling = generalNames.test(own) ? basename(dirname(data)) : own;
  const name = telling.replaceAll(/[^\p{L}\p{N}_]+/gu, '-').replaceAll(/^-+|-+$/g, '');
  return name === '' ? 'recipe' : name;
}

/** What the options and the answers say about the columns. */
async function columnsOf(
  found: SourceSurvey,
  options: NewOptions,
  { ask }: Questions,
): Promise<{ readonly text?: string; readonly textPair?: string; readonly label?: string | false }> {
  const { proposeMapping } = await import('../../data/propose-mapping.js');
  const names = found.columns.map(({ name }) => name);
  const { didYouMean } = await import('../../diagnostics/suggest.js');
  const helpWith = (column: string): string =>
    didYouMean(column, names) ?? `columns: ${names.map(oneLine).join(', ')}`;
  const objection = (column: string): string | undefined =>
    names.includes(column) ? undefined : `the data have no column ${oneLine(column)}; ${helpWith(column)}`;
  const { text, textPair, label } = options;
  for (const column of [text, textPair, label || undefined]) {
    if (column === undefined || names.includes(column)) continue;
    throw new CommandLineError('command/unknown-column', `the data have no column ${column}`, {
      written: column,
      help: helpWith(column),
    });
  }
  const given = {
    ...(text === undefined ? {} : { text }),
    ...(textPair === undefined ? {} : { textPair }),
    ...(label === undefined ? {} : { label }),
  };
  const proposed = proposeMapping(found, given);
  if (proposed === undefined || names.length < 2) return given;
  const none = 'none';
  const asked = text ?? (await ask('the column with the text', proposed.text, objection));
  const answer =
    label ??
    (await ask(`the column with the label, or ${none}`, proposed.label ?? none, (column) =>
      column === none ? undefined : objection(column),
    ));
  return {
    ...given,
    ...(proposed.textPair === undefined || asked !== proposed.text ? {} : { textPair: proposed.textPair }),
    text: asked,
    label: answer === none ? false : answer,
  };
}

/** Says what was written and what comes next, or what is still wrong with it. */
async function tell(
  file: string,
  text: string,
  terminal: Terminal,
  exit: (code: number) => void,
): Promise<void> {
  const [{ checkRecipe }, { printDiagnostics }, { shortPath }] = await Promise.all([
    import('../../recipe/check-recipe.js'),
    import('../recipe-source.js'),
    import('../../diagnostics/short-path.js'),
  ]);
  const { colors } = terminal;
  const name = oneLine(shortPath(file, terminal.directory));
  terminal.print(`${colors.green('written')} ${colors.bold(name)}\n`);
  terminal.print(
    manyLinesOf(text)
      .map((line) => colors.dim(`  ${line}`))
      .join('\n'),
  );
  const checked = await checkRecipe({ file });
  if (!checked.ok) {
    await printDiagnostics(checked.error, { terminal, json: false });
    exit(exitCodes.failed);
    return;
  }
  terminal.print(
    `\nNext, on a sample and then on everything:\n  roux run ${name} -p smoke\n  roux run ${name}`,
  );
}

function manyLinesOf(text: string): readonly string[] {
  return text.trimEnd().split('\n').map(oneLine);
}
