/** `roux predict`: classifies texts with a trained or exported model. */
import { once } from 'node:events';
import { Command } from 'commander';
import type { RuntimeName } from '../../runtime/runtime.js';
import type { CommandOutside } from '../command-line.js';
import { CommandLineError } from '../exit-codes.js';
import type { Terminal } from '../output/terminal.js';
import { oneLine, padEnd, truncate } from '../output/terminal-text.js';
import type { InputRow } from '../predict-input.js';
import { runtimeOption, storeOption, wholeNumber } from '../recipe-options.js';

interface PredictCommandOptions {
  readonly input?: string;
  readonly jsonl?: boolean;
  readonly json?: boolean;
  readonly maxLength?: number;
  readonly threads?: number;
  readonly runtime?: RuntimeName;
  readonly profile?: string;
  readonly store?: string;
}

export function command(outside: CommandOutside): Command {
  return new Command('predict')
    .summary('classify texts with a trained or exported model')
    .description(
      'Classifies texts from the arguments, from a file, or from the standard input, one a line.\n' +
        'MODEL is a folder in Hugging Face layout, an exported folder or .onnx file, or a recipe that was run:\n' +
        'recipe.yaml is its last export or model, recipe.yaml:stage that of a stage, from the newest run with\n' +
        '--profile, or without a profile.',
    )
    .argument('<model>', 'a model folder, an .onnx file, or recipe.yaml[:stage]')
    .argument('[texts...]', 'texts to classify; default: lines of the standard input')
    .option('-i, --input <file>', 'read texts from this file')
    .option('--jsonl', 'lines are JSON objects with "text" and perhaps "text_pair"')
    .option('--json', 'print one JSON object a line, with all fields of the input and the probabilities')
    .option(
      '--max-length <tokens>',
      'cut texts off after so many tokens; default: as in training',
      wholeNumber(2),
    )
    .option('--threads <number>', 'CPU threads to use; default: all', wholeNumber(1))
    .option('-p, --profile <name>', 'of a recipe: the profile that it was run with; default: none')
    .addOption(runtimeOption())
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ roux predict recipes/quickstart.yaml "You have won a prize"\n' +
        '  $ roux predict ./exported --json < mails.txt\n' +
        '  $ roux predict ./exported --jsonl -i pairs.jsonl --json > predictions.jsonl',
    )
    .action((model: string, texts: readonly string[], options: PredictCommandOptions) =>
      predictCommand(model, texts, options, outside),
    );
}

/** Texts that are classified and printed together: enough to fill batches of texts of like length. */
const chunkSize = 512;

async function predictCommand(
  model: string,
  texts: readonly string[],
  options: PredictCommandOptions,
  { terminal }: CommandOutside,
): Promise<void> {
  const rows = await inputRows(texts, options, terminal);
  const [{ openTextClassifier }, { blamingWord }, { availableParallelism }] = await Promise.all([
    import('../text-classifier.js'),
    import('../blame-word.js'),
    import('node:os'),
  ]);
  const folder = await modelFolder(model, options, terminal);
  const classifier = await blamingWord(model, () =>
    openTextClassifier(folder, {
      runtime: options.runtime ?? 'onnx',
      threads: options.threads ?? availableParallelism(),
      ...(options.maxLength !== undefined && { maxLength: options.maxLength }),
    }),
  );
  const { labels } = classifier;
  try {
    for await (const chunk of chunks(rows)) {
      const probabilities = await classifier.classify(chunk);
      const lines = chunk.map((row, index) =>
        formatPrediction(
          row,
          Array.from(probabilities[index] ?? []),
          labels,
          options.json === true,
          terminal,
        ),
      );
      if (!terminal.stdout.write(`${lines.join('\n')}\n`)) await once(terminal.stdout, 'drain');
    }
  } finally {
    await classifier.close();
  }
}

