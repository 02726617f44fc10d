import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, expect, it, vi } from 'vitest';
import { openRuntime } from '../../../src/runtime/open-runtime.js';

const folder = mkdtempSync(join(tmpdir(), 'roux-dump-'));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

it('graphs are written to the folder that ROUX_DUMP_GRAPH names, which need not exist', async () => {
  const target = join(folder, 'new', 'graphs');
  vi.stubEnv('ROUX_DUMP_GRAPH', target);
  const runtime = await openRuntime('onnx', { threads: 1 });
  const variables = runtime.createVariables({});
  const compiled = await runtime.compile(
    ({ x }) => ({ outputs: { twice: tf.add(x as tf.Tensor, x as tf.Tensor) } }),
    { name: 'twice', inputs: { x: { shape: [2], dtype: 'float32' } }, variables },
  );
  compiled.dispose();
  variables.dispose();
  await runtime.dispose();
  for (const step of ['traced', 'optimized']) {
    expect(readFileSync(join(target, `twice.${step}.txt`), 'utf8')).toContain('graph twice');
  }
});
