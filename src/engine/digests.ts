/** SHA-256 of strings and of lists of files; hexadecimal throughout. Files themselves: `hash-file.ts`. */
import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.js';

/** A file by its contents. */
export interface FileDigest {
  /** Relative to the folder that was hashed, with `/` between names. */
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

/** The SHA-256 of bytes, or of a string in UTF-8. */
export function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
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
