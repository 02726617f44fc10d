/**
 * How long the first training step takes after a process has started: loading libraries, making variables, tracing,
 * optimizing, creating the session, one step. MiniLM-L6-H384, random weights, batch 32, 32 tokens.
 *
 * `node bench/run.mjs first-step [--runs 5] [--length 32]`
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { TENSOR_PROCESS_ENVIRONMENT } from '../src/runtime/environment.js';
import { openRuntime } from '../src/runtime/open-runtime.js';
import { median } from './support/minilm.js';
import { createTrainingStep } from './support/training-step.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    length: { type: 'string', default: '32' },
    child: { type: 'boolean', default: false },
  },
});

if (values.child) await firstStep();
else {
  const runs = Array.from({ length: Number(values.runs) }, () => {
    const args = [fileURLToPath(import.meta.url), '--child', '--length', values.length];
    const { stdout } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      env: { ...process.env, ...TENSOR_PROCESS_ENVIRONMENT },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, number>;
  });
  for (const phase of Object.keys(runs[0] ?? {})) {
    const times = runs.map((run) => run[phase] ?? Number.NaN);
    console.log(`${phase}: median ${median(times).toFixed(0)} ms, best ${Math.min(...times).toFixed(0)} ms`);
  }
}

/** Milliseconds since the process started, at the end of each phase. */
async function firstStep(): Promise<void> {
  const loaded = performance.now();
  const runtime = await openRuntime('onnx', { threads: 2 });
  const step = await createTrainingStep(runtime, {
    batch: 32,
    length: Number(values.length),
    dropout: 0.1,
    layers: 6,
    hidden: 384,
  });
  const compiled = performance.now();
  await step.run(0);
  const end = performance.now();
  console.log(
    JSON.stringify({
      'libraries loaded after': loaded,
      'compiling took': step.compileMilliseconds,
      'ready after': compiled,
      'first step done after': end,
    }),
  );
  step.dispose();
  await runtime.dispose();
}
