import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import type { OnnxModel } from '../../../src/formats/onnx/model.js';
import { writeOnnx } from '../../../src/formats/onnx/write-onnx.js';
import { ProtobufWriter } from '../../../src/formats/protobuf-writer.js';

function bytes(write: (writer: ProtobufWriter) => void): number[] {
  const writer = new ProtobufWriter();
  write(writer);
  return [...writer.finish()];
}

describe('the protobuf writer', () => {
  // The examples of https://protobuf.dev/programming-guides/encoding/.
  it('writes varints, strings, nested messages and packed lists as the format defines them', () => {
    expect(bytes((writer) => writer.integer(1, 150))).toEqual([0x08, 0x96, 0x01]);
    expect(bytes((writer) => writer.string(2, 'testing'))).toEqual([0x12, 7, ...Buffer.from('testing')]);
    expect(bytes((writer) => writer.message(3, (nested) => nested.integer(1, 150)))).toEqual([
      0x1a, 3, 8, 0x96, 1,
    ]);
    expect(bytes((writer) => writer.integers(6, [3, 270, 86942]))).toEqual([
      0x32, 6, 3, 0x8e, 2, 0x9e, 0xa7, 5,
    ]);
  });

  it('writes negative integers as ten bytes, large ones exactly, and floats in little-endian order', () => {
    expect(bytes((writer) => writer.integer(1, -1))).toEqual([8, ...Array<number>(9).fill(0xff), 1]);
    const large = [8, ...Array<number>(7).fill(0xff), 0x0f];
    expect(bytes((writer) => writer.integer(1, Number.MAX_SAFE_INTEGER))).toEqual(large);
    expect(bytes((writer) => writer.float(2, 1))).toEqual([0x15, 0, 0, 0x80, 0x3f]);
    expect(() => bytes((writer) => writer.integer(1, 0.5))).toThrow(/no safe integer/);
  });

  it('writes nothing for an empty list, and payloads longer than its buffer whole', () => {
    expect(bytes((writer) => writer.integers(1, []))).toEqual([]);
    const payload = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);
    expect(bytes((writer) => writer.bytes(1, payload)).slice(3)).toEqual([...payload]);
    const many = bytes((writer) => writer.integers(1, Array<number>(1000).fill(1)));
    expect(many.length).toBe(1 + 2 + 1000);
  });
});

describe('a written model', () => {
  it('is read by ONNX Runtime: symbolic dimensions, attributes, constants of all types, optional inputs', async () => {
    const model: OnnxModel = {
      graphName: 'example',
      producerName: 'roux',
      opsets: { '': 18 },
      inputs: [{ name: 'x', dtype: 'float32', shape: ['rows', 3] }],
      outputs: [
        { name: 'clipped', dtype: 'float32', shape: ['rows', 3] },
        { name: 'columns', dtype: 'float32', shape: [3] },
      ],
      initializers: {
        maximum: { dtype: 'float32', shape: [], data: Float32Array.of(2) },
        axes: { dtype: 'int64', shape: [1], data: BigInt64Array.of(0n) },
      },
      nodes: [
        { op: 'Clip', domain: '', inputs: ['x', '', 'maximum'], outputs: ['clipped'], attributes: {} },
        {
          op: 'ReduceSum',
          domain: '',
          inputs: ['clipped', 'axes'],
          outputs: ['columns'],
          attributes: { keepdims: { type: 'int', value: 0 } },
        },
      ],
      metadata: { licence: 'Apache-2.0' },
    };
    const session = await ort.InferenceSession.create(writeOnnx(model));
    expect(session.inputMetadata).toMatchObject([{ name: 'x', type: 'float32', shape: ['rows', 3] }]);
    const x = new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4, -5, 6), [2, 3]);
    const { clipped, columns } = await session.run({ x });
    expect(Array.from(clipped?.data as Float32Array)).toEqual([1, 2, 2, 2, -5, 2]);
    expect(Array.from(columns?.data as Float32Array)).toEqual([3, -3, 4]);
    await session.release();
  });
});
