/**
 * A plugin's source -> one JavaScript module.
 *
 * The plugin's own files are bundled; packages stay outside. `roux` is this installation, whatever is installed
 * next to the plugin, and so are the tensor libraries: two copies of them would not know each other's tensors. The
 * digest covers the bundled code, without comments and white space, and the names and versions of the packages, but no
 * path of this machine.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, extname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  type BuildFailure,
  build,
  type Metafile,
  type OnResolveArgs,
  type Plugin,
  type PluginBuild,
  transform,
} from 'esbuild';
import { failure, type Result, success } from '../diagnostics/result.js';
import { absentCandidates, resolveExtensions } from './import-candidates.js';
import { installationRoot, publicModule } from './installation.js';

/** A bundled plugin. */
export interface PluginBundle {
  /** The module's text, ready to be written as `.mjs`. */
  readonly code: string;
  readonly sourceMap: string;
  /** Hexadecimal SHA-256 of what the module does; the same on every machine. */
  readonly digest: string;
  /** The plugin's own files, absolute; the entry is the first. */
  readonly inputs: readonly string[];
  /** Files that would have been taken instead of one of these if they had been there. */
  readonly absent: readonly string[];
  /** The packages that stay outside. */
  readonly packages: readonly PluginPackage[];
}

/** A package that a plugin imports. */
export interface PluginPackage {
  /** Absolute path of its package.json. */
  readonly manifest: string;
  readonly version: string;
}

/** Something that the compiler complains about. */
export interface CompileProblem {
  readonly message: string;
  /** Absolute path. */
  readonly file?: string;
  /** Counts from 1. */
  readonly line?: number;
  /** Counts from 1, in UTF-16 units. */
  readonly column?: number;
  readonly length?: number;
}

/** Bundles the plugin. `entry` is an absolute path or a package's name, looked for from `folder`. */
export async function bundlePlugin(
  entry: string,
  folder: string,
): Promise<Result<PluginBundle, readonly CompileProblem[]>> {
  const outside = new OutsidePackages();
  try {
    const result = await build({
      entryPoints: [entry],
      absWorkingDir: folder,
      outfile: join(folder, 'bundle.mjs'),
      write: false,
      bundle: true,
      metafile: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      resolveExtensions: [...resolveExtensions],
      // Without this the condition 'module' would be on, which Node does not know.
      conditions: ['node-addons'],
      charset: 'utf8',
      banner: { js: requireBanner },
      sourcemap: 'external',
      // A tsconfig.json somewhere above must not change what a plugin does.
      tsconfigRaw: {},
      logLevel: 'silent',
      plugins: [outside.plugin],
    });
    const textOf = (extension: string): string =>
      result.outputFiles.find(({ path }) => path.endsWith(extension))?.text ?? '';
    const neutral = textOf('.mjs');
    const essence = await transform(neutral, {
      minifyWhitespace: true,
      legalComments: 'none',
      charset: 'utf8',
    });
    const inputs = inputsOf(result.metafile).map((path) => resolve(folder, path));
    return success({
      code: `${outside.resolve(neutral)}//# sourceMappingURL=bundle.mjs.map\n`,
      sourceMap: withAbsoluteSources(textOf('.map'), folder),
      digest: createHash('sha256').update(essence.code).digest('hex'),
      inputs,
      absent: absentCandidates([[resolve(folder, entry), inputs[0]], ...importsOf(result.metafile, folder)]),
      packages: outside.packages(),
    });
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    return failure(error.errors.map((message) => compileProblem(message, folder)));
  }
}

/** CommonJS files of a plugin may call `require`, which modules lack. */
const requireBanner = `import{createRequire as __rouxCreateRequire}from"node:module";const require=__rouxCreateRequire(import.meta.url);`;

const placeholderPrefix = 'roux-package:';
/** Node runs these; everything else in a package (TypeScript, JSON) is bundled. */
const runnable = new Set(['.js', '.mjs', '.cjs', '.node']);
/** Libraries of which one process must have one copy. */
const shared = /^@tensorflow\/tfjs(-core|-backend-\w+)?$/;

/** Keeps packages out of the bundle, each under a name that says nothing of this machine until the digest is taken. */
class OutsidePackages {
  readonly #targets = new Map<string, { readonly path: string; readonly isRequire: boolean }>();
  readonly #packages = new Map<string, PluginPackage>();

