/** A plugin -> its stage types, from the cache or freshly bundled. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { basename, dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { NewDiagnostic, RelatedLocation } from '../diagnostics/diagnostic.js';
import { type ExcerptedLocation, SourceText } from '../diagnostics/source-text.js';
import { didYouMean } from '../diagnostics/suggest.js';
import type { StageFacts } from './builtin-stages.js';
import type { CompileProblem, PluginBundle } from './bundle-plugin.js';
import { describeStage, looksLikeStage } from './describe-stage.js';
import { exportedValues } from './load-stage.js';
import {
  bundleFile,
  type CachedPlugin,
  hashOf,
  readCachedPlugin,
  stagesOfPlugin,
  writeBundle,
  writeCachedPlugin,
  writeValidator,
} from './plugin-cache.js';
import type { StageInfo } from './stage-info.js';

/** A plugin as a recipe names it. */
export interface PluginReference {
  /** `./stages/shout.ts` or a package's name. */
  readonly written: string;
  /** The folder that a relative path starts from and packages are looked for from. */
  readonly folder: string;
  /** Where it is written, for diagnostics. */
  readonly location?: ExcerptedLocation;
}

/** What came of loading a plugin. */
export interface LoadedPlugin {
  readonly stages: readonly StageInfo[];
  /** The plugin's own files as far as they are known; what watch follows. */
  readonly files: readonly string[];
  readonly diagnostics: readonly NewDiagnostic[];
}

/** Loads a plugin. `cache` is the folder for bundles; it is made when it is needed. */
export async function loadPlugin(reference: PluginReference, cache: string): Promise<LoadedPlugin> {
  const { written, folder } = reference;
  const cached = readCachedPlugin(cache, written, folder);
  if (cached) return loadedFrom(cached);
  const isPath = /^\.{1,2}(\/|$)/.test(written) || isAbsolute(written);
  const entry = isPath ? resolve(folder, written) : written;
  const missing = isPath ? missingFile(reference, entry) : undefined;
  if (missing) return { stages: [], files: [entry], diagnostics: [missing] };
  const { bundlePlugin } = await import('./bundle-plugin.js');
  const bundle = await bundlePlugin(entry, folder);
  if (!bundle.ok) {
    const files = bundle.error.flatMap(({ file }) => file ?? []);
    const diagnostics = bundle.error.map((problem) => compileDiagnostic(problem, reference));
    return { stages: [], files: [...new Set(isPath ? [entry, ...files] : files)], diagnostics };
  }
  return install(bundle.value, reference, cache);
}

/** Runs the bundled module once to see what it defines, and keeps the answer. */
async function install(
  bundle: PluginBundle,
  reference: PluginReference,
  cache: string,
): Promise<LoadedPlugin> {
  mkdirSync(cache, { recursive: true });
  const folder = writeBundle(cache, bundle);
  const failed = (diagnostics: readonly NewDiagnostic[]): LoadedPlugin => ({
    stages: [],
    files: bundle.inputs,
    diagnostics,
  });
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await import(pathToFileURL(bundleFile(folder)).href);
  } catch (error) {
    return failed([throwDiagnostic(error, bundle, reference)]);
  }
  const definitions = exportedValues(module).filter(looksLikeStage);
  if (definitions.length === 0) {
    return failed([
      {
        code: 'plugin/no-stage',
        message: `the plugin '${reference.written}' exports no stage type`,
        ...(reference.location && { location: reference.location }),
        help: 'export default defineStage({ ... })',
      },
    ]);
  }
  const { compileValidator } = await import('./compile-validator.js');
  const diagnostics: NewDiagnostic[] = [];
  const stages: StageFacts[] = [];
  for (const definition of definitions) {
    const facts = describeStage(definition);
    const name = typeof definition.type === 'string' ? `'${definition.type}' ` : '';
    const complain = (found: string): void => {
      diagnostics.push({
        code: 'plugin/definition',
        message: `the stage type ${name}of the plugin '${reference.written}' is not well defined`,
        ...(reference.location && { location: reference.location }),
        found,
      });
    };
    if (!facts.ok) complain(facts.error.join('; '));
    else if (stages.some(({ type }) => type === facts.value.type)) complain('the plugin defines it twice');
    else {
      try {
        writeValidator(folder, facts.value.type, await compileValidator(facts.value.settings));
        stages.push(facts.value);
      } catch (error) {
        complain(`its settings are no JSON Schema (${messageOf(error)})`);
      }
    }
  }
  if (diagnostics.length > 0) return failed(diagnostics);
  const inputs = bundle.inputs.map((file) => ({ file, sha256: hashOf(file) ?? '' }));
  const entry = bundle.inputs[0] ?? reference.written;
  const { absent, packages, digest } = bundle;
  const plugin: CachedPlugin = { entry, inputs, absent, packages, digest, folder, stages };
  writeCachedPlugin(cache, reference.written, reference.folder, plugin);
  return loadedFrom(plugin);
}

