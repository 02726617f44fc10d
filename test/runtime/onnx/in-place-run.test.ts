/** Results are written into the memory that a run is given, and not copied. */
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import type { OnnxModel } from '../../../src/formats/onnx/model.js';
import { writeOnnx } from '../../../src/formats/onnx/write-onnx.js';
import { forRunsInPlace, runInPlace } from '../../../src/runtime/onnx/in-place-run.js';

const SIZE = 1_000_000;

/** y = a / b, z = |a|. */
const model: OnnxModel = {
  graphName: 'quotient-and-magnitude',
  producerName: 'test',
  opsets: { '': 18 },
  inputs: ['a', 'b'].map((name) => ({ name, dtype: 'float32', shape: [SIZE] })),
  outputs: ['y', 'z'].map((name) => ({ name, dtype: 'float32', shape: [SIZE] })),
  initializers: {},
  nodes: [
    { op: 'Div', domain: '', inputs: ['a', 'b'], outputs: ['y'], attributes: {} },
    { op: 'Abs', domain: '', inputs: ['a'], outputs: ['z'], attributes: {} },
  ],
};

const floats = (value: number) => new ort.Tensor('float32', new Float32Array(SIZE).fill(value), [SIZE]);

async function createSession(): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(writeOnnx(forRunsInPlace(model)), { logSeverityLevel: 4 });
}

describe('runInPlace', () => {
  it('writes all results, and makes no arrays for them', async () => {
    const session = await createSession();
    const [y, z] = [floats(0), floats(0)];
    const feeds = { a: floats(-3), b: floats(2) };
    const before = process.memoryUsage().arrayBuffers;
    await runInPlace(session, feeds, { y, z });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(SIZE);
    expect((y.data as Float32Array).every((value) => value === -1.5)).toBe(true);
    expect((z.data as Float32Array).every((value) => value === 3)).toBe(true);
  });

  it('computes what is asked for', async () => {
    const session = await createSession();
    const z = floats(0);
    await runInPlace(session, { a: floats(-3), b: floats(2) }, { z });
    expect(z.data[SIZE - 1]).toBe(3);
  });

  it('throws what the run throws', async () => {
    const session = await createSession();
    const wrong = new ort.Tensor('float32', Float32Array.of(1, 2, 3), [3]);
    await expect(runInPlace(session, { a: wrong, b: floats(2) }, { y: floats(0) })).rejects.toThrow(
      /Got invalid dimensions for input: a/,
    );
  });
});
