/**
 * Writes `dist/bundle/`: the commands of every day in files, since finding, reading and compiling two hundred modules takes
 * longer than a run whose results are all cached. The first file is what such a run needs, the second is loaded when a
 * recipe has to be checked or a stage has to run; a small third one answers a `run` that was run before. `src/cli/roux.cts` loads them; what is left out is imported when
 * needed. Why: docs/adr/0090-one-file-with-compiled-code.md.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

/** The commands that are bundled; all others start from the modules. */
const commands = ['run', 'plan', 'why', 'watch', 'check', 'show', 'runs', 'cache'];

/** Packages with native code, packages that are large and rarely needed, and those whose types plugins share with roux. */
const external = ['@sinclair/typebox', '@tensorflow/*', 'ajv', 'chokidar', 'esbuild', 'onnxruntime-node'];

/** Modules that a cached run never needs and that a changed recipe can wait for: they bring large packages with them. */
const seldom = [
  'dist/cli/output/tree-renderer.js',
  'dist/plugin/compile-validator.js',
  'dist/plugin/bundle-plugin.js',
];

/** Lazily imported modules at which the second file begins. */
const second = [
  ...commands
    .filter((name) => name !== 'run' && name !== 'plan')
    .map((name) => `dist/cli/commands/${name}.js`),
  'dist/cli/diagnose-command-line.js',
  'dist/cli/explain-recipe.js',
  'dist/diagnostics/format-diagnostic.js',
  'dist/engine/stage-execution.js',
  'dist/engine/stage-process.js',
  'dist/recipe/check-recipe.js',
];

/** Modules of Node that bring others with them, are loaded when something of them is used. */
const late = [
  'child_process',
  'crypto',
  'fs/promises',
  'module',
  'os',
  'readline',
  'timers/promises',
  'worker_threads',
];

/** Bundles the command line of the installation in `root`. */
export async function bundleCommandLine(root) {
  const folder = join(root, 'dist/bundle');
  // What the second file takes from the first is known when both have been put together once.
  const draft = await buildFile(root, { entry: entryOfFirst([]) });
  const inFirst = new Set(Object.keys(draft.metafile.inputs));
  const shared = new Set();
  const behind = await buildFile(root, { entry: entryOfModules(second), inFirst, shared });
  const front = await buildFile(root, { entry: entryOfFirst([...shared].sort()) });
  const short = await buildFile(root, { entry: entryOfRecall });
  await mkdir(folder, { recursive: true });
  const files = {
    first: nameOf('roux', front.text),
    second: nameOf('more', behind.text),
    recall: nameOf('recall', short.text),
  };
  for (const old of await readdir(folder)) {
    if (!Object.values(files).some((name) => old.startsWith(name)))
      await rm(join(folder, old), { recursive: true });
  }
  for (const [name, built] of [
    [files.first, front],
    [files.second, behind],
    [files.recall, short],
  ]) {
    await writeFile(join(folder, name), built.text);
    await writeFile(join(folder, `${name}.map`), built.map);
  }
  await writeFile(join(folder, 'bundle.json'), JSON.stringify({ commands, ...files }));
}

/** The name tells bundles apart: compiled code is kept beside the bundle under its name. */
function nameOf(word, text) {
  return `${word}-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.cjs`;
}

/** The first file: the command line, and a way for the second to the modules that it shares. */
function entryOfFirst(shared) {
  return `export { runCommandLine } from './dist/cli/command-line.js';\n${endOfProcess}${entryOfModules(shared)}`;
}

const endOfProcess = `export { endProcess } from './dist/cli/end-process.js';\n`;

/** The third file: a run that was run before. */
const entryOfRecall = `export { recallCommandLine } from './dist/cli/recall-run.js';\n${endOfProcess}`;

function entryOfModules(modules) {
  const members = modules.map(
    (name) => `${JSON.stringify(name)}: () => require(${JSON.stringify(`./${name}`)}),`,
  );
  return `export const modules = {\n${members.join('\n')}\n};\n`;
}

/** What `roux.cts` calls the code with. */
const parameters = 'require, __import, __bundleUrl, __first';

