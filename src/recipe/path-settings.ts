/** Settings that name files or folders. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DiagnosticCode } from '../diagnostics/codes.js';
import { failure, type Result, success } from '../diagnostics/result.js';
import { closest, didYouMean } from '../diagnostics/suggest.js';
import { installationRoot } from '../plugin/installation.js';
import { outputPath, pathKeyword } from '../plugin/setting-keywords.js';
import type { Json, JsonObject } from '../plugin/stage-info.js';
import { branchesOf, isObject } from './describe-schema.js';
import { childPointer, type RecipeNode, type ScalarNode } from './recipe-node.js';
import { schemasAt } from './schema-diagnostics.js';

/** A text under `with` that the schema calls a path. */
export interface PathSettingNode {
  readonly pointer: string;
  readonly node: ScalarNode;
  readonly written: string;
  /** The folder is written to: it need not exist, and what is in it is no input. */
  readonly isOutput: boolean;
}

/** Why a path leads nowhere. */
export interface PathProblem {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly help?: string;
}

/** All texts below `node` that the schema marks as paths. */
export function pathSettings(schema: JsonObject, node: RecipeNode, pointer = ''): readonly PathSettingNode[] {
  if (node.unknown || !mayHoldPaths(schema)) return [];
  if (node.kind === 'scalar') {
    const isConstant = branchesOf(schema).some((branch) => branch.const === node.value);
    const marks = [schema, ...branchesOf(schema)].flatMap((candidate) => candidate[pathKeyword] ?? []);
    const [mark] = marks;
    if (mark === undefined || isConstant || typeof node.value !== 'string' || node.value === '') return [];
    return [{ pointer, node, written: node.value, isOutput: mark === outputPath }];
  }
  const children: readonly [string | number, RecipeNode][] =
    node.kind === 'list'
      ? node.items.map((item, index) => [index, item])
      : [...node.entries.values()].map(({ name, value }) => [name, value]);
  return children.flatMap(([name, child]) =>
    schemasAt(schema, childPointer('', name)).flatMap((candidate) =>
      pathSettings(candidate, child, childPointer(pointer, name)),
    ),
  );
}

/**
 * The absolute path behind what was written: relative to `folder`, absolute, or `npm:PACKAGE/PATH`, looked for in
 * the `node_modules` of `folder` and of the folders above it, whatever the package exports.
 */
export function resolvePath(written: string, folder: string): Result<string, PathProblem> {
  if (written.startsWith('npm:')) return resolvePackagePath(written.slice('npm:'.length), folder);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(written)) {
    return failure({
      code: 'path/address',
      message: `'${written}' is an address, not a path`,
      help: 'download the file and name it by its path',
    });
  }
  const path = resolve(folder, written);
  return existsSync(path) ? success(path) : failure(missing(written, path));
}

/** This installation of roux, which `npm:roux/...` means when no folder above the recipe has another one. */
const ownRoot = fileURLToPath(installationRoot);

function mayHoldPaths(schema: Json): boolean {
  const known = typeof schema === 'object' && schema !== null ? pathsBySchema.get(schema) : false;
  if (known !== undefined) return known;
  const holds = JSON.stringify(schema).includes(`"${pathKeyword}":`);
  if (typeof schema === 'object' && schema !== null) pathsBySchema.set(schema, holds);
  return holds;
}

const pathsBySchema = new WeakMap<object, boolean>();

function resolvePackagePath(written: string, folder: string): Result<string, PathProblem> {
  const match = /^((?:@[^/@\s]+\/)?[^/@\s.][^/@\s]*)(?:\/(.*))?$/.exec(written);
  const [, name, path = ''] = match ?? [];
  if (name === undefined) {
    const help = 'for example npm:some-package/data/mail.tsv';
    return failure({ code: 'path/package', message: `'npm:${written}' names no package`, help });
  }
  const root = packageFolder(name, folder);
  if (root === undefined) {
    const message = `the package '${name}' is not installed`;
    return failure({ code: 'path/package', message, help: `install it: npm install ${name}` });
  }
  const absolute = resolve(root, path);
  if (relative(root, absolute).split(sep)[0] === '..') {
    return failure({ code: 'path/package', message: `'npm:${written}' leads out of the package` });
  }
  return existsSync(absolute) ? success(absolute) : failure(missing(`npm:${written}`, absolute));
}

function packageFolder(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(candidate)) return candidate;
    if (dirname(folder) === folder) return name === 'roux' ? ownRoot : undefined;
  }
}

function missing(written: string, absolute: string): PathProblem {
  let parent = absolute;
  while (!existsSync(dirname(parent))) parent = dirname(parent);
  const siblings = namesIn(dirname(parent));
  const near = closest(basename(parent), siblings ?? []);
  const isFirst = parent === absolute;
  const nearWritten =
    near !== undefined && isFirst ? written.slice(0, written.length - basename(written).length) + near : near;
  const help =
    nearWritten === undefined
      ? siblings
        ? `it was looked for at ${absolute}`
        : undefined
      : didYouMean(nearWritten, [nearWritten]);
  if (siblings === undefined) {
    return {
      code: 'path/missing',
      message: `there is no '${written}'`,
      help: `${dirname(parent)} is no folder`,
    };
  }
  const message = isFirst
    ? `there is no file or folder '${written}'`
    : `there is no '${written}': the folder '${basename(parent)}' is missing`;
  return { code: 'path/missing', message, ...(help !== undefined && { help }) };
}

function namesIn(folder: string): readonly string[] | undefined {
  return statSync(folder).isDirectory() ? readdirSync(folder) : undefined;
}

/** Puts a value at a JSON pointer that leads to an existing value. */
export function replaceAt(
  settings: { [key: string]: Json },
  segments: readonly string[],
  value: string,
): void {
  let holder: Json = settings;
  for (const name of segments.slice(0, -1)) holder = step(holder, name);
  const last = segments.at(-1);
  if (last !== undefined && typeof holder === 'object' && holder !== null) Reflect.set(holder, last, value);
}

function step(holder: Json, name: string): Json {
  if (Array.isArray(holder)) return holder[Number(name)] ?? null;
  return isObject(holder) ? (holder[name] ?? null) : null;
}
