/** `roux show`: what a run or a stage came to. */
import { Command } from 'commander';
import type { RunRecord, RunStageRecord, StoredResult } from '../../engine/api.js';
import type { CommandOutside } from '../command-line.js';
import { CommandLineError } from '../exit-codes.js';
import type { Terminal } from '../output/terminal.js';
import { storeOption, wholeNumber } from '../recipe-options.js';

interface ShowOptions {
  readonly store?: string;
  readonly run?: string;
  readonly runs?: boolean;
  readonly log: number;
  readonly json?: boolean;
}

export function command(outside: CommandOutside): Command {
  return new Command('show')
    .summary('show a run, or a stage with its artifacts and figures')
    .description(
      'Without a name: the newest run. With the name of a stage: its settings, figures, table, artifacts and the\n' +
        'end of its log, from the newest run that has it.',
    )
    .argument('[stage]', 'the name of a stage, or of a run')
    .option('--run <id>', 'the run to look at; default: the newest')
    .option('--runs', 'list all runs')
    .option('--log <lines>', 'lines of the log to show', wholeNumber(0), 20)
    .option('--json', 'print what is known as one JSON object')
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ roux show\n  $ roux show train\n  $ roux show --runs\n  $ roux show evaluate --json | jq .metrics',
    )
    .action((name: string | undefined, options: ShowOptions) => showCommand(name, options, outside));
}

async function showCommand(
  name: string | undefined,
  options: ShowOptions,
  { terminal }: CommandOutside,
): Promise<void> {
  const [{ openProjectStore }, { listRuns }, { listResults }, views] = await Promise.all([
    import('../recipe-source.js'),
    import('../../engine/run-record.js'),
    import('../../engine/stored-results.js'),
    import('../output/show-views.js'),
  ]);
  const store = await openProjectStore(options, terminal);
  try {
    const runs = await listRuns(store);
    if (runs.length === 0) {
      throw new CommandLineError('nothing has been run yet', 'roux run recipe.yaml runs a recipe');
    }
    if (options.runs === true) {
      print(terminal, options, runs, () => views.runList(runs, terminal));
      return;
    }
    const named = runs.find((run) => run.id === name);
    const chosen = options.run === undefined ? named : runs.find((run) => run.id === options.run);
    if (options.run !== undefined && chosen === undefined) {
      throw new CommandLineError(`there is no run ${options.run}`, 'roux show --runs lists them');
    }
    if (name === undefined || named !== undefined) {
      const run = chosen ?? runs[0];
      if (run !== undefined) print(terminal, options, run, () => views.runView(run, terminal));
      return;
    }
    const { run, stage } = findStage(name, chosen === undefined ? runs : [chosen]);
    const result = (await listResults(store)).find(({ key }) => key === stage.key);
    print(terminal, options, stageAsJson(run, stage, result), () =>
      views.stageView({ run, stage, result, store, logLines: options.log }, terminal),
    );
  } finally {
    await store.close();
  }
}

function findStage(
  name: string,
  runs: readonly RunRecord[],
): { readonly run: RunRecord; readonly stage: RunStageRecord } {
  const found = runs.flatMap((run) =>
    run.stages.filter((stage) => stage.name === name).map((stage) => ({ run, stage })),
  );
  // A run that was cancelled before it came to the stage says nothing about it.
  const telling = found.find(({ stage }) => ['hit', 'done', 'failed'].includes(stage.outcome ?? ''));
  const newest = telling ?? found[0];
  if (newest !== undefined) return newest;
  const names = [...new Set(runs.flatMap((run) => run.stages.map((stage) => stage.name)))];
  throw new CommandLineError(`no run has a stage ${name}`, `stages: ${names.join(', ')}`);
}

function stageAsJson(
  run: RunRecord,
  stage: RunStageRecord,
  result: StoredResult | undefined,
): Readonly<Record<string, unknown>> {
  return { run: run.id, recipe: run.recipe, ...stage, ...(result && { record: result.record }) };
}

function print(terminal: Terminal, options: ShowOptions, data: unknown, view: () => readonly string[]): void {
  terminal.print(options.json === true ? JSON.stringify(data, null, 2) : view().join('\n'));
}
