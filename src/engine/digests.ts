/** SHA-256 of strings, files and lists of files; hexadecimal throughout. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { canonicalJson } from './canonical-json.js';

/** A file by its contents. */
export interface FileDigest {
  /** Relative to the folder that was hashed, with `/` between names. */
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

/** Bytes per read: large enough that calls cost nothing, small enough for several files at once. */
const chunkBytes = 1 << 20;

/** The SHA-256 of bytes, or of a string in UTF-8. */
export function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The SHA-256 and size of a file, read in pieces; `buffer` may be shared by calls that do not overlap. */
export async function hashFile(
  path: string,
  buffer: Uint8Array = Buffer.allocUnsafe(chunkBytes),
): Promise<Omit<FileDigest, 'path'>> {
  const file = await open(path, 'r');
  try {
    const hash = createHash('sha256');
    let size = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return { sha256: hash.digest('hex'), size };
      hash.update(buffer.subarray(0, bytesRead));
      size += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** The digest of a folder's contents: SHA-256 over the sorted list of (path, file SHA-256, size). */
export function digestOfFiles(files: readonly FileDigest[]): string {
  const sorted = [...files].sort(byPath);
  return sha256(canonicalJson(sorted.map(({ path, sha256, size }) => [path, sha256, size])));
}

/** The order in which files are listed: by path, in UTF-16 order, whatever the locale. */
export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
