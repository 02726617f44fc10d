import { readFileSync } from 'node:fs';

/** Versions that a record keeps: of roux, Node and the platform. They are no part of any artifact. */
export function knownVersions(): Readonly<Record<string, string>> {
  const platform = `${process.platform}-${process.arch}`;
  return { roux: rouxVersion(), node: process.versions.node, platform };
}

function rouxVersion(): string {
  const { version }: { readonly version?: unknown } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return String(version);
}
