/**
 * Reading what is small at once: records, stamps, histories. A plan of a thousand cached stages asks for some six thousand of
 * them, and on the way through the thread pool each takes ten times as long as the reading itself.
 */
import { type BigIntStats, lstatSync, readdirSync, readFileSync, unlinkSync, utimesSync } from 'node:fs';
import { ignoreMissing } from './file-writing.js';

/** The text of a small file; `undefined` when there is none. */
export function readSmallFile(path: string): string | undefined {
  return unlessMissing(() => readFileSync(path, 'utf8'));
}

/** What the file system tells of a file, without following links; `undefined` when there is none. */
export function lstatIfThere(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

/** The names in a folder, in any order. */
export function namesIn(folder: string): readonly string[] {
  return readdirSync(folder);
}

/** Removes a file; nothing happens when there is none. */
export function removeFile(path: string): void {
  unlessMissing(() => unlinkSync(path));
}

/** Every file below a folder with its stats, by its path in it; `undefined` when there is no folder. */
export function statFilesBelow(folder: string): ReadonlyMap<string, BigIntStats> | undefined {
  const found = new Map<string, BigIntStats>();
  const visit = (prefix: string): void => {
    for (const entry of readdirSync(`${folder}/${prefix}`, { withFileTypes: true })) {
      const path = `${prefix}${entry.name}`;
      if (entry.isDirectory()) visit(`${path}/`);
      else {
        const stats = lstatIfThere(`${folder}/${path}`);
        if (stats !== undefined) found.set(path, stats);
      }
    }
  };
  return unlessMissing(() => {
    visit('');
    return found;
  });
}

/** Notes that a file was used now; of no importance, so that nothing is said where it does not work. */
export function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {}
}

function unlessMissing<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    return ignoreMissing(error);
  }
}
