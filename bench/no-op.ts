/**
 * A run whose results are all there, whole process, against turbo on the same graph (a chain of 10 stages), in turns.
 *
 *     node bench/run.mjs no-op [rounds]
 *
 * Prints medians of time and of processor time, ratios and the memory of roux. The goals: at most 150 ms, not slower than turbo as its package starts it (a
 * Node script that starts the program, as for everybody who installed it with npm), at most 150 MB. turbo's program alone is
 * measured as well: it needs no Node, whose start alone takes longer.
 */
import { join } from 'node:path';
import {
  chainLength,
  rouxProgram,
  temporaryFolder,
  writeRouxProject,
  writeTurboProject,
} from './support/engine-projects.js';
import { installPeers, turboProgram } from './support/peers.js';
import { median, peakMemory, processorMilliseconds, runInTurns, runProcess } from './support/processes.js';

const rounds = Number(process.argv[2] ?? 15);
const goals = { ms: 150, megabytes: 150 };

const peers = installPeers('engines');
const ours = temporaryFolder('roux');
const theirs = temporaryFolder('turbo');
try {
  writeRouxProject(ours.folder, chainLength);
  writeTurboProject(theirs.folder, chainLength, peers);
  const quiet = { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', TURBO_NO_UPDATE_NOTIFIER: '1' };
  const roux = { program: process.execPath, args: [rouxProgram, 'run'], cwd: ours.folder };
  const request = ['run', 'line', '--output-logs=none'];
  const alone = { program: turboProgram(peers), args: request, cwd: theirs.folder, env: quiet };
  const installed = join(theirs.folder, 'node_modules', '.bin', 'turbo');
  const turbo = { ...alone, program: process.execPath, args: [installed, ...request] };
  const node = { program: process.execPath, args: ['-e', '0'], cwd: ours.folder };
  // The second run of both is the first that finds everything; the third finds what the second has learnt.
  for (let warm = 0; warm < 3; warm++) for (const command of [roux, turbo]) runProcess(command);
  for (const command of [roux, turbo]) {
    const { output } = runProcess(command);
    if (!/10 cached|FULL TURBO/.test(output)) throw new Error(`not cached:\n${output}`);
  }
  const times = runInTurns({ node, roux, turbo, alone }, rounds);
  const middle = {
    node: median(times.node),
    roux: median(times.roux),
    turbo: median(times.turbo),
    alone: median(times.alone),
  };
  const memory = peakMemory(roux);
  console.log(`no-op run of ${chainLength} stages, whole process, median of ${rounds}`);
  const line = (name: string, ms: number, more = '') =>
    console.log(`  ${name.padEnd(24)}${ms.toFixed(0)} ms${more}`);
  line('node -e 0', middle.node);
  line('roux run', middle.roux, ` (goal: at most ${goals.ms} ms)`);
  line('turbo run', middle.turbo, `; roux takes ${ratio(middle.roux, middle.turbo)} of it (goal: at most 1)`);
  line("turbo's program alone", middle.alone, `; roux takes ${ratio(middle.roux, middle.alone)} of it`);
  const own = middle.roux - middle.node;
  line('roux without Node', own, `; ${ratio(own, middle.alone)} of turbo's program alone`);
  console.log(`  memory                  ${memory.toFixed(0)} MB (goal: at most ${goals.megabytes} MB)`);
  const effort: Record<'node' | 'roux' | 'turbo', number[]> = { node: [], roux: [], turbo: [] };
  for (let round = 0; round < rounds; round++) {
    effort.node.push(processorMilliseconds(node));
    effort.roux.push(processorMilliseconds(roux));
    effort.turbo.push(processorMilliseconds(turbo));
  }
  const used = (name: keyof typeof effort): number => median(effort[name]);
  console.log('  processor time');
  for (const name of ['node', 'roux', 'turbo'] as const) line(`  ${name}`, used(name));
  console.log(
    `  roux takes ${ratio(used('roux'), used('turbo'))} of turbo's processor time (goal: at most 1)`,
  );
  const met = middle.roux <= goals.ms && middle.roux <= middle.turbo && memory <= goals.megabytes;
  if (!met) process.exitCode = 1;
} finally {
  ours.remove();
  theirs.remove();
}

function ratio(a: number, b: number): string {
  return (a / b).toFixed(2);
}
