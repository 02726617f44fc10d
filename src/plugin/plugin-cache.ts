/**
 * Bundled plugins on disk. A manifest per plugin tells what it was bundled from; while none of that has changed, its
 * stage types are known without the compiler, without a schema library and without running the plugin's code.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { lazyValidator, type StageFacts } from './builtin-stages.js';
import type { PluginBundle, PluginPackage } from './bundle-plugin.js';
import { typePattern } from './describe-stage.js';
import { installationRoot, installedVersion } from './installation.js';
import { isRegularFile } from './regular-file.js';
import { sealText, unsealText } from './sealed-text.js';
import type { StageInfo } from './stage-info.js';

/** A plugin that was bundled and found good. */
export interface CachedPlugin {
  /** The plugin's file, absolute. */
  readonly entry: string;
  /** The plugin's own files with the hexadecimal SHA-256 of each. */
  readonly inputs: readonly { readonly file: string; readonly sha256: string }[];
  /** Files that were looked for in vain; if one were there, it would be taken instead of one of `inputs`. */
  readonly absent: readonly string[];
  readonly packages: readonly PluginPackage[];
  /** SHA-256 of the bundled source, part of the keys of its stages. */
  readonly digest: string;
  /** The folder that holds `bundle.mjs` and a validator per stage type. */
  readonly folder: string;
  readonly stages: readonly StageFacts[];
}

/** Reads the manifest of a plugin; undefined when there is none or what it describes has changed. */
export function readCachedPlugin(cache: string, written: string, from: string): CachedPlugin | undefined {
  return readPluginManifest(manifestFile(cache, written, from));
}

/** Reads a plugin's manifest; undefined when there is none or what it describes has changed. */
export function readPluginManifest(file: string): CachedPlugin | undefined {
  const manifest = readManifest(file);
  if (!manifest || manifest.format !== format || manifest.roux !== rouxIdentity()) return undefined;
  const { inputs, absent, packages, folder, stages } = manifest.plugin;
  // The manifest leads to code: only to that next to it, and only as it was written.
  const name = basename(folder);
  if (folder !== join(dirname(file), name) || !folderPattern.test(name)) return undefined;
  const isCurrent =
    hashOf(bundleFile(folder)) === manifest.bundle &&
    stages.every(({ type }) => typePattern.test(type)) &&
    stages.every(({ type }) => hashOf(validatorFile(folder, type)) === manifest.validators[type]) &&
    inputs.every(({ file, sha256 }) => hashOf(file) === sha256) &&
    !absent.some(isRegularFile) &&
    packages.every(({ manifest: file, version }) => versionOf(file) === version);
  return isCurrent ? manifest.plugin : undefined;
}

/** The manifest of the plugin whose bundle is in `folder`, if it is there and current. */
export function findPluginManifest(cache: string, folder: string): string | undefined {
  return readdirSync(cache)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(cache, name))
    .find((file) => readPluginManifest(file)?.folder === folder);
}

/**
 * Everything that a plugin's manifest was found current by, the manifest included: files with the SHA-256 that makes it so, files that
 * are not there, and the digest of the plugin's source; undefined when the manifest is none, or a package is another by now.
 */
export function filesOfPlugin(file: string):
  | {
      readonly digest: string;
      readonly files: readonly (readonly [file: string, sha256: string])[];
      readonly absent: readonly string[];
    }
  | undefined {
  const own = hashOf(file);
  const manifest = readManifest(file);
  if (!manifest || own === undefined || own !== hashOf(file)) return undefined;
  const { inputs, absent, packages, folder, stages, digest } = manifest.plugin;
  const files: (readonly [string, string])[] = [
    [file, own],
    [bundleFile(folder), manifest.bundle],
    ...stages.map(({ type }) => [validatorFile(folder, type), manifest.validators[type] ?? ''] as const),
    ...inputs.map((input) => [input.file, input.sha256] as const),
  ];
  for (const { manifest: ofPackage, version } of packages) {
    const before = hashOf(ofPackage);
    if (before === undefined || versionOf(ofPackage) !== version || hashOf(ofPackage) !== before)
      return undefined;
    files.push([ofPackage, before]);
  }
  return { digest, files, absent };
}

