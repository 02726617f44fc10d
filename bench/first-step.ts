/**
 * How long the first training step takes after a process has started: loading libraries, making variables, tracing,
 * optimizing, creating the session, one step. MiniLM-L6-H384, random weights, batch 32, 32 tokens. In turn with an empty folder
 * of kept functions, and with one in which an earlier process kept the step: the latter neither traces nor optimizes.
 *
 * `node bench/run.mjs first-step [--runs 5] [--length 32]`
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    child: { type: 'string', default: '' },
  },
});

const ownFile = fileURLToPath(import.meta.url);

if (values.child !== '') await firstStep(values.child);
else {
  const folder = mkdtempSync(join(tmpdir(), 'roux-first-step-'));
  const run = (functions: string) => {
    const args = [ownFile, '--child', join(folder, functions), '--length', values.length];
    const { stdout } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      env: { ...process.env, ...TENSOR_PROCESS_ENVIRONMENT },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, number>;
  };
  try {
    run('kept');
    const runs = Array.from({ length: Number(values.runs) }, (_, index) => [
      run(`empty-${index}`),
      run('kept'),
    ]);
    for (const [side, title] of ['nothing kept', 'kept by an earlier process'].entries()) {
      console.log(title);
      for (const phase of Object.keys(runs[0]?.[side] ?? {})) {
        const times = runs.map((pair) => pair[side]?.[phase] ?? Number.NaN);
        console.log(
          `  ${phase}: median ${median(times).toFixed(0)} ms, best ${Math.min(...times).toFixed(0)} ms`,
        );
      }
    }
    const kept = readdirSync(join(folder, 'kept')).map((name) => statSync(join(folder, 'kept', name)).size);
    console.log(
      `${kept.length} file kept, ${Math.round(kept.reduce((sum, size) => sum + size, 0) / 1024)} KiB`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Milliseconds since the process started, at the end of each phase. */
async function firstStep(folder: string): Promise<void> {
  const loaded = performance.now();
  const code = createHash('sha256').update(readFileSync(ownFile)).digest('hex');
  const runtime = await openRuntime('onnx', { threads: 2, keptFunctions: { folder, code } });
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
  const { user, system } = process.cpuUsage();
  console.log(
    JSON.stringify({
      'libraries loaded after': loaded,
      'compiling took': step.compileMilliseconds,
      'ready after': compiled,
      'first step done after': end,
      'processor time until then': (user + system) / 1000,
    }),
  );
  step.dispose();
  await runtime.dispose();
}
