/** Runs of the store, as pages show them. */
import { compareRuns } from '../comparison/compare-runs.js';
import type { ComparedRun } from '../comparison/compared-run.js';
import type { ComparedSweep } from '../comparison/compared-sweep.js';
import type { RunRecord } from '../engine/api.js';
import { readPastStages, stagesBehind } from '../engine/run-provenance.js';
import type { Store } from '../engine/store.js';
import type { SweepRecord } from '../engine/sweep-record.js';
import type { ComparisonContent } from '../report/comparison/comparison-content.js';
import { readCurves } from '../report/comparison/read-comparison.js';
import { type ReportInput, readReportContent } from '../report/read-content.js';
import type { ReportContent } from '../report/report-content.js';
import { isInStore } from './verified-artifact.js';

/** Wrongly classified and changed examples on a page. */
export interface PageWishes {
  readonly title?: string;
  readonly examples: number;
}

/** Everything that one run made: a report without a report stage. */
export async function reportOfRun(store: Store, run: RunRecord, wishes: PageWishes): Promise<ReportContent> {
  const stages = await readPastStages(store, run);
  const inputs: ReportInput[] = [];
  for (const { record, provenance } of stages) {
    for (const [port, artifact] of Object.entries(record.outputs)) {
      if (!(await isInStore(store, artifact))) continue;
      const { kind, digest } = artifact;
      inputs.push({
        kind,
        path: store.artifactFolder(digest),
        digest,
        provenance: {
          format: 1,
          stage: provenance.name,
          port,
          stages: stagesBehind(provenance.name, stages),
        },
      });
    }
  }
  const ofKind = (...kinds: readonly string[]): readonly ReportInput[] =>
    inputs.filter(({ kind }) => kinds.includes(kind));
  return readReportContent(
    {
      metrics: ofKind('metrics'),
      curves: ofKind('curve'),
      predictions: ofKind('predictions'),
      datasets: ofKind('dataset'),
      artifacts: ofKind('export'),
    },
    {
      title: wishes.title ?? run.name,
      description: `Run ${run.id}${run.profile === undefined ? '' : `, profile ${run.profile}`}`,
      headline: [],
      examples: wishes.examples,
    },
  );
}

/** Several runs, or the best trials of a sweep with the sweep itself. */
export async function comparisonOfRuns(
  runs: readonly ComparedRun[],
  sweep: SweepRecord | undefined,
  wishes: PageWishes,
): Promise<ComparisonContent> {
  const comparison = await compareRuns(runs, { examples: wishes.examples });
  const names = [...new Set(runs.map(({ name }) => name))];
  return {
    title: wishes.title ?? (sweep === undefined ? names.join(', ') : `${sweep.name}: sweep`),
    description:
      sweep === undefined
        ? `${runs.length} runs side by side`
        : `${sweep.trials.length} trials; the best ${runs.length} side by side`,
    comparison,
    curves: await readCurves(comparison),
    ...(sweep === undefined ? {} : { sweep: sweepContent(sweep) }),
  };
}

function sweepContent(sweep: SweepRecord): ComparedSweep {
  const { id, name, method, goal, space, stopping, trials, best } = sweep;
  return {
    id,
    name,
    method,
    goal,
    dimensions: Object.entries(space).map(([dimension, how]) => ({
      name: dimension,
      log: how.kind === 'range' && how.scale === 'log',
    })),
    ...(stopping === undefined ? {} : { budget: stopping.param }),
    trials,
    ...(best === undefined ? {} : { best }),
  };
}
