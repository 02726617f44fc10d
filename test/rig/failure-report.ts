/** What `failing-files.ts` notes of the operations that it lets fail. */
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';

/** The lines of a report, one per operation; the file is removed. */
export async function readFailureReport(path: string): Promise<readonly string[]> {
  if (!existsSync(path)) return [];
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  await rm(path);
  return lines;
}
