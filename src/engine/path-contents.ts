/** Files and folders outside the store, by content: what stands in a key for a setting that names a path. */
import { type BigIntStats, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { UserError } from '../artifacts/user-error.js';
import { mapConcurrently } from './concurrency.js';
import { digestOfFiles, type FileDigest, sha256 } from './digests.js';
import { fileStamp, isRacy } from './file-stamp.js';
import { ignoreMissing, isFileError } from './file-writing.js';
import { emptyRecord } from './foreign-data.js';
import { fileSystemError } from './fs-failure.js';
import { hashFile } from './hash-file.js';
import { type HashedFile, loadHashedFiles, saveHashedFiles } from './stamps.js';
import type { Store } from './store.js';

/** The contents of a path. */
export interface PathContents {
  readonly type: 'file' | 'folder';
  /** A file's SHA-256, or the digest of a folder's files. */
  readonly digest: string;
  /** A file's extension, which can decide how it is read; empty for folders. */
  readonly extension: string;
}

/** Inside a data folder these are not data. */
const ignoredNames: ReadonlySet<string> = new Set(['.git', '.roux', '.DS_Store']);

/** Extensions that only say how the rest is packed, so that the one before counts too: `.csv.gz`. */
const packedExtension = /(\.[^.]+)?\.(gz|bz2|xz|zst|br)$/i;

/** Big folders are hashed by several reads at once. */
const filesAtOnce = 8;

/** Links that lead back and forth make any number of paths out of a few files. */
const mostFiles = 2_000_000;

/** How often hashing is begun again when a file changes meanwhile. */
const attempts = 3;

/**
 * Hashes a file, or all files below a folder (symbolic links followed, `.git`, `.roux` and `.DS_Store` left out). Files
 * whose stamp is known are not read.
 *
 * `written` is the path as the user wrote it, for messages. Throws a `UserError` for what cannot be read.
 */
export async function readPathContents(
  store: Store,
  absolute: string,
  written: string,
): Promise<PathContents> {
  const { isFolder, files } = await hashFiles(store, absolute, written);
  const [only] = files;
  if (!isFolder && only !== undefined) {
    return { type: 'file', digest: only.sha256, extension: extensionOf(absolute) };
  }
  return { type: 'folder', digest: digestOfFiles(files), extension: '' };
}

/** The files below a folder (for a file: one of an empty name) with their digests; otherwise as `readPathContents`. */
export async function listPathFiles(
  store: Store,
  absolute: string,
  written: string,
): Promise<readonly FileDigest[]> {
  return (await hashFiles(store, absolute, written)).files;
}

async function hashFiles(
  store: Store,
  absolute: string,
  written: string,
): Promise<{ readonly isFolder: boolean; readonly files: readonly FileDigest[] }> {
  try {
    const root = statSync(absolute);
    if (!root.isFile() && !root.isDirectory()) {
      throw new UserError({
        message: `${written} is neither a file nor a folder`,
        code: 'file/special',
        found: `${absolute}: a device, pipe or socket, whose contents nobody can know beforehand`,
        expected: 'a file or a folder',
        help: 'Write what comes out of it into a file',
      });
    }
    const files = listInputs(absolute, root.isDirectory());
    const id = sha256(absolute);
    const known = await loadHashedFiles(store, id);
    const hashed = emptyRecord<HashedFile>();
    const digests = await mapConcurrently(files, filesAtOnce, async (path): Promise<FileDigest> => {
      const file = await hashUnlessKnown(inputFile(absolute, path), known[path]);
      if (file.trusted) hashed[path] = { stamp: file.stamp, sha256: file.sha256, size: file.size };
      return { path, sha256: file.sha256, size: file.size };
    });
    if (!sameEntries(known, hashed)) await saveHashedFiles(store, id, hashed);
    return { isFolder: root.isDirectory(), files: digests };
  } catch (error) {
    if (leadsNowhere(error)) {
      throw new UserError({
        message: `There is no file or folder ${written}`,
        code: 'file/missing',
        found: absolute,
        help: 'Check the path; it is relative to the file it is written in',
      });
    }
    throw fileSystemError(error, `reading ${written}`) ?? error;
  }
}

/** The files below a folder, relative to it, sorted; for a file, one empty path. Throws what the file system says. */
export function listInputs(root: string, isFolder: boolean): readonly string[] {
  if (!isFolder) return [''];
  const paths: string[] = [];
  const visit = (prefix: string, above: readonly string[]): void => {
    const folder = join(root, prefix);
    const real = realpathSync(folder);
    // A link to a folder that it is itself in: its files are in the list already.
    if (above.includes(real)) return;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (ignoredNames.has(entry.name)) continue;
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      let { isFile, isDirectory } = { isFile: entry.isFile(), isDirectory: entry.isDirectory() };
      if (entry.isSymbolicLink()) {
        const target = statTarget(join(root, path));
        isFile = target?.isFile() ?? false;
        isDirectory = target?.isDirectory() ?? false;
      }
      if (isDirectory) visit(path, [...above, real]);
      else if (isFile) paths.push(path);
      if (paths.length > mostFiles) throw tooManyFiles(root);
    }
  };
  visit('', []);
  return paths.sort();
}

/** The place of a file that `listInputs` names. */
export function inputFile(root: string, path: string): string {
  return path === '' ? root : `${root}${sep}${path}`;
}

function tooManyFiles(root: string): UserError {
  return new UserError({
    message: `There are more than ${mostFiles} files below ${root}`,
    code: 'file/too-many',
    found: root,
    help: 'Name a folder that holds only the data; see whether symbolic links in it lead back and forth',
  });
}

interface HashOutcome extends HashedFile {
  /** The stamp stands for the contents. */
  readonly trusted: boolean;
}

async function hashUnlessKnown(path: string, known: HashedFile | undefined): Promise<HashOutcome> {
  let before = statSync(path, { bigint: true });
  if (known !== undefined && known.stamp === fileStamp(before)) return { ...known, trusted: true };
  for (let attempt = 1; ; attempt += 1) {
    const began = Date.now();
    const digest = await hashFile(path);
    const after: BigIntStats = statSync(path, { bigint: true });
    const unchanged = fileStamp(before) === fileStamp(after);
    if (unchanged || attempt === attempts) {
      return { ...digest, stamp: fileStamp(before), trusted: unchanged && !isRacy(before, began) };
    }
    before = after;
  }
}

function extensionOf(path: string): string {
  const name = basename(path);
  const dot = name.lastIndexOf('.');
  if (dot <= 0) return '';
  return packedExtension.exec(name)?.[0] ?? name.slice(dot);
}

function sameEntries(
  a: Readonly<Record<string, HashedFile>>,
  b: Readonly<Record<string, HashedFile>>,
): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name]?.stamp === b[name]?.stamp);
}

/** A link that leads nowhere, or round in a circle, is no file. */
function statTarget(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    return isFileError(error, 'ELOOP') ? undefined : ignoreMissing(error);
  }
}

function leadsNowhere(error: unknown): boolean {
  return isFileError(error, 'ENOENT', 'ENOTDIR', 'ELOOP');
}
