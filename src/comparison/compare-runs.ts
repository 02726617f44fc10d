/** Runs side by side: what was done differently, what came of it, whether that could be chance, and what it cost. */
import { holm } from '../metrics/holm.js';
import {
  comparePredictions,
  type PredictionComparison,
  type PredictionOptions,
} from './compare-predictions.js';
import type { ComparedRun, ComparedStage } from './compared-run.js';
import { type Difference, findDifferences, stageNames } from './differences.js';

/** Everything that is told of several runs; values are in the order of `runs`. */
export interface Comparison {
  readonly runs: readonly ComparedRun[];
  readonly differences: readonly Difference[];
  readonly figures: readonly ComparedFigure[];
  /** Of every other run against the first, for every predictions artifact that both have. */
  readonly tests: readonly PredictionTest[];
  readonly costs: readonly RunCost[];
  /** What intervals and tests rest on. */
  readonly resamples: number;
  readonly confidence: number;
}

/** One figure of one stage in all runs. */
export interface ComparedFigure {
  readonly stage: string;
  readonly name: string;
  readonly values: readonly (number | undefined)[];
  /** Of the value itself. */
  readonly intervals: readonly ({ readonly low: number; readonly high: number } | undefined)[];
}

/** The predictions of two runs on the same examples. */
export interface PredictionTest {
  readonly stage: string;
  readonly port: string;
  /** Indices into `runs`. */
  readonly first: number;
  readonly second: number;
  /** Byte for byte the same predictions: there is nothing to test. */
  readonly same: boolean;
  readonly comparison?: PredictionComparison;
  /** McNemar's p value after Holm's correction for all tests of this stage. */
  readonly adjustedPValue?: number;
}

/** What a run cost. */
export interface RunCost {
  /** All results together, as it was when each was made, in milliseconds. */
  readonly computeMs: number;
  /** The part of it that came from the store. */
  readonly savedMs: number;
  /** Wall time of the run. */
  readonly durationMs?: number;
  /** Figures of its stages that count tokens, by stage and figure. */
  readonly tokens: Readonly<Record<string, number>>;
}

/** How runs are compared. */
export interface ComparisonOptions extends Partial<PredictionOptions> {
  /** Only the figures and predictions of these stages; all when absent. What was done differently anywhere is told always. */
  readonly stages?: readonly string[];
}

/** Enough to tell 0.05 from 0.01, at a second or two for some thousand examples. */
export const comparisonDefaults: PredictionOptions = { examples: 5, resamples: 1000, confidence: 0.95 };

/** Figures that count tokens. */
const tokenFigure = /(^|_)tokens$/;

/** Compares two or more runs, the first being what the others are measured by. Throws a `UserError` for a damaged artifact. */
export async function compareRuns(
  runs: readonly ComparedRun[],
  options: ComparisonOptions = {},
): Promise<Comparison> {
  const settings = { ...comparisonDefaults, ...options };
  const chosen = stageNames(runs).filter((name) => options.stages?.includes(name) ?? true);
  const isChosen = ({ stage }: { readonly stage: string }): boolean => chosen.includes(stage);
  return {
    runs,
    differences: findDifferences(runs),
    figures: findFigures(runs).filter(isChosen),
    tests: await testPredictions(runs, chosen, settings),
    costs: runs.map(costOf),
    resamples: settings.resamples,
    confidence: settings.confidence,
  };
}

function findFigures(runs: readonly ComparedRun[]): readonly ComparedFigure[] {
  return stageNames(runs).flatMap((stage) => {
    const stages = runs.map((run) => stageOf(run, stage));
    const names = new Set(stages.flatMap((found) => Object.keys(found?.metrics ?? {})));
    return [...names].map((name) => ({
      stage,
      name,
      values: stages.map((found) => found?.metrics[name]),
      intervals: stages.map((found) => found?.intervals[name] ?? undefined),
    }));
  });
}

async function testPredictions(
  runs: readonly ComparedRun[],
  stages: readonly string[],
  options: PredictionOptions,
): Promise<readonly PredictionTest[]> {
  const tests: PredictionTest[] = [];
  for (const stage of stages) {
    const ofStage: PredictionTest[] = [];
    const [base, ...others] = runs.map((run) => predictionsOf(stageOf(run, stage)));
    for (const artifact of base ?? []) {
      for (const [index, candidates] of others.entries()) {
        const other = candidates.find(({ port }) => port === artifact.port);
        if (other?.folder === undefined || artifact.folder === undefined) continue;
        const same = other.digest === artifact.digest;
        const comparison = await comparePredictions(artifact.folder, other.folder, {
          ...options,
          // Nothing differs in any resample.
          resamples: same ? 1 : options.resamples,
        });
        const found = comparison === undefined ? {} : { comparison };
        ofStage.push({ stage, port: artifact.port, first: 0, second: index + 1, same, ...found });
      }
    }
    tests.push(...adjust(ofStage));
  }
  return tests;
}

function adjust(tests: readonly PredictionTest[]): readonly PredictionTest[] {
  const adjusted = holm(tests.map(({ comparison }) => comparison?.accuracy.pValue ?? 1));
  return tests.map((test, index) =>
    test.comparison === undefined ? test : { ...test, adjustedPValue: adjusted[index] ?? 1 },
  );
}

function costOf(run: ComparedRun): RunCost {
  const sum = (stages: readonly ComparedStage[]): number =>
    stages.reduce((total, { costMs }) => total + (costMs ?? 0), 0);
  const tokens = run.stages.flatMap(({ name, metrics }) =>
    Object.entries(metrics)
      .filter(([figure]) => tokenFigure.test(figure))
      .map(([figure, value]) => [`${name}.${figure}`, value] as const),
  );
  return {
    computeMs: sum(run.stages),
    savedMs: sum(run.stages.filter(({ outcome }) => outcome === 'hit')),
    ...(run.durationMs === undefined ? {} : { durationMs: run.durationMs }),
    tokens: Object.fromEntries(tokens),
  };
}

function predictionsOf(stage: ComparedStage | undefined): ComparedStage['outputs'] {
  return stage?.outputs.filter(({ kind }) => kind === 'predictions') ?? [];
}

function stageOf(run: ComparedRun, name: string): ComparedStage | undefined {
  return run.stages.find((stage) => stage.name === name);
}
