/** Artifacts -> what the report shows. */
import { readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { openDataset } from '../artifacts/dataset.js';
import { readMetrics } from '../artifacts/metrics.js';
import { openPredictions, type Prediction, readPredictions } from '../artifacts/predictions.js';
import type { Provenance, ProvenanceStage } from '../plugin/provenance.js';
import { readCurve } from '../training/curve.js';
import type {
  Origin,
  ReportArtifact,
  ReportContent,
  ReportCurve,
  ReportDataset,
  ReportMetrics,
  ReportPredictions,
} from './report-content.js';

/** An artifact that is shown. */
export interface ReportInput {
  readonly kind: string;
  /** Absolute path of its folder. */
  readonly path: string;
  readonly digest: string;
  /** How it came about, where that is known. */
  readonly provenance?: Provenance;
}

/** The artifacts by what they show. */
export interface ReportInputs {
  readonly metrics: readonly ReportInput[];
  readonly curves: readonly ReportInput[];
  readonly predictions: readonly ReportInput[];
  readonly datasets: readonly ReportInput[];
  readonly artifacts: readonly ReportInput[];
}

/** What is wished of the contents. */
export interface ReportWishes {
  readonly title: string;
  readonly description: string;
  readonly headline: readonly string[];
  /** How many wrongly classified examples are shown of each predictions artifact. */
  readonly examples: number;
}

/** Reads everything. An artifact that is not what its kind promises is a `UserError`. */
export async function readReportContent(inputs: ReportInputs, wishes: ReportWishes): Promise<ReportContent> {
  const all = Object.values(inputs).flat();
  const histories = all.map(({ provenance }) => provenance);
  const origins = new Map(all.map((input, index) => [input, originOf(input, index)]));
  const origin = (input: ReportInput): Origin => origins.get(input) ?? originOf(input, 0);
  const { title, description, headline } = wishes;
  return {
    title,
    description,
    headline,
    stages: mergeStages(histories.filter((history) => history !== undefined)),
    metrics: await each(
      inputs.metrics,
      async (input): Promise<ReportMetrics> => ({ ...origin(input), file: await readMetrics(input.path) }),
    ),
    curves: await each(
      inputs.curves,
      async (input): Promise<ReportCurve> => ({ ...origin(input), rows: await readCurve(input.path) }),
    ),
    predictions: await each(inputs.predictions, (input) => readErrors(input, origin(input), wishes.examples)),
    datasets: await each(inputs.datasets, async (input): Promise<ReportDataset> => {
      const { labels, splits, statistics } = await openDataset(input.path);
      return { ...origin(input), labels, splits: present(splits), statistics };
    }),
    artifacts: await each(
      inputs.artifacts,
      async (input): Promise<ReportArtifact> => ({
        ...origin(input),
        kind: input.kind,
        files: await listFiles(input.path),
      }),
    ),
  };
}

/** One after the other: artifacts can be large, and nothing is gained by reading them at once. */
async function each<Value>(
  inputs: readonly ReportInput[],
  read: (input: ReportInput) => Promise<Value>,
): Promise<readonly Value[]> {
  const values: Value[] = [];
  for (const input of inputs) values.push(await read(input));
  return values;
}

/** The stage's name, and the port where the stage has several; without a history the kind and a number. */
function originOf({ kind, digest, provenance }: ReportInput, index: number): Origin {
  if (provenance === undefined) return { name: `${kind} ${index + 1}`, digest };
  const { stage, port, stages } = provenance;
  const ports = Object.keys(stages.find(({ name }) => name === stage)?.outputs ?? {});
  const several = ports.length > 1 && port !== kind;
  return { name: several ? `${stage}.${port}` : stage, stage, digest };
}

/** Every stage once, each after its inputs: histories are in that order, and what they share has the same name. */
function mergeStages(histories: readonly Provenance[]): readonly ProvenanceStage[] {
  const merged = new Map<string, ProvenanceStage>();
  for (const stage of histories.flatMap(({ stages }) => stages)) {
    if (!merged.has(stage.name)) merged.set(stage.name, stage);
  }
  return [...merged.values()];
}

/** Counts the errors of a predictions artifact and keeps the most confident ones, in one pass. */
async function readErrors(input: ReportInput, origin: Origin, most: number): Promise<ReportPredictions> {
  const { labels, examples } = await openPredictions(input.path);
  let labelled = 0;
  let wrong = 0;
  let worst: Prediction[] = [];
  for await (const prediction of readPredictions(input.path)) {
    if (prediction.label === undefined) continue;
    labelled += 1;
    if (prediction.label === prediction.predicted) continue;
    wrong += 1;
    worst.push(prediction);
    if (worst.length > 10 * most + 100) worst = surest(worst, most);
  }
  return { ...origin, labels, examples, labelled, wrong, worst: surest(worst, most) };
}

/** The most confident ones; those of equal confidence in the order of the file. */
function surest(predictions: readonly Prediction[], most: number): Prediction[] {
  const confidence = ({ probabilities, predicted }: Prediction): number => probabilities[predicted] ?? 0;
  return predictions.toSorted((a, b) => confidence(b) - confidence(a)).slice(0, most);
}

async function listFiles(folder: string): Promise<ReportArtifact['files']> {
  const files: { readonly path: string; readonly bytes: number }[] = [];
  for (const name of await readdir(folder, { recursive: true })) {
    const found = await stat(join(folder, name));
    if (found.isFile()) files.push({ path: name.split(sep).join('/'), bytes: found.size });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function present<Value>(
  values: Readonly<Record<string, Value | undefined>>,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
