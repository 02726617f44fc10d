import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoreMissing } from './file-writing.js';

/** The size of a file, or of all files below a folder, in bytes; 0 for what is not there. */
export async function folderBytes(path: string): Promise<number> {
  const stats = await lstat(path).catch(ignoreMissing);
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.size;
  const sizes = await Promise.all((await readdir(path)).map((name) => folderBytes(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}
