/** `roux show`: what a run, a stage or a sweep came to. */
import { Command } from 'commander';
import { didYouMean, namesLike } from '../../diagnostics/suggest.js';
import type { RunRecord, RunStageRecord, StoredResult } from '../../engine/api.js';
import type { RunReason } from '../../engine/plan.js';
import type { ResultRecord } from '../../engine/result-record.js';
import type { Store } from '../../engine/store.js';
import type { CommandOutside } from '../command-line.js';
import { CommandLineError } from '../exit-codes.js';
import type { Terminal } from '../output/terminal.js';
import { storeOption, wholeNumber } from '../recipe-options.js';

interface ShowOptions {
  readonly store?: string;
  readonly run?: string;
  readonly log: number;
  readonly json?: boolean;
}

export function command(outside: CommandOutside): Command {
  return new Command('show')
    .summary('show a run, a stage with its artifacts and figures, or a sweep')
    .description(
      'Without a name: the newest run. A run is shown with its stages, why they ran, figures and products; a stage with\n' +
        'its settings, figures, table, artifacts and the end of its log, from the newest run that has it; a sweep with its\n' +
        'trials and the best of them.',
    )
    .argument(
      '[name]',
      'a stage; a run: an identifier or its beginning, a tag, latest~1, recipe.yaml; or a sweep: its identifier,\nsweep for the newest, SWEEP#3 for one of its trials',
    )
    .option('--run <run>', 'the run to look at; default: the newest that has the stage')
    .option('--log <lines>', 'lines of the log to show', wholeNumber(0), 20)
    .option('--json', 'print what is known as one JSON object')
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ roux show\n  $ roux show train\n  $ roux show baseline\n  $ roux show evaluate --run latest~1\n  $ roux show evaluate --json | jq .metrics\n  $ roux show sweep',
    )
    .action((name: string | undefined, options: ShowOptions) => showCommand(name, options, outside));
}

async function showCommand(
  name: string | undefined,
  options: ShowOptions,
  { terminal }: CommandOutside,
): Promise<void> {
  const [{ openRunStore }, { listRuns }, { findRun }, { namedRun, noRunRecorded }] = await Promise.all([
    import('../recipe-source.js'),
    import('../../engine/run-record.js'),
    import('../../engine/run-reference.js'),
    import('../named-run.js'),
  ]);
  const store = await openRunStore(options, terminal);
  try {
    const runs = await listRuns(store);
    const isStageName = runs.some(({ stages }) => stages.some((stage) => stage.name === name));
    if (name !== undefined && !isStageName && (await showSweep(store, name, options, terminal))) return;
    const [newest] = runs;
    if (newest === undefined) throw noRunRecorded();
    const chosen = options.run === undefined ? undefined : await namedRun(store, options.run, terminal);
    const candidates = chosen === undefined ? runs : [chosen];
    const isStage =
      name !== undefined && candidates.some(({ stages }) => stages.some((one) => one.name === name));
    if (name === undefined) await showRun(store, chosen ?? newest, options, terminal);
    else if (isStage) await showStage(store, name, candidates, options, terminal);
    else {
      const answer = await findRun(store, name, terminal.directory);
      if (answer.state === 'missing') throw unknownName(name, candidates);
      await showRun(store, await namedRun(store, name, terminal), options, terminal);
    }
  } finally {
    await store.close();
  }
}

/** Shows a sweep or one of its trials; false when the name is that of neither. */
async function showSweep(
  store: Store,
  name: string,
  options: ShowOptions,
  terminal: Terminal,
): Promise<boolean> {
  const { namedSweep } = await import('../compared-runs.js');
  const named = await namedSweep(store, name);
  if (named === undefined) return false;
  const { sweepView, trialView } = await import('../output/sweep-view.js');
  const { sweep, trial } = named;
  print(terminal, options, trial ?? sweep, () =>
    trial === undefined ? sweepView(sweep, terminal) : trialView(sweep, trial, terminal),
  );
  return true;
}

async function showRun(
  store: Store,
  run: RunRecord,
  options: ShowOptions,
  terminal: Terminal,
): Promise<void> {
  const [{ readRunEvents }, { listTags }, { readResult }, { runView }, { productsOf }] = await Promise.all([
    import('../../engine/run-record.js'),
    import('../../engine/tags.js'),
    import('../../engine/results.js'),
    import('../output/run-view.js'),
    import('../products.js'),
  ]);
  const tags = (await listTags(store)).filter((tag) => tag.run === run.id).map(({ name }) => name);
  const reasons = new Map<string, readonly RunReason[]>();
  for (const event of await readRunEvents(store, run.id)) {
    if (event.event === 'stage-started') reasons.set(event.stage, event.reasons);
  }
  const results: { name: string; record: ResultRecord }[] = [];
  for (const { name, key } of run.stages) {
    const answer = key === undefined ? undefined : await readResult(store, key);
    if (answer?.state === 'found') results.push({ name, record: answer.record });
  }
  const products = productsOf(results, store, terminal.directory);
  const stages = run.stages.map((stage) => {
    const because = reasons.get(stage.name);
    return because === undefined ? stage : { ...stage, reasons: because };
  });
  const shown = { ...run, tags, stages };
  print(terminal, options, { ...shown, products }, () => runView(shown, products, terminal));
}

async function showStage(
  store: Store,
  name: string,
  candidates: readonly RunRecord[],
  options: ShowOptions,
  terminal: Terminal,
): Promise<void> {
  const [{ listResults }, { stageView }] = await Promise.all([
    import('../../engine/stored-results.js'),
    import('../output/show-views.js'),
  ]);
  const { run, stage } = findStage(name, candidates);
  const result = (await listResults(store)).find(({ key }) => key === stage.key);
  print(terminal, options, stageAsJson(run, stage, result), () =>
    stageView({ run, stage, result, store, logLines: options.log }, terminal),
  );
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
  throw unknownName(name, runs);
}

function unknownName(name: string, runs: readonly RunRecord[]): CommandLineError {
  const names = [...new Set(runs.flatMap((run) => run.stages.map((stage) => stage.name)))];
  return new CommandLineError('command/unknown-stage', `no run, and no stage of a run, is called ${name}`, {
    written: name,
    help: didYouMean(name, names) ?? `stages: ${namesLike(name, names)}; roux runs lists the runs`,
  });
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
