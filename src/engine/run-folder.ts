/** The folder of one run's record. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFileError } from './file-writing.js';

/** Makes the folder of a run among those in `runs`; gives back the run's identifier: the second it began in, with a number if there are several. */
export function makeRunFolder(runs: string, startedAt: Date): string {
  const second = startedAt.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  for (let count = 1; ; count += 1) {
    const id = count === 1 ? second : `${second}-${count}`;
    try {
      mkdirSync(join(runs, id));
      return id;
    } catch (error) {
      if (!isFileError(error, 'EEXIST')) throw error;
    }
  }
}

/**
 * Writes how a run began or ended, a sealed record. The file is there when it is whole: half of one, of a process that was killed or is
 * just writing it, would be taken for damage.
 */
export function writeRunFile(folder: string, name: 'run.json' | 'summary.json', sealed: string): void {
  // Nobody else writes into the run's folder, and what is left in it goes with it.
  const temporary = join(folder, `${name}.half`);
  writeFileSync(temporary, sealed);
  renameSync(temporary, join(folder, name));
}
