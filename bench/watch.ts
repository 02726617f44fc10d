/**
 * From saving a file to the start of the first stage that reads it, in watch mode, against wireit and turbo on the same chain of
 * 10. Each tool watches in turn; every save waits until the tool is at rest again.
 *
 *     node bench/run.mjs watch [saves]
 *
 * The goal: at most 100 ms, median.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  beginnings,
  chainLength,
  rouxProgram,
  temporaryFolder,
  writeRouxProject,
  writeTurboProject,
  writeWireitProject,
} from './support/engine-projects.js';
import { installPeers, turboProgram } from './support/peers.js';
import { median } from './support/processes.js';

const saves = Number(process.argv[2] ?? 12);
const goal = 100;

/** After the first stage the other nine follow; then the tool waits for the next change. */
const restMs = 2_500;

const peers = installPeers('engines');
const results = {
  roux: await measure('roux', (folder) => {
    writeRouxProject(folder, chainLength);
    return { program: process.execPath, args: [rouxProgram, 'watch', '--json'], input: 'input.txt' };
  }),
  wireit: await measure('wireit', (folder) => {
    writeWireitProject(folder, chainLength, peers);
    const args = ['run', `stage${chainLength - 1}`, '--watch'];
    return { program: 'npm', args, input: 'input.txt' };
  }),
  turbo: await measure('turbo', (folder) => {
    writeTurboProject(folder, chainLength, peers);
    return { program: turboProgram(peers), args: ['watch', 'line'], input: 'packages/stage0/input.txt' };
  }),
};
console.log(`from saving to the first stage's start, median of ${saves}`);
for (const [name, times] of Object.entries(results)) {
  const ratio = median(results.roux) / median(times);
  const spread = `${Math.min(...times)}-${Math.max(...times)}`;
  console.log(
    `  ${name.padEnd(8)}${median(times).toFixed(0)} ms (${spread}); roux takes ${ratio.toFixed(2)} of it`,
  );
}
console.log(`  goal: at most ${goal} ms`);
if (median(results.roux) > goal) process.exitCode = 1;

interface Watched {
  readonly program: string;
  readonly args: readonly string[];
  /** The file that is saved, in the project. */
  readonly input: string;
}

async function measure(name: string, prepare: (folder: string) => Watched): Promise<readonly number[]> {
  const { folder, remove } = temporaryFolder(name);
  const { program, args, input } = prepare(folder);
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1' };
  const child = spawn(program, [...args], { cwd: folder, detached: true, stdio: 'ignore', env });
  try {
    const times: number[] = [];
    await untilBegun(folder, 1, child);
    await wait(restMs);
    for (let save = 0; save < saves; save++) {
      const before = told(folder).length;
      const saved = Date.now();
      writeFileSync(join(folder, input), `save ${save}\n`);
      times.push((await untilBegun(folder, before + 1, child)) - saved);
      await wait(restMs);
    }
    return times;
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await wait(500);
    remove();
  }
}

function told(folder: string): readonly number[] {
  const file = join(folder, beginnings);
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
}

/** Waits for the stage's `count`th beginning and gives back when that was. */
async function untilBegun(folder: string, count: number, child: ChildProcess): Promise<number> {
  for (let waited = 0; waited < 60_000; waited += 5) {
    const time = told(folder)[count - 1];
    if (time !== undefined) return time;
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with code ${child.exitCode}`);
    await wait(5);
  }
  throw new Error(`${child.spawnfile} did not start anything in a minute`);
}
