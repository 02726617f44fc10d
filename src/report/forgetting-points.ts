/** Which penalty and which new task belong to a forgetting measurement: read from how it came about. */
import type { ProvenanceStage } from '../plugin/provenance.js';
import type { ReportContent, ReportMetrics } from './report-content.js';

/** Figures that tell how well the new task was learnt, the best known first. */
const taskFigures = ['macro_f1', 'accuracy', 'auroc'];

/**
 * The strength of the penalty that the measured model was trained with: the sum over the penalties wired into its
 * trainings, each times the training's `penalty_scale`; 0 where there is none. Undefined when the measurement's history is
 * not known.
 */
export function penaltyStrength(
  measured: ReportMetrics,
  stages: readonly ProvenanceStage[],
): number | undefined {
  const history = historyOf(measured, stages);
  if (history.length === 0) return undefined;
  const byName = new Map(history.map((stage) => [stage.name, stage]));
  const strengthOf = (training: ProvenanceStage): number => {
    const scale = training.settings.penalty_scale;
    const strengths = (training.inputs.penalties ?? []).map(
      ({ stage }) => byName.get(stage)?.settings.strength,
    );
    const sum = strengths.reduce<number>((total, one) => total + (typeof one === 'number' ? one : 0), 0);
    return sum * (typeof scale === 'number' ? scale : 1);
  };
  return history.filter(isTraining).reduce((sum, training) => sum + strengthOf(training), 0);
}

/** The new task's figure: from the classification metrics of the model whose forgetting was measured. */
export function taskFigure(
  measured: ReportMetrics,
  { metrics, stages }: ReportContent,
): { readonly name: string; readonly value: number } | undefined {
  const trained = trainingsOf(measured, stages);
  for (const candidate of metrics) {
    if (candidate.file.type !== 'classification') continue;
    const same = trainingsOf(candidate, stages);
    if (same.length !== trained.length || same.some((name) => !trained.includes(name))) continue;
    for (const name of taskFigures) {
      const value = candidate.file.metrics[name];
      if (typeof value === 'number') return { name, value };
    }
  }
  return undefined;
}

/** The stages that made the curves behind something: its trainings. */
function trainingsOf(measured: ReportMetrics, stages: readonly ProvenanceStage[]): readonly string[] {
  return historyOf(measured, stages)
    .filter(isTraining)
    .map(({ name }) => name);
}

/** Trainings are what leaves a curve. */
function isTraining({ outputs }: ProvenanceStage): boolean {
  return Object.values(outputs).some(({ kind }) => kind === 'curve');
}

/** The stage that made something, and all before it. */
function historyOf({ stage }: ReportMetrics, stages: readonly ProvenanceStage[]): readonly ProvenanceStage[] {
  const byName = new Map(stages.map((candidate) => [candidate.name, candidate]));
  const found = new Map<string, ProvenanceStage>();
  const visit = (name: string): void => {
    const next = byName.get(name);
    if (next === undefined || found.has(name)) return;
    found.set(name, next);
    for (const input of Object.values(next.inputs).flat()) visit(input.stage);
  };
  if (stage !== undefined) visit(stage);
  return [...found.values()];
}
