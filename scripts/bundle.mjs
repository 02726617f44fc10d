/**
 * Writes `dist/bundle/`: the commands of every day in one file, since finding, reading and compiling two hundred modules takes
 * longer than a run whose results are all cached. `src/cli/roux.cts` loads it; what is left out is imported when needed. Why: docs/adr/0090-one-file-with-compiled-code.md.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

/** Packages with native code, packages that are large and rarely needed, and those whose types plugins share with roux. */
const external = ['@sinclair/typebox', '@tensorflow/*', 'ajv', 'chokidar', 'esbuild', 'onnxruntime-node'];

/** Modules that a cached run never needs and that a changed recipe can wait for: they bring large packages with them. */
const seldom = [
  './tree-renderer.js',
  './compile-validator.js',
  './bundle-plugin.js',
  '../plugin/compile-validator.js',
];

/** Bundles `dist/cli/command-line.js` of the installation in `root`. */
export async function bundleCommandLine(root) {
  const folder = join(root, 'dist/bundle');
  const bundled = JSON.parse(await readFile(join(root, 'dist/cli/bundled-commands.json'), 'utf8'));
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['dist/cli/command-line.js'],
    outfile: join(folder, 'roux.cjs'),
    bundle: true,
    write: false,
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
      { name: 'left-out-modules', setup: leaveOut(root, bundled) },
      { name: 'places-of-modules', setup: keepPlaces(root) },
    ],
    logLevel: 'warning',
  });
  const map = outputFiles.find(({ path }) => path.endsWith('.map'));
  const code = outputFiles.find(({ path }) => path.endsWith('.cjs'));
  if (code === undefined || map === undefined) throw new Error('esbuild wrote no bundle');
  // A script cannot import modules by itself; whoever loads it hands over how.
  const text = code.text.replaceAll(/(?<=[\s(,[=])import\(/g, '__import(');
  // The name tells bundles apart: compiled code is kept beside the bundle under its name.
  const name = `roux-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.cjs`;
  await mkdir(folder, { recursive: true });
  for (const old of await readdir(folder)) {
    if (!old.startsWith(name)) await rm(join(folder, old), { recursive: true });
  }
  await writeFile(join(folder, name), text);
  await writeFile(join(folder, `${name}.map`), map.contents);
}

/** `node:child_process` brings Node's network modules with it; it is loaded when something is started. */
function loadLate({ onResolve, onLoad }) {
  onResolve({ filter: /^node:child_process$/ }, ({ namespace }) =>
    namespace === 'late'
      ? { path: 'node:child_process', external: true }
      : { path: 'child_process', namespace: 'late' },
  );
  onLoad({ filter: /.*/, namespace: 'late' }, () => {
    const names = ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync'];
    const getters = names.map((name) => `get ${name}() { return require('node:child_process').${name}; }`);
    return { contents: `module.exports = { ${getters.join(', ')} };`, loader: 'js' };
  });
}

/** Lazily imported modules that stay where they are. What they import is not the bundle's copy, so they share no state with it. */
function leaveOut(root, bundled) {
  return ({ onResolve }) =>
    onResolve({ filter: /^\.\.?\// }, ({ path, kind, resolveDir }) => {
      const command = /^\.\/commands\/(.*)\.js$/.exec(path)?.[1];
      const isOut = command === undefined ? seldom.includes(path) : !bundled.includes(command);
      if (kind !== 'dynamic-import' || !isOut) return undefined;
      // From where the program that loads the bundle lies.
      const place = relative(join(root, 'dist/cli'), join(resolveDir, path)).replaceAll('\\', '/');
      return { path: place.startsWith('.') ? place : `./${place}`, external: true };
    });
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