/** Bundles one file. The second is given what is `inFirst` and adds to `shared` what it needs of it. */
async function buildFile(root, { entry, inFirst, shared }) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    stdin: { contents: entry, resolveDir: root, sourcefile: 'bundle-entry.js' },
    outfile: join(root, 'dist/bundle/roux.cjs'),
    bundle: true,
    write: false,
    metafile: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    // One byte a character, so that Node takes the text as it is.
    charset: 'ascii',
    sourcemap: 'external',
    sourcesContent: false,
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 200,
    legalComments: 'inline',
    external,
    define: { 'import.meta.url': '__moduleUrl.href', 'import.meta.dirname': '__moduleFolder' },
    plugins: [
      { name: 'late-built-ins', setup: loadLate },
      { name: 'left-out-modules', setup: leaveOut(root, inFirst !== undefined) },
      ...(inFirst === undefined ? [] : [{ name: 'shared-modules', setup: share(root, inFirst, shared) }]),
      { name: 'places-of-modules', setup: keepPlaces(root) },
    ],
    logLevel: 'warning',
  });
  const map = outputFiles.find(({ path }) => path.endsWith('.map'));
  const code = outputFiles.find(({ path }) => path.endsWith('.cjs'));
  if (code === undefined || map === undefined) throw new Error('esbuild wrote no bundle');
  // A script cannot import modules by itself; whoever loads it hands over how.
  const body = code.text.replaceAll(/(?<![\w$.])import\(/g, '__import(');
  // On the first line, so that the source map still fits.
  const text = `(function(${parameters}){const module={};${body}\nreturn module.exports})`;
  return { text, map: map.contents, metafile };
}

async function loadLate({ onResolve, onLoad }) {
  onResolve({ filter: new RegExp(`^node:(${late.join('|')})$`) }, ({ path, namespace }) =>
    namespace === 'late' ? { path, external: true } : { path, namespace: 'late' },
  );
  onLoad({ filter: /.*/, namespace: 'late' }, async ({ path }) => {
    const names = Object.keys(await import(path)).filter((name) => name !== 'default');
    const getters = names.map((name) => `get ${name}() { return require(${JSON.stringify(path)}).${name}; }`);
    return { contents: `module.exports = { ${getters.join(', ')} };`, loader: 'js' };
  });
}

/**
 * Lazily imported modules that are not in the file: those of the second, and those that stay where they are. What the latter
 * import is not the bundle's copy, so they share no state with it.
 */
function leaveOut(root, isSecond) {
  return ({ onResolve }) =>
    onResolve({ filter: /^\.\.?\// }, ({ path, kind, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined;
      const name = relative(root, join(resolveDir, path)).replaceAll('\\', '/');
      const command = /^dist\/cli\/commands\/(.*)\.js$/.exec(name)?.[1];
      if (command === undefined ? seldom.includes(name) : !commands.includes(command)) {
        // From where the program that loads the bundle lies.
        const place = relative('dist/cli', name).replaceAll('\\', '/');
        return { path: place.startsWith('.') ? place : `./${place}`, external: true };
      }
      return !isSecond && second.includes(name) ? { path: `second:${name}`, external: true } : undefined;
    });
}

/** Modules of the first file are taken from there, so that there is one of each. */
function share(root, inFirst, shared) {
  return ({ onResolve, onLoad, resolve }) => {
    onResolve({ filter: /.*/ }, async ({ path, pluginData, ...how }) => {
      if (pluginData === 'asked') return undefined;
      const found = await resolve(path, { ...how, pluginData: 'asked' });
      const name = relative(root, found.path).replaceAll('\\', '/');
      if (found.external || found.namespace !== 'file' || !inFirst.has(name)) return found;
      shared.add(name);
      // esbuild would take `.mjs` for a module that exports nothing.
      return { path: `${name}.cjs`, namespace: 'first' };
    });
    onLoad({ filter: /.*/, namespace: 'first' }, ({ path }) => ({
      contents: `module.exports = __first(${JSON.stringify(path.slice(0, -'.cjs'.length))});`,
      loader: 'js',
    }));
  };
}

/** Modules find files of the installation from where they are; in the bundle they still mean their own place. */
function keepPlaces(root) {
  return ({ onLoad }) =>
    onLoad({ filter: /[\\/]dist[\\/].*\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!text.includes('import.meta.')) return undefined;
      const place = relative(join(root, 'dist/bundle'), path).replaceAll('\\', '/');
      const moduleUrl = `const __moduleUrl = new URL(${JSON.stringify(place)}, __bundleUrl);`;
      const folder = `const __moduleFolder = require('node:url').fileURLToPath(new URL('.', __moduleUrl));`;
      // On the first line, so that the source map of the file still fits.
      const contents = `${moduleUrl}${text.includes('import.meta.dirname') ? folder : ''}${text}`;
      return { contents, loader: 'js', resolveDir: dirname(path) };
    });
}
