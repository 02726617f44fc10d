/** Looking for installed packages without loading them. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The version of an installed package as its package.json says, or `undefined` where it is not installed. */
export function installedVersion(packageName: string): string | undefined {
  const known = versions.get(packageName);
  if (known !== undefined) return known;
  const manifest = findManifest(packageName);
  if (manifest === undefined) return undefined;
  const parsed: unknown = JSON.parse(readFileSync(manifest, 'utf8'));
  const version =
    typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : undefined;
  if (version !== undefined) versions.set(packageName, version);
  return version;
}

const versions = new Map<string, string>();

/** The path of an installed package's package.json. Looks at folders itself: `exports` may hide the file. */
export function findManifest(packageName: string): string | undefined {
  const paths = createRequire(import.meta.url).resolve.paths(packageName) ?? [];
  for (const path of paths) {
    const manifest = join(path, packageName, 'package.json');
    try {
      readFileSync(manifest);
      return manifest;
    } catch {
      // Not in this folder: look in the next one.
    }
  }
  return undefined;
}

/** The folder of an installed package, or `undefined`. */
export function packageFolder(packageName: string): string | undefined {
  const manifest = findManifest(packageName);
  return manifest === undefined ? undefined : dirname(manifest);
}