/** The stage types of a plugin. */
export function stagesOfPlugin({ entry, digest, folder, stages }: CachedPlugin): readonly StageInfo[] {
  return stages.map((facts) => ({
    ...facts,
    source: { from: 'plugin', file: entry, module: bundleFile(folder), digest },
    validate: lazyValidator(pathToFileURL(validatorFile(folder, facts.type))),
  }));
}

/** Writes the bundle's files; the folder is named after their contents, so that processes do not disturb each other. */
export function writeBundle(cache: string, { code, sourceMap }: PluginBundle): string {
  const folder = join(cache, createHash('sha256').update(code).digest('hex').slice(0, folderNameLength));
  mkdirSync(folder, { recursive: true });
  writeWhole(`${bundleFile(folder)}.map`, sourceMap);
  if (hashOf(bundleFile(folder)) !== createHash('sha256').update(code).digest('hex'))
    writeWhole(bundleFile(folder), code);
  return folder;
}

/** Writes the compiled validator of one stage type. */
export function writeValidator(folder: string, type: string, code: string): void {
  writeWhole(validatorFile(folder, type), code);
}

/** Writes the manifest, last of all. */
export function writeCachedPlugin(cache: string, written: string, from: string, plugin: CachedPlugin): void {
  const { folder, stages } = plugin;
  const file = manifestFile(cache, written, from);
  const manifest: Manifest = {
    format,
    name: basename(file),
    roux: rouxIdentity(),
    bundle: hashOf(bundleFile(folder)) ?? '',
    validators: Object.fromEntries(
      stages.map(({ type }) => [type, hashOf(validatorFile(folder, type)) ?? '']),
    ),
    plugin,
  };
  writeWhole(file, sealText(JSON.stringify(manifest)));
}

/** The module that holds the plugin's stages. */
export function bundleFile(folder: string): string {
  return join(folder, 'bundle.mjs');
}

/** The compiled validator of a stage type's settings. */
function validatorFile(folder: string, type: string): string {
  return join(folder, `${type}.cjs`);
}

/** Hexadecimal SHA-256 of a file; undefined when it cannot be read. */
export function hashOf(file: string): string | undefined {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch {
    return undefined;
  }
}

/** Raise it when the manifest or the files next to it change their meaning. */
const format = 4;
const folderNameLength = 16;
const folderPattern = /^[0-9a-f]{16}$/;

interface Manifest {
  readonly format: number;
  /** The name of its file, made of who names the plugin: in place of another's it is none. */
  readonly name: string;
  /** Version and place of roux: the bundle holds the path of what it imports from there. */
  readonly roux: string;
  /** SHA-256 of the bundle and of each validator, by stage type. */
  readonly bundle: string;
  readonly validators: Readonly<Record<string, string>>;
  readonly plugin: CachedPlugin;
}

function rouxIdentity(): string {
  return `${installedVersion()} ${installationRoot.pathname}`;
}

function manifestFile(cache: string, written: string, from: string): string {
  const name = createHash('sha256')
    .update(JSON.stringify([from, written]))
    .digest('hex')
    .slice(0, folderNameLength);
  return join(cache, `${name}.json`);
}

function readManifest(file: string): Manifest | undefined {
  try {
    const text = unsealText(readFileSync(file, 'utf8'));
    if (text === undefined) return undefined;
    const manifest: Manifest = JSON.parse(text);
    return typeof manifest.plugin === 'object' && manifest.name === basename(file) ? manifest : undefined;
  } catch {
    // Missing or damaged: the plugin is bundled again.
    return undefined;
  }
}

function versionOf(manifest: string): string | undefined {
  try {
    const { version }: { version?: unknown } = JSON.parse(readFileSync(manifest, 'utf8'));
    return String(version);
  } catch {
    return undefined;
  }
}

/** Writes a file; other processes see the old one or the new one, never half of it. */
export function writeWhole(file: string, text: string): void {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    writeFileSync(temporary, text);
    renameSync(temporary, file);
  } finally {
    rmSync(temporary, { force: true });
  }
}
