#!/usr/bin/env node
/**
 * The `roux` command. Loads the command line from the bundle that the build made, with the machine code that an earlier start
 * left beside it; without a bundle, or with one older than the modules, from the modules.
 */
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import v8 from 'node:v8';
import vm from 'node:vm';

type CommandLine = typeof import('./command-line.js');

interface Loaded {
  readonly commandLine: CommandLine;
  /** Keeps the compiled code for the next start, unless it is there already. */
  readonly keepCode: () => void;
}

const { commandLine, keepCode } = loadBundle() ?? (await loadModules());
const args = process.argv.slice(2);
const exitCode = await commandLine.runCommandLine(args);
// The code of these commands is worth keeping: what they had compiled is what the next start needs.
if (args[0] === 'run' || args[0] === 'plan') keepCode();
// Results have been written by now; what may still be open (a pipe nobody reads, an idle child process) must not
// keep the shell waiting. Pipes are written asynchronously, so the output is flushed first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));

function loadBundle(): Loaded | undefined {
  const bundle = findBundle();
  if (bundle === undefined) return undefined;
  // The name says for which V8, flags and processor the code was made, and the bundle's says what it was made from.
  const codeFile = `${bundle}.${v8.cachedDataVersionTag().toString(16)}.code`;
  const cachedData = readIfThere(codeFile);
  const url = pathToFileURL(bundle).href;
  const text = `(function (exports, require, module, __import, __bundleUrl) {${readFileSync(bundle, 'latin1')}\n})`;
  const script = new vm.Script(text, { filename: bundle, ...(cachedData !== undefined && { cachedData }) });
  const loaded: { exports: CommandLine | object } = { exports: {} };
  const importModule = (name: string): Promise<unknown> => import(name);
  script.runInThisContext()(loaded.exports, module.createRequire(url), loaded, importModule, url);
  if (!('runCommandLine' in loaded.exports)) return undefined;
  return {
    commandLine: loaded.exports,
    keepCode: () => {
      if (cachedData === undefined || script.cachedDataRejected)
        writeWhole(codeFile, script.createCachedData());
    },
  };
}

async function loadModules(): Promise<Loaded> {
  // Node 22.1 and later can keep compiled modules on disk.
  if ('enableCompileCache' in module && typeof module.enableCompileCache === 'function') {
    module.enableCompileCache();
  }
  return { commandLine: await import('./command-line.js'), keepCode: () => {} };
}

/** The bundle's path; `undefined` where there is none that is as new as this module. */
function findBundle(): string | undefined {
  const folder = new URL('../bundle/', import.meta.url);
  try {
    const name = readdirSync(folder).find((candidate) => candidate.endsWith('.cjs'));
    if (name === undefined) return undefined;
    const path = fileURLToPath(new URL(name, folder));
    const compiled = statSync(new URL('command-line.js', import.meta.url)).mtimeMs;
    return statSync(path).mtimeMs >= compiled ? path : undefined;
  } catch {
    return undefined;
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** Where the installation cannot be written, every start compiles what it needs. */
function writeWhole(path: string, bytes: Buffer): void {
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, bytes);
    renameSync(temporary, path);
  } catch {}
}