  readonly plugin: Plugin = {
    name: 'roux-packages',
    setup: (setup) => {
      setup.onResolve({ filter: /^[^./]/ }, (args) => this.#onResolve(args, setup));
    },
  };

  packages(): readonly PluginPackage[] {
    return [...this.#packages.values()].sort((a, b) => (a.manifest < b.manifest ? -1 : 1));
  }

  /** Puts the packages' places on this machine in. */
  resolve(code: string): string {
    let resolved = code;
    for (const [placeholder, { path, isRequire }] of this.#targets) {
      const target = isRequire ? path : pathToFileURL(path).href;
      resolved = resolved.replaceAll(JSON.stringify(placeholder), JSON.stringify(target));
    }
    return resolved;
  }

  async #onResolve(args: OnResolveArgs, setup: PluginBuild) {
    const { path, kind, importer, pluginData } = args;
    const isOurs = pluginData === placeholderPrefix;
    if (kind === 'entry-point' || isOurs || /^(file:|data:|#|[A-Za-z]:[\\/])/.test(path)) return undefined;
    if (isBuiltin(path)) return { path, external: true };
    if (path === 'roux') return this.#outside('roux', fileURLToPath(publicModule), kind);
    const resolveDir = shared.test(path) ? fileURLToPath(installationRoot) : args.resolveDir;
    const resolved = await setup.resolve(path, { kind, importer, resolveDir, pluginData: placeholderPrefix });
    if (resolved.errors.length > 0) return { errors: resolved.errors };
    if (resolved.external) return { path: resolved.path, external: true };
    const isPackage =
      resolved.path.split(sep).includes('node_modules') && runnable.has(extname(resolved.path));
    if (!isPackage) return { path: resolved.path };
    const found = packageOf(resolved.path);
    if (!found) return { path: resolved.path };
    this.#packages.set(found.manifest, { manifest: found.manifest, version: found.version });
    const inside = relative(dirname(found.manifest), resolved.path).split(sep).join('/');
    return this.#outside(`${found.name}@${found.version}/${inside}`, resolved.path, kind);
  }

  #outside(name: string, path: string, kind: string) {
    const isRequire = kind === 'require-call' || kind === 'require-resolve';
    const placeholder = `${placeholderPrefix}${isRequire ? 'require:' : ''}${name}`;
    this.#targets.set(placeholder, { path, isRequire });
    return { path: placeholder, external: true };
  }
}

function packageOf(file: string): { manifest: string; name: string; version: string } | undefined {
  for (let folder = dirname(file); dirname(folder) !== folder; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (!existsSync(manifest)) continue;
    const { name, version }: { name?: unknown; version?: unknown } = JSON.parse(
      readFileSync(manifest, 'utf8'),
    );
    // A package.json without a name only says which module system a subfolder uses.
    if (typeof name === 'string') return { manifest, name, version: String(version) };
  }
  return undefined;
}

function inputsOf({ inputs, outputs }: Metafile): readonly string[] {
  const entry = Object.values(outputs).flatMap(({ entryPoint }) => entryPoint ?? []);
  return [...new Set([...entry, ...Object.keys(inputs)])];
}

/** The files that the plugin's own files import by relative paths: as written, absolute, and what was found. */
function importsOf(
  { inputs }: Metafile,
  folder: string,
): readonly (readonly [written: string, found: string])[] {
  return Object.entries(inputs).flatMap(([importer, { imports }]) =>
    imports.flatMap(({ original, path, external }) =>
      external === true || original === undefined || !/^\.{0,2}(\/|$)/.test(original)
        ? []
        : [[resolve(dirname(resolve(folder, importer)), original), resolve(folder, path)] as const],
    ),
  );
}

/** The bundle is kept elsewhere than where the compiler thinks it is. */
function withAbsoluteSources(text: string, folder: string): string {
  const map: { readonly sources: readonly string[] } = JSON.parse(text);
  const sources = map.sources.map((source) => pathToFileURL(resolve(folder, source)).href);
  return JSON.stringify({ ...map, sources });
}

function compileProblem({ text, location }: BuildFailure['errors'][number], folder: string): CompileProblem {
  if (!location) return { message: text };
  // The compiler counts columns in bytes of UTF-8.
  const before = Buffer.from(location.lineText).subarray(0, location.column).toString();
  return {
    message: text,
    file: resolve(folder, location.file),
    line: location.line,
    column: before.length + 1,
    length: Math.max(1, location.length),
  };
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}
