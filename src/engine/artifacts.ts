/** Artifacts in the store: published whole, read-only after, checked before they are used. */
import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
} from 'node:fs';
import { chmod, copyFile, mkdir, open, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../artifacts/user-error.js';
import { mapConcurrently } from './concurrency.js';
import { byPath, digestOfFiles, type FileDigest } from './digests.js';
import { type FileStamp, fileStamp, isRacy } from './file-stamp.js';
import { ignoreMissing, isFileError, listFolders, syncFile, syncFolder } from './file-writing.js';
import { hashFile } from './hash-file.js';
import { protect } from './protection.js';
import { removeTree } from './remove-tree.js';
import type { StoredArtifact } from './result-record.js';
import { lstatIfThere, namesIn, statFilesBelow } from './small-files.js';
import { loadStamps, saveStamps } from './stamps.js';
import type { Store } from './store.js';
import { isDigest, isPathInside } from './stored-shapes.js';

/** Whether an artifact is as it was published. */
export type ArtifactCondition =
  | { readonly state: 'sound' }
  | { readonly state: 'missing' }
  | { readonly state: 'damaged'; readonly detail: string };

/** How thoroughly an artifact is checked: by what the file system tells of its files, or by reading every byte. */
export type Thoroughness = 'stamps' | 'contents';

const readOnly = 0o444;

/** Files that are hashed at the same time; more only compete for the disk. */
const filesAtOnce = 4;

/**
 * Makes a folder that a stage has filled ready to be published: makes every file read-only and durable and hashes it.
 * Empty folders do not count and are removed. Throws a `UserError` for anything but files and folders.
 */
export async function sealFolder(folder: string): Promise<readonly FileDigest[]> {
  // A stage that put a link in the folder's place would have somebody else's files published, and made read-only.
  if (!lstatSync(folder).isDirectory()) throw notAFile('.', 'something else in place of the folder');
  chmodSync(folder, 0o755);
  const { paths, folders } = listOutputs(folder, '');
  const sealed = mapConcurrently(paths, filesAtOnce, async (path) => {
    const absolute = join(folder, path);
    const file = openSync(absolute, 'r');
    try {
      // A file linked from an input is read-only already; touching it would only change that input's stamp.
      const stats = fstatSync(file);
      if ((stats.mode & 0o7777) !== readOnly) {
        // One that has other names elsewhere could be written under those.
        if (stats.nlink > 1) await replaceByCopy(absolute);
        else fchmodSync(file, readOnly);
      }
      const [digest] = await Promise.all([hashFile(absolute), syncFile(file)]);
      return { path, ...digest };
    } finally {
      closeSync(file);
    }
  });
  // At the same time, so that a journal is written once for all of them.
  const [files] = await Promise.all([sealed, ...folders.map(syncFolder)]);
  return files.sort(byPath);
}

/**
 * Publishes a sealed folder; `writeResult` makes its name durable before the record that needs it. If the same contents are in the store already, those stay
 * and `folder` is removed.
 */
export async function publishArtifact(
  store: Store,
  folder: string,
  kind: string,
  files: readonly FileDigest[],
): Promise<StoredArtifact> {
  const digest = digestOfFiles(files);
  const artifact: StoredArtifact = {
    kind,
    digest,
    bytes: files.reduce((sum, file) => sum + file.size, 0),
    files,
  };
  await protect(store, [digest]);
  const target = store.artifactFolder(digest);
  mkdirSync(dirname(target), { recursive: true });
  for (;;) {
    const condition = await checkArtifact(store, artifact, 'contents');
    if (condition.state === 'sound') {
      await removeTree(folder);
      return artifact;
    }
    if (condition.state === 'damaged') await quarantineArtifact(store, digest, condition.detail);
    try {
      renameSync(folder, target);
      return artifact;
    } catch (error) {
      // Another process published the same contents in between.
      if (!isFileError(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    }
  }
}

/** Checks an artifact. What is found sound by its contents is noted, so that stamps suffice the next time. */
export async function checkArtifact(
  store: Store,
  artifact: StoredArtifact,
  thoroughness: Thoroughness,
): Promise<ArtifactCondition> {
  const folder = store.artifactFolder(artifact.digest);
  const place = lstatIfThere(folder);
  if (place === undefined) return { state: 'missing' };
  // A link in its place could lead to what somebody changes while it is read.
  if (!place.isDirectory())
    return { state: 'damaged', detail: 'there is something else in place of its folder' };
  const found = statFilesBelow(folder);
  if (found === undefined) return { state: 'missing' };
  const difference = differenceInNames(artifact, found);
  if (difference !== undefined) return { state: 'damaged', detail: difference };
  if (thoroughness === 'stamps') {
    const known = await loadStamps(store, artifact.digest);
    if (
      artifact.files.every(({ path }) => known[path] !== undefined && known[path] === stampOf(found, path))
    ) {
      return { state: 'sound' };
    }
  }
  const began = Date.now();
  const wrong = await mapConcurrently(artifact.files, filesAtOnce, async (file) => {
    const actual = await hashFile(join(folder, file.path)).catch(ignoreMissing);
    return actual?.sha256 === file.sha256 && actual.size === file.size ? undefined : file.path;
  });
  const first = wrong.find((path) => path !== undefined);
  if (first !== undefined) {
    return { state: 'damaged', detail: `${first} does not have the contents it was stored with` };
  }
  // The stamps from before the hashing: a file that changed since then has another one and is hashed again.
  const stamps = Object.fromEntries(
    [...found].flatMap(([path, stats]) => (isRacy(stats, began) ? [] : [[path, fileStamp(stats)] as const])),
  );
  await saveStamps(store, artifact.digest, stamps);
  return { state: 'sound' };
}

/** Sets a damaged artifact aside, where it can be looked at but is never served. */
export async function quarantineArtifact(store: Store, digest: string, detail: string): Promise<void> {
  await setAside(store, store.artifactFolder(digest), `artifact-${digest}`, detail);
}

/** Moves something damaged into the quarantine, with a file that says why. */
export async function setAside(store: Store, path: string, name: string, detail: string): Promise<void> {
  const place = store.path(
    'quarantine',
    `${name}-${store.presence.identity.token}-${Date.now().toString(36)}`,
  );
  await mkdir(place, { recursive: true });
  await writeFile(join(place, 'why.txt'), `${detail}\n`);
  await rename(path, join(place, 'found')).catch(ignoreMissing);
}

/** Whether something of this name was ever set aside. */
export async function wasSetAside(store: Store, name: string): Promise<boolean> {
  return namesIn(store.path('quarantine')).some((entry) => entry.startsWith(`${name}-`));
}

/** The digests of all artifacts in the store, whether a result names them or not. */
export async function listArtifacts(store: Store): Promise<readonly string[]> {
  const digests: string[] = [];
  for (const shard of await listFolders(store.path('artifacts'))) {
    digests.push(...(await readdir(store.path('artifacts', shard))).filter(isDigest).sort());
  }
  return digests;
}

type FoundFiles = ReadonlyMap<string, BigIntStats>;

interface Outputs {
  readonly paths: readonly string[];
  /** Absolute; the folder itself and those in it that hold something. */
  readonly folders: readonly string[];
}

function listOutputs(root: string, prefix: string): Outputs {
  const paths: string[] = [];
  const folders = [join(root, prefix)];
  for (const entry of readdirSync(join(root, prefix), { withFileTypes: true })) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (!isPathInside(path)) throw notAFile(path, 'a name that means something else on other systems');
    if (entry.isFile()) paths.push(path);
    else if (entry.isDirectory()) {
      const inside = listOutputs(root, path);
      if (inside.paths.length === 0) rmdirSync(join(root, path));
      else folders.push(...inside.folders);
      paths.push(...inside.paths);
    } else {
      throw notAFile(path, entry.isSymbolicLink() ? 'a symbolic link' : 'a special file');
    }
  }
  return { paths, folders };
}

function notAFile(path: string, found: string): UserError {
  return new UserError({
    message: `The stage wrote something that is neither a file nor a folder: ${path}`,
    code: 'artifact/not-a-file',
    found,
    help: 'Artifacts hold plain files; copy what a link points to',
  });
}

/** Makes the file of a name one of its own, read-only and durable. */
async function replaceByCopy(path: string): Promise<void> {
  const copy = `${path}.${process.pid}.copy`;
  await copyFile(path, copy, constants.COPYFILE_EXCL);
  await chmod(copy, readOnly);
  const file = await open(copy, 'r');
  await file.sync().finally(() => file.close());
  await rename(copy, path);
  await syncFolder(dirname(path));
}

function differenceInNames(artifact: StoredArtifact, found: FoundFiles): string | undefined {
  const known = new Set(artifact.files.map(({ path }) => path));
  for (const path of [...found.keys()].sort()) {
    if (!known.has(path)) return `${path} does not belong to it`;
  }
  for (const { path, size } of artifact.files) {
    const stats = found.get(path);
    if (stats === undefined || !stats.isFile()) return `${path} is missing`;
    if (stats.size !== BigInt(size)) return `${path} has ${stats.size} bytes instead of ${size}`;
  }
  return undefined;
}

function stampOf(found: FoundFiles, path: string): FileStamp | undefined {
  const stats = found.get(path);
  return stats === undefined ? undefined : fileStamp(stats);
}
