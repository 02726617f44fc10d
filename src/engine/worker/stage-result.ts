import type { StageResult } from '../../plugin/define-stage.js';
import { isObject } from '../foreign-data.js';

/**
 * What a stage gave back, fit to be stored: metrics that are no finite numbers are left out with a warning. Throws for what
 * is no result at all.
 */
export function checkResult(result: unknown, warn: (message: string) => void): StageResult {
  if (result === undefined || result === null) return {};
  if (!isObject(result))
    throw new TypeError(`A stage gives back an object or nothing, not a ${typeof result}`);
  const { metrics, summary, table } = result;
  return {
    ...(metrics === undefined ? {} : { metrics: checkMetrics(metrics, warn) }),
    ...(summary === undefined ? {} : { summary: String(summary) }),
    ...(table === undefined ? {} : { table: checkTable(table) }),
  };
}

function checkMetrics(metrics: unknown, warn: (message: string) => void): Record<string, number> {
  if (!isObject(metrics)) throw new TypeError('metrics is not an object');
  const finite: Record<string, number> = {};
  for (const [name, value] of Object.entries(metrics)) {
    if (typeof value === 'number' && Number.isFinite(value)) finite[name] = value;
    else if (value !== undefined) warn(`metric ${name} is ${String(value)} and is left out`);
  }
  return finite;
}

function checkTable(table: unknown): (string | number)[][] {
  if (!Array.isArray(table)) throw new TypeError('table is not a list of rows');
  return table.map((row: unknown) => {
    if (!Array.isArray(row)) throw new TypeError('a row of table is not a list of cells');
    return row.map((cell: unknown) =>
      typeof cell === 'number' && Number.isFinite(cell) ? cell : String(cell),
    );
  });
}
