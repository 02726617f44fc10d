import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Writes a file, its folders included, that the command line names; gives its absolute path. */
export async function writeFileIn(directory: string, written: string, text: string): Promise<string> {
  const file = resolve(directory, written);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}
