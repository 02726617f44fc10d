/** A folder that TensorBoard can watch while training runs, with the curve as JSONL and CSV beside its event file. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  eventFileName,
  fileVersionEvent,
  scalarEvent,
  sessionStartEvent,
} from '../../formats/tensorboard-events.js';
import { type CurveRow, csvLine, curveAsCsv, curveAsJsonLines, curveColumns, curveFiles } from '../curve.js';
import type { CurveLog } from './curve-log.js';
import { scalarsOf } from './scalars.js';

/**
 * Logs into a folder, which is made where it is missing.
 *
 * A training that goes on writes its rows once more, into an event file of its own whose first event makes TensorBoard
 * forget what stands in older ones. JSONL and CSV are always those of the last training.
 *
 * @param now seconds since 1970; event files hold the time at which figures were written.
 */
export function folderLog(folder: string, now: () => number): CurveLog {
  let events = '';
  let rows: CurveRow[] = [];
  let columns: readonly string[] = [];
  const append = (row: CurveRow) => {
    appendFileSync(events, scalarEvent({ wallTime: now(), step: row.step, scalars: scalarsOf(row) }));
  };
  const writeTable = () => {
    columns = curveColumns(rows);
    writeFileSync(join(folder, curveFiles.csv), curveAsCsv(rows));
  };
  return {
    start(earlier) {
      const startedAt = now();
      mkdirSync(folder, { recursive: true });
      events = join(folder, eventFileName(startedAt));
      writeFileSync(events, Buffer.concat([fileVersionEvent(startedAt), sessionStartEvent(startedAt, 0)]));
      rows = [...earlier];
      for (const row of rows) append(row);
      writeFileSync(join(folder, curveFiles.jsonLines), curveAsJsonLines(rows));
      writeTable();
    },
    row(row) {
      rows.push(row);
      append(row);
      appendFileSync(join(folder, curveFiles.jsonLines), curveAsJsonLines([row]));
      if (curveColumns([row]).every((column) => columns.includes(column))) {
        appendFileSync(join(folder, curveFiles.csv), csvLine(row, columns));
      } else {
        // A figure that comes for the first time is a column that earlier lines lack.
        writeTable();
      }
    },
    end: () => Promise.resolve(),
  };
}
