/** Looking for installed packages without loading them. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The version of an installed package as its package.json says, or `undefined` where it is not installed. */
export function installedVersion(packageName: string): string | undefined {
  const known = versions.get(packageName);
  if (known !== undefined) return known;
  const found = lookForManifest(packageName);
  const version = found === undefined ? undefined : versionIn(found);
  if (version !== undefined) versions.set(packageName, version);
  return version;
}

/** The version that a package.json says. */
export function versionIn({ text }: FoundManifest): string | undefined {
  const parsed: unknown = JSON.parse(text);
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed
    ? String(parsed.version)
    : undefined;
}

const versions = new Map<string, string>();

/** The path of an installed package's package.json. */
export function findManifest(packageName: string): string | undefined {
  return lookForManifest(packageName)?.manifest;
}

/** A package.json that was found. */
export interface FoundManifest {
  readonly manifest: string;
  readonly text: string;
  /** Where it was looked for in vain before. */
  readonly absent: readonly string[];
}

/** Finds an installed package's package.json. Looks at folders itself: `exports` may hide the file. */
export function lookForManifest(packageName: string): FoundManifest | undefined {
  const paths = createRequire(import.meta.url).resolve.paths(packageName) ?? [];
  const absent: string[] = [];
  for (const path of paths) {
    const manifest = join(path, packageName, 'package.json');
    try {
      return { manifest, text: readFileSync(manifest, 'utf8'), absent };
    } catch {
      // Not in this folder: look in the next one.
      absent.push(manifest);
    }
  }
  return undefined;
}

/** The folder of an installed package, or `undefined`. */
export function packageFolder(packageName: string): string | undefined {
  const manifest = findManifest(packageName);
  return manifest === undefined ? undefined : dirname(manifest);
}
