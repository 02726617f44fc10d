#!/usr/bin/env node
/**
 * The `roux` command. Starts the commands of every day from the bundle that the build made, with the machine code that an
 * earlier start left beside it; all others, and all where there is no bundle as new as the modules, from `main.js`.
 *
 * A CommonJS module, and with as few others as can be: until Node's loader of ES modules has begun, a cached run is over.
 */
import fs = require('node:fs');
import path = require('node:path');
import url = require('node:url');
import vm = require('node:vm');
import bundledCommands = require('./bundled-commands.json');

type CommandLine = typeof import('./command-line.js', { with: { 'resolution-mode': 'import' }});

const args = process.argv.slice(2);
const bundle = bundledCommands.includes(args[0] ?? '') ? findBundle() : undefined;
if (bundle === undefined) void import('./main.js');
else void start(bundle);

async function start(file: string): Promise<void> {
  // What code was compiled from is in the bundle's name; V8 itself refuses code of another version, processor or flags.
  const codeFile = `${file}.${process.version}-${process.arch}.code`;
  const cachedData = readIfThere(codeFile);
  const bundleUrl = url.pathToFileURL(file).href;
  const text = `(function (exports, require, module, __import, __bundleUrl) {${fs.readFileSync(file, 'latin1')}\n})`;
  const script = new vm.Script(text, { filename: file, ...(cachedData !== undefined && { cachedData }) });
  const loaded: { exports: CommandLine | object } = { exports: {} };
  const importModule = (name: string): Promise<unknown> => import(name);
  script.runInThisContext()(loaded.exports, require, loaded, importModule, bundleUrl);
  if (!('runCommandLine' in loaded.exports)) throw new Error(`${file} is not the command line`);
  const exitCode = await loaded.exports.runCommandLine(args);
  if (cachedData === undefined || script.cachedDataRejected) writeWhole(codeFile, script.createCachedData());
  // Results have been written by now; what may still be open (a pipe nobody reads, an idle child process) must not
  // keep the shell waiting. Pipes are written asynchronously, so the output is flushed first.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
}

/** The bundle's path; `undefined` where there is none that is as new as the modules. */
function findBundle(): string | undefined {
  const folder = path.join(__dirname, '../bundle');
  try {
    const name = fs.readdirSync(folder).find((candidate) => candidate.endsWith('.cjs'));
    if (name === undefined) return undefined;
    const file = path.join(folder, name);
    const compiled = fs.statSync(path.join(__dirname, 'command-line.js')).mtimeMs;
    return fs.statSync(file).mtimeMs >= compiled ? file : undefined;
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
