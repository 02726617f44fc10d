/**
 * `roux run` when the same was run before and nothing is different: the first thing that the program tries, with as little code as can
 * be. See docs/adr/0098-whole-runs-are-recalled.md.
 */
import { recallRun } from '../engine/recalled-run.js';
import { exitCodes } from './exit-codes.js';
import { RunOutput } from './output/run-output.js';
import { processTerminal } from './output/terminal.js';
import { runQuestion } from './run-question.js';

/** Carries out a `roux run` and gives the exit code; `undefined`, and nothing done, when it has to be run the long way. */
export async function recallCommandLine(args: readonly string[]): Promise<number | undefined> {
  const run = recallRun(runQuestion(args, process.cwd()), process.env);
  if (run === undefined) return undefined;
  const terminal = await processTerminal({ color: !args.includes('--no-color') });
  const output = new RunOutput(terminal, { json: run.caller === 'json' });
  for (const event of run.events) output.event(event);
  await output.close();
  output.summary(run.stages, run.store);
  return exitCodes.done;
}