function formatPrediction(
  row: InputRow,
  probabilities: readonly number[],
  labels: readonly string[],
  json: boolean,
  { colors, columns }: Terminal,
): string {
  const best = probabilities.indexOf(Math.max(...probabilities));
  const prediction = labels[best] ?? String(best);
  const probability = probabilities[best] ?? 0;
  if (json) {
    const named = Object.fromEntries(
      probabilities.map((value, index) => [labels[index] ?? String(index), value]),
    );
    const told = { prediction, probability, probabilities: named };
    const own = [...row.fields].filter(([name]) => !Object.hasOwn(told, name));
    const written = own.map(([name, value]) => `${JSON.stringify(name)}:${value},`);
    return `{${written.join('')}${JSON.stringify(told).slice(1)}`;
  }
  const width = Math.max(...labels.map((label) => oneLine(label).length), 0);
  const text = row.textPair === undefined ? row.text : `${row.text} | ${row.textPair}`;
  const start = `${padEnd(oneLine(prediction), width)}  ${probability.toFixed(3)}  `;
  return `${colors.bold(start)}${truncate(oneLine(text), Math.max(20, columns - start.length))}`;
}

async function inputRows(
  texts: readonly string[],
  options: PredictCommandOptions,
  terminal: Terminal,
): Promise<AsyncGenerator<InputRow>> {
  const [{ argumentRows, jsonRows, lineRows }, { createReadStream, existsSync }, { resolve }] =
    await Promise.all([import('../predict-input.js'), import('node:fs'), import('node:path')]);
  if (texts.length > 0) {
    if (options.input !== undefined || options.jsonl === true) {
      throw new CommandLineError('command/conflict', 'texts are named twice', {
        help: 'leave out either the texts or --input and --jsonl',
      });
    }
    return argumentRows(texts);
  }
  if (options.input === undefined && terminal.stdin.isTTY === true) {
    throw new CommandLineError('command/argument', 'there is no text', {
      help: 'name texts, a file with --input, or pipe lines into the command',
    });
  }
  if (options.input !== undefined && !existsSync(resolve(terminal.directory, options.input))) {
    throw new CommandLineError('command/unknown-file', `there is no file ${options.input}`, {
      written: options.input,
    });
  }
  const stream =
    options.input === undefined
      ? terminal.stdin
      : createReadStream(resolve(terminal.directory, options.input));
  const source = {
    stream,
    name: options.input ?? 'the standard input',
    warn: (message: string) => terminal.printError(`${terminal.colors.yellow('warning:')} ${message}`),
  };
  return options.jsonl === true ? jsonRows(source) : lineRows(source);
}

async function modelFolder(
  written: string,
  options: PredictCommandOptions,
  terminal: Terminal,
): Promise<string> {
  const [{ parseTrainedModel, findTrainedModel, neverRun }, { describeRun }, { resolve }] = await Promise.all(
    [import('../trained-model.js'), import('../describe-run.js'), import('node:path')],
  );
  const trained = parseTrainedModel(written, terminal.directory);
  if (trained === undefined) {
    if (options.profile !== undefined) {
      throw new CommandLineError('command/conflict', '--profile is for recipes', {
        written: '--profile',
        help: `${written} is a model as it is`,
      });
    }
    return resolve(terminal.directory, written);
  }
  const [{ findProjectStore, recipeFile }, { listRuns }, { listResults }] = await Promise.all([
    import('../recipe-source.js'),
    import('../../engine/run-record.js'),
    import('../../engine/stored-results.js'),
  ]);
  const file = recipeFile(trained.recipe, terminal);
  const store = await findProjectStore(options, terminal);
  if (store === undefined) throw neverRun(trained.recipe);
  try {
    const known = { store, runs: await listRuns(store), results: await listResults(store) };
    const { stage } = trained;
    const found = await findTrainedModel(
      { recipe: file, written: trained.recipe, stage, profile: options.profile },
      known,
    );
    if (found.isAmbiguous) terminal.printError(`${found.stage} of ${describeRun(found.run)}`);
    return found.folder;
  } finally {
    await store.close();
  }
}

async function* chunks(rows: AsyncIterable<InputRow>): AsyncGenerator<readonly InputRow[]> {
  let chunk: InputRow[] = [];
  for await (const row of rows) {
    chunk.push(row);
    if (chunk.length < chunkSize) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
