/**
 * The `predictions` artifact: one prediction per example.
 *
 * `predictions.json` names the labels and counts the examples; `predictions.jsonl` has one example a line:
 *
 *     {"id": "7", "text": "...", "label": 1, "predicted": 0, "probabilities": [0.75, 0.25]}
 *
 * `label` and `predicted` are indices into the labels; `label` is left out where the example has none, `text_pair` where
 * there is no second text. Probabilities are float32 values, written so that they can be read back exactly.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatJson, isObject, readJsonFile } from '../formats/json.js';
import { LineWriter, readLines } from './dataset.js';
import { UserError } from './user-error.js';

/** One prediction. */
export interface Prediction {
  /** The id of the data set's row. */
  readonly id: string;
  readonly text: string;
  readonly textPair?: string;
  /** The true class; absent where the example has no label. */
  readonly label?: number;
  /** The most probable class. */
  readonly predicted: number;
  /** One per label. */
  readonly probabilities: readonly number[];
}

/** What `predictions.json` says. */
export interface PredictionsDescription {
  readonly labels: readonly string[];
  readonly examples: number;
}

const formatVersion = 1;

/** Digits that tell every float32 apart. */
const FLOAT32_DIGITS = 9;

/** Writes predictions into an artifact's folder. */
export async function writePredictions(
  folder: string,
  labels: readonly string[],
  predictions: Iterable<Prediction>,
): Promise<void> {
  const file = new LineWriter(join(folder, 'predictions.jsonl'));
  let examples = 0;
  try {
    for (const { id, text, textPair, label, predicted, probabilities } of predictions) {
      const rounded = probabilities.map((value) => Number(value.toPrecision(FLOAT32_DIGITS)));
      file.write(JSON.stringify({ id, text, text_pair: textPair, label, predicted, probabilities: rounded }));
      examples += 1;
    }
  } finally {
    file.close();
  }
  await writeFile(join(folder, 'predictions.json'), formatJson({ version: formatVersion, labels, examples }));
}

/** Reads `predictions.json`. A folder that holds no predictions is a `UserError`. */
export async function openPredictions(folder: string): Promise<PredictionsDescription> {
  const fields = await readJsonFile(join(folder, 'predictions.json'));
  if (fields.integer('version') !== formatVersion) throw fields.wrong('version', String(formatVersion));
  return { labels: fields.strings('labels'), examples: fields.integer('examples') };
}

/** The predictions, in order, read as a stream. */
export async function* readPredictions(folder: string): AsyncGenerator<Prediction, void, undefined> {
  const file = join(folder, 'predictions.jsonl');
  let line = 0;
  for await (const text of readLines(file)) {
    line += 1;
    yield parsePrediction(text, file, line);
  }
}

function parsePrediction(line: string, file: string, number: number): Prediction {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw brokenLine(file, number);
  }
  if (!isObject(value)) throw brokenLine(file, number);
  const {
    id,
    text,
    text_pair: textPair,
    label,
    predicted,
    probabilities,
  }: Record<string, unknown> = { ...value };
  if (typeof id !== 'string' || typeof text !== 'string' || typeof predicted !== 'number') {
    throw brokenLine(file, number);
  }
  if (!isNumbers(probabilities)) throw brokenLine(file, number);
  return {
    id,
    text,
    ...(typeof textPair === 'string' ? { textPair } : {}),
    ...(typeof label === 'number' ? { label } : {}),
    predicted,
    probabilities,
  };
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

function brokenLine(file: string, line: number): UserError {
  return new UserError({
    code: 'predictions/line',
    message: `${file}:${line} is not a prediction`,
    file,
    line,
  });
}
