/** `roux compare`: runs side by side. */
import { Command } from 'commander';
import { namesLike } from '../../diagnostics/suggest.js';
import type { CommandOutside } from '../command-line.js';
import { CommandLineError } from '../exit-codes.js';
import { collect, storeOption, wholeNumber } from '../recipe-options.js';

interface CompareOptions {
  readonly store?: string;
  readonly stage?: readonly string[];
  readonly metric?: readonly string[];
  readonly all?: boolean;
  readonly examples: number;
  readonly resamples: number;
  readonly json?: boolean;
}

const defaultExamples = 3;
const defaultResamples = 1000;

export function command(outside: CommandOutside): Command {
  return new Command('compare')
    .summary('runs side by side: settings, figures with tests, changed examples, cost')
    .description(
      'Compares runs with the first of them: which settings differ, what the figures are with their intervals, whether the\n' +
        'difference could be chance (on the predictions for the same examples: paired bootstrap, and McNemar for\n' +
        'accuracy), which examples changed sides, and what it cost. Cached runs compare like any other.',
    )
    .argument(
      '[runs...]',
      'two or more: identifiers, tags, latest~1, recipe.yaml, SWEEP (its best trials), SWEEP#3; default: the newest\nrun and the one before it',
    )
    .option('--stage <name>', 'only the figures and examples of this stage; may be repeated', collect)
    .option('-m, --metric <name>', 'show this figure; may be repeated', collect)
    .option('--all', 'show every figure, also those that are the same')
    .option('--examples <count>', 'examples to show of each side', wholeNumber(0), defaultExamples)
    .option('--resamples <count>', 'draws of the bootstrap', wholeNumber(1), defaultResamples)
    .option('--json', 'print the comparison as one JSON object')
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ roux compare\n  $ roux compare baseline latest --stage evaluate\n  $ roux compare baseline latest~1 latest --json',
    )
    .action((runs: readonly string[], options: CompareOptions) => compareCommand(runs, options, outside));
}

async function compareCommand(
  written: readonly string[],
  options: CompareOptions,
  { terminal }: CommandOutside,
): Promise<void> {
  const [{ openRunStore }, { namedComparedRuns }, { compareRuns }, views] = await Promise.all([
    import('../recipe-source.js'),
    import('../compared-runs.js'),
    import('../../comparison/compare-runs.js'),
    import('../output/comparison-view.js'),
  ]);
  const store = await openRunStore(options, terminal);
  try {
    const runs = await namedComparedRuns(store, written, terminal);
    const known = [...new Set(runs.flatMap(({ stages }) => stages.map(({ name }) => name)))];
    const unknown = options.stage?.find((name) => !known.includes(name));
    if (unknown !== undefined) {
      throw new CommandLineError('command/unknown-stage', `none of these runs has a stage ${unknown}`, {
        written: unknown,
        help: `stages: ${namesLike(unknown, known)}`,
      });
    }
    const comparison = await compareRuns(runs, {
      examples: options.examples,
      resamples: options.resamples,
      ...(options.stage !== undefined && { stages: options.stage }),
    });
    if (options.json === true) {
      terminal.print(JSON.stringify(views.comparisonAsJson(comparison), null, 2));
      return;
    }
    const shown = { all: options.all === true, ...(options.metric && { metrics: options.metric }) };
    terminal.print(views.formatComparison(comparison, shown, terminal).join('\n'));
  } finally {
    await store.close();
  }
}
