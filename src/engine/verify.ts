import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { VerifyReport } from './api.js';
import { listArtifacts, quarantineArtifact, setAside } from './artifacts.js';
import { mapConcurrently } from './concurrency.js';
import { digestOfFiles, type FileDigest } from './digests.js';
import { ignoreMissing } from './file-writing.js';
import { hashFile } from './hash-file.js';
import { findDamagedNotes } from './note-damage.js';
import { listKeys, readResult, setResultAside } from './results.js';
import type { Store } from './store.js';

/** Files that are hashed at the same time; more only compete for the disk. */
const filesAtOnce = 4;

/**
 * Reads every byte of the store; what does not match its digest is set aside (unless `dryRun`) and made again by the next
 * run that needs it. `onProgress` is told how many of all artifacts were read.
 */
export async function verifyStore(
  store: Store,
  options: { readonly dryRun?: boolean; readonly onProgress?: (done: number, total: number) => void } = {},
): Promise<VerifyReport> {
  const damaged: VerifyReport['damaged'][number][] = [];
  const digests = await listArtifacts(store);
  let bytes = 0;
  for (const [index, digest] of digests.entries()) {
    const folder = store.artifactFolder(digest);
    const place = await lstat(folder).catch(ignoreMissing);
    const found = (place?.isDirectory() === true ? await readArtifact(folder) : undefined) ?? [];
    bytes += found.reduce((sum, { size }) => sum + size, 0);
    // What is not there any more, another process has removed meanwhile: that is no damage.
    if (digestOfFiles(found) !== digest && (await isThere(folder))) {
      const detail = 'its contents do not match its digest';
      damaged.push({ kind: 'artifact', id: digest, detail });
      if (options.dryRun !== true) await quarantineArtifact(store, digest, detail);
    }
    options.onProgress?.(index + 1, digests.length);
  }
  const keys = await listKeys(store);
  for (const key of keys) {
    const answer = await readResult(store, key);
    if (answer.state !== 'damaged') continue;
    damaged.push({ kind: 'result', id: key, detail: answer.detail });
    if (options.dryRun !== true) await setResultAside(store, key, answer.detail);
  }
  for (const { id, path, detail } of await findDamagedNotes(store)) {
    damaged.push({ kind: 'note', id, detail });
    if (options.dryRun !== true) await setAside(store, path, `note-${basename(path)}`, detail);
  }
  return { artifacts: digests.length, bytes, results: keys.length, damaged };
}

async function isThere(folder: string): Promise<boolean> {
  return (await lstat(folder).catch(ignoreMissing)) !== undefined;
}

/** The files of an artifact; `undefined` when it is gone, and without those that are. */
async function readArtifact(folder: string): Promise<readonly FileDigest[] | undefined> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(ignoreMissing);
  if (entries === undefined) return undefined;
  const files = entries.filter((entry) => !entry.isDirectory());
  const found = await mapConcurrently(files, filesAtOnce, async (entry) => {
    const absolute = join(entry.parentPath, entry.name);
    const path = absolute.slice(folder.length + 1).replaceAll('\\', '/');
    // Nobody stored anything but files.
    const stats = await lstat(absolute).catch(ignoreMissing);
    if (stats?.isFile() === false) return { path, sha256: '', size: 0 };
    const hashed = stats && (await hashFile(absolute).catch(ignoreMissing));
    return hashed && { path, ...hashed };
  });
  return found.filter((file) => file !== undefined);
}
