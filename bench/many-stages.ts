/**
 * Recipes of 1,000 and 10,000 stages: checking and planning with nothing cached, and a run of 1,000 stages that are all cached.
 * Whole processes.
 *
 *     node bench/run.mjs many-stages [rounds]
 *
 * The goals: 10,000 stages planned in 5 s, 1,000 cached stages run in 1 s, both also when the recipe was just changed; a stage
 * that does nothing costs the engine at most 10 ms.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { rouxProgram, temporaryFolder, writeRouxProject } from './support/engine-projects.js';
import { type Command, median, peakMemory, runProcess } from './support/processes.js';

const rounds = Number(process.argv[2] ?? 5);

const small = temporaryFolder('1000');
const large = temporaryFolder('10000');
let missed = false;
try {
  writeRouxProject(large.folder, 10_000);
  const plan: Command = { program: process.execPath, args: [rouxProgram, 'plan'], cwd: large.folder };
  runProcess(plan);
  report('plan 10,000 stages, recipe just changed', changed(plan), 5_000);
  report('plan 10,000 stages again', again(plan), 5_000);

  writeRouxProject(small.folder, 1_000);
  const run: Command = { program: process.execPath, args: [rouxProgram, 'run'], cwd: small.folder };
  const cold = runProcess(run).ms;
  report('a stage that does nothing, one after the other', cold / 1_000, 10);
  runProcess(run);
  report('run 1,000 cached stages, recipe just changed', changed(run), 1_000);
  report('run 1,000 cached stages again', again(run), 1_000);
  console.log(`  memory of the last: ${peakMemory(run).toFixed(0)} MB`);
} finally {
  small.remove();
  large.remove();
}
if (missed) process.exitCode = 1;

function again(command: Command): number {
  return median(Array.from({ length: rounds }, () => runProcess(command).ms));
}

/** A comment is another text, so that the recipe is parsed and checked anew. */
function changed(command: Command): number {
  const once = (): number => {
    appendFileSync(join(command.cwd, 'roux.yaml'), '# changed\n');
    return runProcess(command).ms;
  };
  return median(Array.from({ length: rounds }, once));
}

function report(what: string, ms: number, goal: number): void {
  console.log(`  ${what}: ${ms.toFixed(ms < 100 ? 1 : 0)} ms (goal: at most ${goal})`);
  if (ms > goal) missed = true;
}
