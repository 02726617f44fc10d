/**
 * The `curve` artifact: how loss, learning rate and metrics went, without durations. `curve.jsonl` is what roux reads; the
 * others are for other programs.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../artifacts/user-error.js';
import { eventFileName, fileVersionEvent, scalarEvent } from '../formats/tensorboard-events.js';
import { scalarsOf } from './logs/scalars.js';
import type { EvaluationMetrics } from './objective.js';

/** One row. A row has training figures, figures of an evaluation, or both. */
export interface CurveRow {
  /** Updates done, from 1. */
  readonly step: number;
  /** Passes over the training data done. */
  readonly epoch: number;
  /** Mean training loss since the row before, without penalties. */
  readonly loss?: number;
  /** Mean penalty (EWC) since the row before; absent where there is none. */
  readonly penalty?: number;
  /** Learning rate of the last update. */
  readonly learning_rate?: number;
  /** Mean norm of the gradient, before clipping, since the row before. */
  readonly gradient_norm?: number;
  /** Figures of the validation split after this step. */
  readonly validation?: EvaluationMetrics;
}

/** The files of a curve. */
export const curveFiles = { jsonLines: 'curve.jsonl', csv: 'curve.csv' } as const;

/**
 * Writes the curve into an artifact's folder: as JSONL, as CSV, and as an event file that TensorBoard opens.
 *
 * Artifacts know no time: the events of step n say that they were written n seconds after 1970 began.
 */
export async function writeCurve(folder: string, rows: readonly CurveRow[]): Promise<void> {
  await writeFile(join(folder, curveFiles.jsonLines), curveAsJsonLines(rows));
  await writeFile(join(folder, curveFiles.csv), curveAsCsv(rows));
  const events = rows.map((row) =>
    scalarEvent({ wallTime: row.step, step: row.step, scalars: scalarsOf(row) }),
  );
  await writeFile(join(folder, eventFileName(0)), Buffer.concat([fileVersionEvent(0), ...events]));
}

/** One JSON object a line. */
export function curveAsJsonLines(rows: readonly CurveRow[]): string {
  return rows.map((row) => `${JSON.stringify(flatten(row))}\n`).join('');
}

/** A table with a column for every figure that occurs; empty where a row lacks it. */
export function curveAsCsv(rows: readonly CurveRow[]): string {
  const columns = curveColumns(rows);
  return `${columns.join(',')}\n${rows.map((row) => csvLine(row, columns)).join('')}`;
}

/** The names of all figures that occur, as the files have them. */
export function curveColumns(rows: readonly CurveRow[]): readonly string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(flatten(row))))];
}

/** One line of the table. */
export function csvLine(row: CurveRow, columns: readonly string[]): string {
  const figures = flatten(row);
  return `${columns.map((column) => figures[column] ?? '').join(',')}\n`;
}

/** Reads a curve. A line that is no row is a `UserError`. */
export async function readCurve(folder: string): Promise<readonly CurveRow[]> {
  const file = join(folder, curveFiles.jsonLines);
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line, index) => {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) throw brokenLine(file, index + 1);
    return unflatten(value, file, index + 1);
  });
}

/** `validation: { loss }` is `validation_loss` in the file, so that every value of a row is a number. */
function flatten({ validation, ...training }: CurveRow): Record<string, number> {
  const rows: Record<string, number> = { ...training };
  for (const [name, value] of Object.entries(validation ?? {})) rows[`${validationPrefix}${name}`] = value;
  return rows;
}

const validationPrefix = 'validation_';

function unflatten(value: object, file: string, line: number): CurveRow {
  const training: Record<string, number> = {};
  const validation: Record<string, number> = {};
  for (const [name, figure] of Object.entries(value)) {
    if (typeof figure !== 'number') throw brokenLine(file, line);
    if (name.startsWith(validationPrefix)) validation[name.slice(validationPrefix.length)] = figure;
    else training[name] = figure;
  }
  const { step, epoch, ...rest } = training;
  if (step === undefined || epoch === undefined) throw brokenLine(file, line);
  return { step, epoch, ...rest, ...(Object.keys(validation).length > 0 ? { validation } : {}) };
}

function brokenLine(file: string, line: number): UserError {
  return new UserError({
    code: 'curve/line',
    message: `${file}:${line} is not a row of a loss curve`,
    expected: 'a JSON object of numbers with "step" and "epoch"',
    file,
    line,
  });
}
