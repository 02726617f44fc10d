/**
 * Where the time of a training step goes: ONNX Runtime's own profile of MiniLM-L6-H384's step, added up by operation.
 *
 * `node bench/run.mjs train-profile [--batch 32] [--length 32] [--steps 6] [--dropout 0.1] [--layers 6] [--nodes 12] [--no-profile]`
 * Times are milliseconds a step, without the first one; profiling itself slows small operations down. The quickstart's step:
 * `--batch 16 --length 128 --layers 4 --hidden 256 --heads 4 --words 8192 --frozen-layers 1 --penalized`.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openRuntime } from '../src/runtime/open-runtime.js';
import { createTrainingStep } from './support/training-step.js';

const { values } = parseArgs({
  options: {
    batch: { type: 'string', default: '32' },
    length: { type: 'string', default: '32' },
    steps: { type: 'string', default: '6' },
    dropout: { type: 'string', default: '0.1' },
    layers: { type: 'string', default: '6' },
    hidden: { type: 'string', default: '384' },
    heads: { type: 'string', default: '12' },
    words: { type: 'string', default: '30522' },
    'frozen-layers': { type: 'string', default: '0' },
    penalized: { type: 'boolean', default: false },
    threads: { type: 'string', default: '2' },
    nodes: { type: 'string', default: '12' },
    'no-profile': { type: 'boolean', default: false },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'roux-profile-'));
if (!values['no-profile']) process.env.ROUX_PROFILE = folder;
const steps = Number(values.steps);
const runtime = await openRuntime('onnx', { threads: Number(values.threads) });
const step = await createTrainingStep(runtime, {
  batch: Number(values.batch),
  length: Number(values.length),
  dropout: Number(values.dropout),
  layers: Number(values.layers),
  hidden: Number(values.hidden),
  heads: Number(values.heads),
  words: Number(values.words),
  frozenLayers: Number(values['frozen-layers']),
  penalized: values.penalized,
});
const times: number[] = [];
for (let index = 0; index < steps; index += 1) {
  const before = performance.now();
  await step.run(index);
  times.push(performance.now() - before);
}
step.dispose();
await runtime.dispose();
const median = times.slice(1).toSorted((a, b) => a - b)[(steps - 1) >> 1] ?? 0;
console.log(
  `${values.batch} x ${values.length}: compiled in ${step.compileMilliseconds.toFixed(0)} ms, first step ${times[0]?.toFixed(0)} ms, ` +
    `median ${median.toFixed(1)} ms, best ${Math.min(...times).toFixed(1)} ms: ${((step.matrixOperations / Math.min(...times)) * 1e-6).toFixed(0)} GFLOP/s of matrix products`,
);

interface Event {
  readonly cat?: string;
  readonly name: string;
  readonly dur: number;
  readonly args?: {
    readonly op_name?: string;
    readonly output_type_shape?: unknown;
    readonly input_type_shape?: unknown;
  };
}

const byOperation = new Map<string, { milliseconds: number; count: number }>();
const byNode = new Map<string, number>();
// The first step takes memory from the system.
const counted = Math.max(1, steps - 1);
const seen = new Set<string>();
for (const file of readdirSync(folder)) {
  const events: readonly Event[] = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  for (const { cat, name, dur, args } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time')) continue;
    if (steps > 1 && !seen.has(name)) {
      seen.add(name);
      continue;
    }
    const operation = args?.op_name ?? '?';
    const sum = byOperation.get(operation) ?? { milliseconds: 0, count: 0 };
    byOperation.set(operation, {
      milliseconds: sum.milliseconds + dur / 1000 / counted,
      count: sum.count + 1 / counted,
    });
    const shapes = `${name.replace('_kernel_time', '').replace(/_?\d+$/, '')} ${JSON.stringify(args?.input_type_shape)}`;
    byNode.set(shapes, (byNode.get(shapes) ?? 0) + dur / 1000 / counted);
  }
}
rmSync(folder, { recursive: true, force: true });
const rows = [...byOperation].toSorted(([, a], [, b]) => b.milliseconds - a.milliseconds);
const total = rows.reduce((sum, [, { milliseconds }]) => sum + milliseconds, 0);
console.log(`inside ONNX Runtime ${total.toFixed(1)} ms a step`);
for (const [operation, { milliseconds, count }] of rows.slice(0, 24))
  console.log(`${milliseconds.toFixed(1).padStart(8)} ms ${count.toFixed(0).padStart(5)} x ${operation}`);
console.log('by shapes');
for (const [node, milliseconds] of [...byNode]
  .toSorted(([, a], [, b]) => b - a)
  .slice(0, Number(values.nodes)))
  console.log(`${milliseconds.toFixed(1).padStart(8)} ms ${node}`);