function loadedFrom(plugin: CachedPlugin): LoadedPlugin {
  return {
    stages: stagesOfPlugin(plugin),
    files: plugin.inputs.map(({ file }) => file),
    diagnostics: [],
  };
}

function missingFile({ written, location }: PluginReference, entry: string): NewDiagnostic | undefined {
  if (existsSync(entry) && statSync(entry).isFile()) return undefined;
  const folder = dirname(entry);
  const siblings = existsSync(folder) && statSync(folder).isDirectory() ? readdirSync(folder) : [];
  const help = didYouMean(basename(entry), siblings);
  return {
    code: 'plugin/missing',
    message: existsSync(entry) ? `the plugin '${written}' is a folder` : `there is no plugin '${written}'`,
    ...(location && { location }),
    expected: 'a TypeScript or JavaScript file, or the name of a package',
    ...(help && !existsSync(entry) && { help }),
  };
}

function compileDiagnostic(problem: CompileProblem, reference: PluginReference): NewDiagnostic {
  const { message, file, line, column, length } = problem;
  if (file === undefined || line === undefined || !existsSync(file)) {
    const isMissing = message.startsWith('Could not resolve');
    return {
      code: isMissing ? 'plugin/missing' : 'plugin/syntax',
      message: isMissing
        ? `the package '${reference.written}' is not installed`
        : `the plugin cannot be compiled: ${message}`,
      ...(reference.location && { location: reference.location }),
      ...(isMissing && {
        help: `npm install ${reference.written}; a file is written as './${reference.written}'`,
      }),
    };
  }
  const location = placeIn(file, line, column ?? 1, length);
  return {
    code: 'plugin/syntax',
    message: `the plugin cannot be compiled: ${message}`,
    ...(location && { location }),
    related: namedHere(reference),
  };
}

/** The plugin's own code threw when it was loaded. */
function throwDiagnostic(error: unknown, bundle: PluginBundle, reference: PluginReference): NewDiagnostic {
  const place = thrownAt(error, bundle);
  const location = place ?? reference.location;
  return {
    code: 'plugin/throws',
    message: `the plugin '${reference.written}' cannot be loaded: ${messageOf(error)}`,
    ...(location && { location }),
    related: place ? namedHere(reference) : [],
  };
}

/** The place in the plugin's own files, whether the stack was already mapped back to them (`--enable-source-maps`) or not. */
function thrownAt(error: unknown, { sourceMap, inputs }: PluginBundle): ExcerptedLocation | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  for (const [, file = '', line, column] of stack.matchAll(/((?:file:\/\/)?\/[^\s()]*):(\d+):(\d+)/g)) {
    const path = file.startsWith('file:') ? fileURLToPath(file) : file;
    const input = inputs.find((candidate) => path.endsWith(candidate));
    if (input !== undefined) return placeIn(input, Number(line), Number(column));
    if (basename(path) !== 'bundle.mjs') continue;
    const entry = new SourceMap(JSON.parse(sourceMap)).findEntry(Number(line) - 1, Number(column) - 1);
    if (!('originalSource' in entry)) continue;
    return placeIn(fileURLToPath(entry.originalSource), entry.originalLine + 1, entry.originalColumn + 1);
  }
  return undefined;
}

function placeIn(file: string, line: number, column: number, length = 1): ExcerptedLocation | undefined {
  if (!existsSync(file)) return undefined;
  return new SourceText(file, readFileSync(file, 'utf8'), dirname(file)).excerptAt(line, column, length);
}

function namedHere({ location }: PluginReference): readonly RelatedLocation[] {
  return location ? [{ location, message: 'the plugin is named here' }] : [];
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1).join('');
}
