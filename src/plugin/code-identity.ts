import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folders whose code decides what a tensor function becomes when it is compiled. */
const folders = ['artifacts', 'formats', 'models', 'runtime', 'training'];

let known: CodeHash | undefined;

/**
 * SHA-256 of the code that compiles tensor functions, as this process runs it; `undefined` where a file changed since the process
 * started, which may have loaded another one.
 */
export function codeIdentity(): string | undefined {
  known ??= hashCode(fileURLToPath(new URL('../', import.meta.url)));
  // Processes live on while files change: the ones that were hashed are looked at again.
  return isOlderThan(known, performance.timeOrigin) ? known.identity : undefined;
}

/** The code in a folder. */
export interface CodeHash {
  readonly identity: string;
  /** Absolute. */
  readonly files: readonly string[];
}

/** Hashes the code in a folder, the names of its files included. */
export function hashCode(root: string): CodeHash {
  const hash = createHash('sha256');
  const files: string[] = [];
  for (const folder of folders) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).sort()) {
      if (!['.js', '.ts'].includes(extname(name)) || name.endsWith('.d.ts')) continue;
      const file = join(root, folder, name);
      const code = readFileSync(file);
      hash.update(`${folder}/${name}\n${code.length}\n`).update(code);
      files.push(file);
    }
  }
  return { identity: hash.digest('hex'), files };
}

/** Whether no file was changed, replaced or removed since a moment, in milliseconds since 1970. */
export function isOlderThan({ files }: CodeHash, startedMs: number): boolean {
  return files.every((file) => {
    const stats = statSync(file, { throwIfNoEntry: false });
    // Unlike the time of the contents, this one tells also when an old time was put back.
    return stats !== undefined && stats.ctimeMs < startedMs;
  });
}
