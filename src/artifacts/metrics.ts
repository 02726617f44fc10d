/**
 * The `metrics` artifact: `metrics.json`, measured figures.
 *
 *     { "version": 1, "type": "classification",
 *       "metrics": { "macro_f1": 0.97 },
 *       "intervals": { "macro_f1": { "low": 0.96, "high": 0.98, "resamples": 1000 } },
 *       "details": { ... } }
 *
 * `metrics` are single numbers, null where one is not defined; `intervals` has some of the same names. What `details`
 * holds depends on `type` and is described by the stage that writes it. All keys are snake_case; names from the user's
 * data (labels, groups) are values, never keys.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatJson, isObject, type JsonRecord, readJsonFile } from '../formats/json.js';

/** An interval around a figure; the shape of the bootstrap's. */
export interface MetricInterval {
  readonly low: number;
  readonly high: number;
  /** How many resamples it rests on. */
  readonly resamples: number;
}

/** What `metrics.json` says. */
export interface MetricsFile {
  /** What was measured: 'classification', 'language-model', 'bias-audit', 'forgetting', or a plugin's own word. */
  readonly type: string;
  /** Figures by snake_case name; null where one is not defined. */
  readonly metrics: Readonly<Record<string, number | null>>;
  /** Intervals of some of them; null where one could not be estimated. */
  readonly intervals: Readonly<Record<string, MetricInterval | null>>;
  /** Tables and everything else, with snake_case keys. */
  readonly details: JsonRecord;
}

/** What is written; `details` may have camelCase keys, which become snake_case. */
export interface MetricsContent {
  readonly type: string;
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly intervals?: Readonly<Record<string, MetricInterval | null>>;
  readonly details?: object;
}

const formatVersion = 1;
const metricsFile = 'metrics.json';

/** Writes `metrics.json` into an artifact's folder. Throws an Error for a figure that JSON cannot hold (NaN, infinity). */
export async function writeMetrics(folder: string, content: MetricsContent): Promise<void> {
  const { type, metrics, intervals = {}, details = {} } = content;
  for (const [name, value] of Object.entries(metrics)) {
    if (value !== null && !Number.isFinite(value)) throw new Error(`the metric ${name} is ${value}`);
  }
  const file = { version: formatVersion, type, metrics, intervals, details: withSnakeCaseKeys(details) };
  await writeFile(join(folder, metricsFile), formatJson(file));
}

/** Reads `metrics.json` of an artifact's folder. A folder that holds no metrics is a `UserError`. */
export async function readMetrics(folder: string): Promise<MetricsFile> {
  const fields = await readJsonFile(join(folder, metricsFile));
  if (fields.integer('version') !== formatVersion) throw fields.wrong('version', String(formatVersion));
  const metrics: Record<string, number | null> = {};
  const figures = fields.fields('metrics');
  for (const name of figures.names)
    metrics[name] = figures.raw(name) === undefined ? null : figures.number(name);
  const intervals: Record<string, MetricInterval | null> = {};
  const bounds = fields.fields('intervals', { optional: true });
  for (const name of bounds.names) {
    if (bounds.raw(name) === undefined) {
      intervals[name] = null;
      continue;
    }
    const one = bounds.fields(name);
    intervals[name] = {
      low: one.number('low'),
      high: one.number('high'),
      resamples: one.integer('resamples', { fallback: 0 }),
    };
  }
  return { type: fields.string('type'), metrics, intervals, details: fields.record('details') };
}

/** The figures that are defined: what a stage hands to `expect`, watch and reports. */
export function definedMetrics(
  metrics: Readonly<Record<string, number | null>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(metrics).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  );
}

function withSnakeCaseKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSnakeCaseKeys);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      withSnakeCaseKeys(item),
    ]),
  );
}
