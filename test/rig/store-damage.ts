/** What disks and other programs do to files, for tests of what a store makes of it. */
import { chmod, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import type { Chance } from './chance.js';

/** Ways to spoil a file. */
export type Spoiling = 'flipped bit' | 'truncated' | 'removed' | 'swapped' | 'half written';

/** Bytes of a file that has one, as a program that does not care leaves it. */
async function overwrite(path: string, bytes: Uint8Array): Promise<void> {
  await chmod(path, 0o644);
  await writeFile(path, bytes);
}

/**
 * Spoils one of the files at random, so that its bytes are not what they were; gives back which. Throws when there is none that
 * can be spoilt in this way.
 */
export async function spoilOneOf(
  files: readonly string[],
  how: Spoiling,
  chance: Chance,
): Promise<readonly string[]> {
  const left = [...files];
  while (left.length > 0) {
    const [path = ''] = left.splice(Math.floor(chance.number() * left.length), 1);
    const spoilt = await spoil(path, files, how, chance);
    if (spoilt.length > 0) return spoilt;
  }
  throw new Error(`No file can be ${how}`);
}

async function spoil(
  path: string,
  files: readonly string[],
  how: Spoiling,
  chance: Chance,
): Promise<readonly string[]> {
  if (how === 'removed') {
    await rm(path);
    return [path];
  }
  const bytes = await readFile(path);
  if (how === 'swapped') {
    for (const other of files) {
      if (other === path) continue;
      const others = await readFile(other);
      if (others.equals(bytes)) continue;
      await overwrite(path, others);
      await overwrite(other, bytes);
      return [path, other];
    }
    return [];
  }
  if (bytes.length === 0) return [];
  if (how === 'flipped bit') {
    const at = Math.floor(chance.number() * bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(chance.number() * 8));
    await overwrite(path, bytes);
  } else {
    await chmod(path, 0o644);
    const half = bytes.length >> 1;
    await truncate(path, how === 'half written' ? half : Math.floor(chance.number() * bytes.length));
  }
  return [path];
}
