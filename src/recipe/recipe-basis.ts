/** What a checked recipe was made of: while all of it is as it was, checking the recipe again would say the same. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { hashOf } from '../plugin/plugin-cache.js';
import { projectRoot } from '../plugin/project-root.js';
import { isRegularFile } from '../plugin/regular-file.js';
import type { PathReference } from './checked-recipe.js';
import { resolvePath } from './path-settings.js';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Environment variables that were asked for, with what they said. */
export type AskedEnvironment = Readonly<Record<string, string | null>>;

/** A file with its SHA-256, hexadecimal. */
export type HashedName = readonly [file: string, sha256: string];

/** Where a written path leads. */
export type Reference = Pick<PathReference, 'absolute' | 'written'> & {
  readonly location: Pick<PathReference['location'], 'file'>;
};

/** What a checked recipe rests on besides roux itself, what the command line said, and the contents of files. */
export interface RecipeBasis {
  /** The recipe, absolute. */
  readonly recipe: string;
  /** The project that it is in, where its bundled plugins are. */
  readonly root: string;
  readonly environment: AskedEnvironment;
  readonly paths: readonly Reference[];
}

/** Whether everything is still as it was; the contents of files are for the caller to compare. */
export function basisHolds(basis: RecipeBasis, environment: Environment): boolean {
  return (
    saysTheSame(environment, basis.environment) &&
    projectRoot(dirname(basis.recipe)) === basis.root &&
    basis.paths.every(leadsThere)
  );
}

/** Whether the variables that were asked for say what they did. */
export function saysTheSame(environment: Environment, asked: AskedEnvironment): boolean {
  return Object.entries(asked).every(([name, value]) => (environment[name] ?? null) === value);
}

/** Whether a file has the contents that it had. */
export function hasContents([file, sha256]: HashedName): boolean {
  // Reading a pipe would take its contents from who reads it next.
  return isRegularFile(file) && hashOf(file) === sha256;
}

/** Whether the path still means what it did; a package's file may be found elsewhere since. */
export function leadsThere({ absolute, written, location }: Reference): boolean {
  if (!written.startsWith('npm:')) return existsSync(absolute);
  const resolved = resolvePath(written, dirname(location.file));
  return resolved.ok && resolved.value === absolute;
}
