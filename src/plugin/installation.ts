import { readFileSync, statSync } from 'node:fs';

/** The folder of this installation of roux, the one with its package.json; the same seen from src/ and from dist/. */
export const installationRoot = new URL('../../', import.meta.url);

/** Where the build writes what it generates. */
export const generatedFolder = new URL('dist/generated/', installationRoot);

/** The module that plugins import as `roux`. */
export const publicModule = new URL('dist/index.js', installationRoot);

let version: string | undefined;

/** The version of this installation. */
export function installedVersion(): string {
  version ??= readVersion();
  return version;
}

/** The version of roux, and for those who work on it, the build. */
export function installedBuild(): string {
  const { mtimeMs, size } = statSync(new URL('stages.json', generatedFolder));
  return `${installedVersion()} ${mtimeMs} ${size} ${statSync(new URL(import.meta.url)).mtimeMs}`;
}

function readVersion(): string {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(new URL('package.json', installationRoot), 'utf8'),
  );
  return manifest.version;
}
