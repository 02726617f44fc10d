import { installedVersion } from '../plugin/installation.js';

/** Versions that a record keeps: of roux, Node and the platform. They are no part of any artifact. */
export function knownVersions(): Readonly<Record<string, string>> {
  const platform = `${process.platform}-${process.arch}`;
  return { roux: installedVersion(), node: process.versions.node, platform };
}
