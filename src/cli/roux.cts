#!/usr/bin/env node
/**
 * The `roux` command. Starts the commands of every day from the bundle that the build made, with the machine code that an
 * earlier start left beside it; all others, and all where there is no bundle as new as the modules, from `main.js`.
 *
 * A CommonJS module, and with as few others as can be: until Node's loader of ES modules has begun, a cached run is over.
 */
import fs = require('node:fs');
import url = require('node:url');
import vm = require('node:vm');

type CommandLine = typeof import('./command-line.js', { with: { 'resolution-mode': 'import' }});
type EndProcess = typeof import('./end-process.js', { with: { 'resolution-mode': 'import' }});
type Recall = typeof import('./recall-run.js', { with: { 'resolution-mode': 'import' }});

/** Name of a module, from the root of the installation -> what gives it. */
type Modules = Readonly<Record<string, () => unknown>>;

/** `dist/bundle/bundle.json`; see `scripts/bundle.mjs`. */
interface Bundle {
  readonly commands: readonly string[];
  readonly first: string;
  readonly second: string;
  readonly recall: string;
}

/** A script that was loaded; `code` where machine code has to be written for the next start. */
interface Loaded<Exports> {
  readonly exports: Exports;
  readonly writeCode?: () => void;
}

const folder = `${__dirname}/../bundle`;
const args = process.argv.slice(2);
const bundle = findBundle();
if (bundle?.commands.includes(args[0] ?? '') !== true) void import('./main.js');
else void start(bundle);

async function start({ first, second, recall }: Bundle): Promise<void> {
  if (args[0] === 'run') {
    const short = load<Recall & EndProcess>(
      recall,
      (name) => import(name),
      () => undefined,
    );
    const exitCode = await short.exports.recallCommandLine(args);
    if (exitCode !== undefined) {
      short.writeCode?.();
      return short.exports.endProcess(exitCode);
    }
  }
  let more: Loaded<{ readonly modules: Modules }> | undefined;
  const importModule = (name: string): Promise<unknown> => {
    if (!name.startsWith(secondMark)) return import(name);
    more ??= load(second, importModule, (shared) => front.exports.modules[shared]?.());
    return Promise.resolve(more.exports.modules[name.slice(secondMark.length)]?.());
  };
  const front = load<CommandLine & EndProcess & { readonly modules: Modules }>(
    first,
    importModule,
    () => undefined,
  );
  const exitCode = await front.exports.runCommandLine(args);
  front.writeCode?.();
  more?.writeCode?.();
  front.exports.endProcess(exitCode);
}

/** What `scripts/bundle.mjs` writes before names of modules in the second file. */
const secondMark = 'second:';

/** Runs a file of the bundle. */
function load<Exports>(
  name: string,
  importModule: (name: string) => Promise<unknown>,
  shared: (name: string) => unknown,
): Loaded<Exports> {
  const file = `${folder}/${name}`;
  // What code was compiled from is in the bundle's name; V8 itself refuses code of another version, processor or flags.
  const codeFile = `${file}.${process.version}-${process.arch}.code`;
  const cachedData = readIfThere(codeFile);
  const script = new vm.Script(fs.readFileSync(file, 'latin1'), {
    filename: file,
    ...(cachedData !== undefined && { cachedData }),
  });
  const bundleUrl = url.pathToFileURL(file).href;
  const exports: Exports = script.runInThisContext()(require, importModule, bundleUrl, shared);
  const isMissing = cachedData === undefined || script.cachedDataRejected === true;
  return { exports, ...(isMissing && { writeCode: () => writeWhole(codeFile, script.createCachedData()) }) };
}

/** What the build bundled; `undefined` where there is nothing that is as new as the modules. */
function findBundle(): Bundle | undefined {
  try {
    const manifest = `${folder}/bundle.json`;
    const compiled = fs.statSync(`${__dirname}/command-line.js`).mtimeMs;
    return fs.statSync(manifest).mtimeMs >= compiled
      ? JSON.parse(fs.readFileSync(manifest, 'utf8'))
      : undefined;
  } catch {
    return undefined;
  }
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return fs.readFileSync(file);
  } catch {
    return undefined;
  }
}

/** Where the installation cannot be written, every start compiles what it needs. */
function writeWhole(file: string, bytes: Buffer): void {
  const temporary = `${file}.${process.pid}`;
  try {
    fs.writeFileSync(temporary, bytes);
    fs.renameSync(temporary, file);
  } catch {}
}
