import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/artifacts/user-error.js';
import { runtimeNames } from '../../src/recipe/runtime-names.js';
import { availableRuntimes } from '../../src/runtime/available.js';
import { runtimeFingerprint } from '../../src/runtime/fingerprint.js';
import { onnxProvider } from '../../src/runtime/onnx-provider.js';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import { randomMask } from '../../src/runtime/random-mask.js';
import type { HostTensor, NamedTensors, TensorFunction } from '../../src/runtime/runtime.js';
import { tensorflowHere } from './tensorflow-here.js';

describe.each(['onnx', 'cpu', 'wasm', ...tensorflowHere] as const)('the runtime %s', (name) => {
  const vector = (...numbers: number[]): HostTensor => ({
    dtype: 'float32',
    shape: [numbers.length],
    data: Float32Array.from(numbers),
  });

  const addTo: TensorFunction = ({ x }, { total, count }) => ({
    outputs: { before: tensor(total) },
    updates: { total: tf.add(tensor(total), tensor(x)), count: tf.add(tensor(count), 1) },
  });

  async function open() {
    const runtime = await openRuntime(name, { threads: 1 });
    const variables = runtime.createVariables({ total: vector(1, 2), count: vector(0), unused: vector(5) });
    const inputs = { x: { dtype: 'float32', shape: [2] } } as const;
    const compiled = await runtime.compile(addTo, { name: 'add', inputs, variables });
    return { runtime, variables, compiled, inputs };
  }

  it('applies updates to the variables, which hold from the next call on', async () => {
    const { runtime, variables, compiled } = await open();
    expect((await compiled.run({ x: vector(10, 20) })).before).toEqual(vector(1, 2));
    expect((await compiled.run({ x: vector(100, 200) })).before).toEqual(vector(11, 22));
    expect(await variables.read('total')).toEqual(vector(111, 222));
    expect(await variables.read('count')).toEqual(vector(2));
    expect(await variables.read('unused')).toEqual(vector(5));
    await runtime.dispose();
  });

  it('runs calls that were started together one after the other', async () => {
    const { runtime, variables, compiled } = await open();
    await Promise.all([1, 2, 3, 4].map((number) => compiled.run({ x: vector(number, 0) })));
    expect(await variables.read('total')).toEqual(vector(11, 2));
    await runtime.dispose();
  });

  it('lets several functions share variables', async () => {
    const { runtime, variables, compiled } = await open();
    const double: TensorFunction = (_, { total }) => ({
      outputs: {},
      updates: { total: tf.mul(tensor(total), 2) },
    });
    const doubled = await runtime.compile(double, { name: 'double', inputs: {}, variables });
    await compiled.run({ x: vector(1, 1) });
    await doubled.run({});
    await compiled.run({ x: vector(1, 1) });
    expect(await variables.read('total')).toEqual(vector(5, 7));
    await runtime.dispose();
  });

  it('replaces a variable, and keeps its own copy of what it is given and gives', async () => {
    const { runtime, variables, compiled } = await open();
    const mine = vector(7, 8);
    variables.write('total', mine);
    mine.data[0] = 99;
    const read = await variables.read('total');
    expect(read).toEqual(vector(7, 8));
    read.data[0] = 99;
    await compiled.run({ x: vector(1, 1) });
    expect(await variables.read('total')).toEqual(vector(8, 9));
    await runtime.dispose();
  });

  it('begins variables with zeros where only a spec is given', async () => {
    const runtime = await openRuntime(name, { threads: 1 });
    const variables = runtime.createVariables({
      total: { dtype: 'float32', shape: [2] },
      count: { dtype: 'int32', shape: [] },
    });
    expect(await variables.read('count')).toEqual({ dtype: 'int32', shape: [], data: Int32Array.of(0) });
    const fn: TensorFunction = ({ x }, { total }) => ({
      outputs: { before: tensor(total) },
      updates: { total: tf.add(tensor(total), tensor(x)) },
    });
    const inputs = { x: { dtype: 'float32', shape: [2] } } as const;
    const compiled = await runtime.compile(fn, { name: 'add', inputs, variables });
    expect((await compiled.run({ x: vector(1, 2) })).before).toEqual(vector(0, 0));
    expect((await compiled.run({ x: vector(1, 2) })).before).toEqual(vector(1, 2));
    await runtime.dispose();
  });

  it('can exchange variables, give one value twice, and give variables and inputs as they are', async () => {
    const runtime = await openRuntime(name, { threads: 1 });
    const variables = runtime.createVariables({ a: vector(1), b: vector(2), c: vector(3), d: vector(4) });
    const fn: TensorFunction = ({ x }, { a, b }) => {
      const sum = tf.add(tensor(a), tensor(b));
      return {
        outputs: { x: tensor(x), a: tensor(a), same: sum, again: sum, constant: tf.tensor([1.5, 2.5]) },
        updates: { a: tensor(b), b: tensor(a), c: tensor(x), d: sum },
      };
    };
    const inputs = { x: { dtype: 'float32', shape: [1] } } as const;
    const compiled = await runtime.compile(fn, { name: 'exchange', inputs, variables });
    expect(await compiled.run({ x: vector(9) })).toEqual({
      x: vector(9),
      a: vector(1),
      same: vector(3),
      again: vector(3),
      constant: vector(1.5, 2.5),
    });
    const state = await Promise.all(['a', 'b', 'c', 'd'].map((variable) => variables.read(variable)));
    expect(state).toEqual([vector(2), vector(1), vector(9), vector(3)]);
    await compiled.run({ x: vector(9) });
    expect(await variables.read('a')).toEqual(vector(1));
    await runtime.dispose();
  });

  it('refuses feeds that are missing, unknown, or of another shape or type', async () => {
    const { runtime, compiled } = await open();
    await expect(compiled.run({})).rejects.toThrow("'add' was run without its input 'x'");
    await expect(compiled.run({ x: vector(1, 2), y: vector(1) })).rejects.toThrow("'add' has no input 'y'");
    await expect(compiled.run({ x: vector(1, 2, 3) })).rejects.toThrow(
      "'x' is float32 [3], expected float32 [2]",
    );
    const integers: HostTensor = { dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) };
    await expect(compiled.run({ x: integers })).rejects.toThrow("'x' is int32 [2], expected float32 [2]");
    expect((await compiled.run({ x: vector(1, 2) })).before).toEqual(vector(1, 2));
    await runtime.dispose();
  });

  it('runs functions with named dimensions at any size, where equal names are equal sizes', async () => {
    const { runtime, variables } = await open();
    const scaleRows: TensorFunction = ({ x, by }, { total }) => ({
      outputs: {
        y: tf.mul(tf.add(tensor(x), tensor(total)), tf.reshape(tensor(by), [-1, 1])),
        rows: tf.scalar(tensor(x).shape[0] ?? 0, 'int32'),
      },
    });
    const compiled = await runtime.compile(scaleRows, {
      name: 'scale',
      inputs: { x: { dtype: 'float32', shape: ['rows', 2] }, by: { dtype: 'float32', shape: ['rows'] } },
      variables,
    });
    const matrix = (rows: number): HostTensor => ({
      dtype: 'float32',
      shape: [rows, 2],
      data: Float32Array.from({ length: rows * 2 }, (_, index) => index),
    });
    const rows = (count: number): HostTensor => ({ dtype: 'int32', shape: [], data: Int32Array.of(count) });
    expect(await compiled.run({ x: matrix(1), by: vector(10) })).toEqual({
      y: { dtype: 'float32', shape: [1, 2], data: Float32Array.of(10, 30) },
      rows: rows(1),
    });
    expect(await compiled.run({ x: matrix(2), by: vector(10, 100) })).toEqual({
      y: { dtype: 'float32', shape: [2, 2], data: Float32Array.of(10, 30, 300, 500) },
      rows: rows(2),
    });
    await expect(compiled.run({ x: matrix(2), by: vector(10) })).rejects.toThrow(
      "'by' is float32 [1], expected float32 [2]",
    );
    await expect(compiled.run({ x: vector(1, 2), by: vector(10, 1) })).rejects.toThrow("'x' is float32 [2]");
    await runtime.dispose();
  });

  it('refuses updates that do not fit their variable', async () => {
    const { runtime, variables, inputs } = await open();
    const tryOut = async (updates: (named: NamedTensors) => NamedTensors) => {
      const fn: TensorFunction = (named) => ({ outputs: {}, updates: updates(named) });
      const compiled = await runtime.compile(fn, { name: 'wrong', inputs, variables });
      await compiled.run({ x: vector(1, 2) });
    };
    await expect(tryOut(({ x }) => ({ count: tensor(x) }))).rejects.toThrow(/'wrong' updates 'count'/);
    await expect(tryOut(({ x }) => ({ nothing: tensor(x) }))).rejects.toThrow(
      /'nothing', which is no variable/,
    );
    await runtime.dispose();
  });

  it('refuses variables of another runtime', async () => {
    const { runtime, inputs } = await open();
    const other = await openRuntime(name === 'cpu' ? 'onnx' : 'cpu', { threads: 1 });
    const variables = other.createVariables({});
    const fn: TensorFunction = () => ({ outputs: {} });
    await expect(runtime.compile(fn, { name: 'f', inputs, variables })).rejects.toThrow(
      /belong to another runtime/,
    );
  });
});

describe('the runtime onnx', () => {
  const compile = async (fn: TensorFunction) => {
    const runtime = await openRuntime('onnx', { threads: 1 });
    const inputs = { x: { dtype: 'float32', shape: [4] } } as const;
    return runtime.compile(fn, { name: 'odd', inputs, variables: runtime.createVariables({}) });
  };

  it('refuses functions with named dimensions that update variables or draw masks', async () => {
    const runtime = await openRuntime('onnx', { threads: 1 });
    const ones: HostTensor = { dtype: 'float32', shape: [1], data: Float32Array.of(1) };
    const variables = runtime.createVariables({ total: ones });
    const inputs = { x: { dtype: 'float32', shape: ['rows'] } } as const;
    const updating: TensorFunction = ({ x }) => ({
      outputs: {},
      updates: { total: tf.sum(tensor(x), 0, true) },
    });
    await expect(runtime.compile(updating, { name: 'f', inputs, variables })).rejects.toThrow(
      "'f' has named dimensions and an update:total",
    );
    const masking: TensorFunction = ({ x }) => ({
      outputs: { y: tf.mul(tensor(x), randomMask(tensor(x).shape, 0.5)) },
    });
    await expect(runtime.compile(masking, { name: 'f', inputs, variables })).rejects.toThrow(
      'draws random masks',
    );
    await runtime.dispose();
  });

  it('names the operation that it cannot trace, and the function', async () => {
    const fn: TensorFunction = ({ x }) => ({
      outputs: { y: tf.real(tf.fft(tf.cast(tensor(x), 'complex64'))) },
    });
    await expect(compile(fn)).rejects.toThrow(/complex64/);
    const bins: TensorFunction = ({ x }) => ({
      outputs: { y: tf.bincount(tf.cast(tensor(x), 'int32') as tf.Tensor1D, [], 3) },
    });
    await expect(compile(bins)).rejects.toThrow(
      /cannot trace 'odd': it uses the TensorFlow.js kernel 'Bincount'/,
    );
  });

  it('says that a function cannot look into tensors', async () => {
    const fn: TensorFunction = ({ x }) => ({
      outputs: { y: tf.mul(tensor(x), tensor(x).dataSync()[0] ?? 0) },
    });
    await expect(compile(fn)).rejects.toThrow(
      /'odd' reads the data of a tensor \[4\] while it is being traced/,
    );
  });

  it('can trace another function after one that failed', async () => {
    const fails: TensorFunction = () => {
      throw new Error('on purpose');
    };
    await expect(compile(fails)).rejects.toThrow('on purpose');
    const compiled = await compile(({ x }) => ({ outputs: { y: tf.add(tensor(x), 1) } }));
    const { y } = await compiled.run({ x: { dtype: 'float32', shape: [4], data: new Float32Array(4) } });
    expect(y?.data).toEqual(Float32Array.of(1, 1, 1, 1));
  });

  it('takes tensors that were made outside as constants', async () => {
    const outside = tf.tensor([1, 2, 3, 4]);
    for (let time = 0; time < 2; time += 1) {
      const compiled = await compile(({ x }) => ({ outputs: { y: tf.add(tensor(x), outside) } }));
      const { y } = await compiled.run({ x: { dtype: 'float32', shape: [4], data: new Float32Array(4) } });
      expect(y?.data).toEqual(Float32Array.of(1, 2, 3, 4));
    }
  });

  it('leaves the backend that TensorFlow.js used before in place', async () => {
    await tf.setBackend('cpu');
    await compile(({ x }) => ({ outputs: { y: tf.add(tensor(x), 1) } }));
    expect(tf.getBackend()).toBe('cpu');
  });
});

describe('opening a runtime', () => {
  it('says what to install where libtensorflow is missing', async () => {
    const opened = openRuntime('tensorflow', { threads: 1 });
    const availability = (await availableRuntimes()).find(({ name }) => name === 'tensorflow');
    if (availability?.available === true) await opened;
    else {
      await expect(opened).rejects.toThrow(UserError);
      await expect(opened).rejects.toMatchObject({
        details: { help: expect.stringContaining('npm install') },
      });
    }
  });

  it('refuses less than one thread', async () => {
    await expect(openRuntime('cpu', { threads: 0 })).rejects.toThrow(/at least 1 thread/);
  });
});

describe.each(['onnx-cuda', 'onnx-webgpu'] as const)('the runtime %s', (name) => {
  const { fallback } = onnxProvider(name);

  it.skipIf(fallback === undefined)(
    'computes on the processor where there is no device, says so, and has the keys of onnx',
    async () => {
      const messages: string[] = [];
      const runtime = await openRuntime(name, {
        threads: 1,
        onFallback: (message) => messages.push(message),
      });
      expect(messages).toEqual([
        expect.stringMatching(new RegExp(`^${name} computes on the processor: .{20}`)),
      ]);
      expect(runtime.fingerprint).toBe(runtimeFingerprint('onnx', 1));
      const variables = runtime.createVariables({});
      const inputs = { x: { dtype: 'float32', shape: [2] } } as const;
      const compiled = await runtime.compile(({ x }) => ({ outputs: { y: tf.mul(tensor(x), 2) } }), {
        name: 'double',
        inputs,
        variables,
      });
      const { y } = await compiled.run({ x: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) } });
      expect(y?.data).toEqual(Float32Array.of(2, 4));
      await runtime.dispose();
      const found = (await availableRuntimes()).find((candidate) => candidate.name === name);
      expect(found).toMatchObject({ available: false, detail: fallback });
    },
  );
});

describe('what a machine has', () => {
  it('is listed for every runtime, with versions and, where missing, the command that adds it', async () => {
    const list = await availableRuntimes();
    expect(list.map(({ name }) => name)).toEqual(runtimeNames);
    for (const { name, available, version, install, detail } of list) {
      if (available) expect(version).toMatch(/ \d+\.\d+\.\d+/);
      // What a graphics processor needs besides the package, no one command adds.
      else if (name.startsWith('onnx-')) expect(detail).toContain('computes on the processor');
      else expect(install, name).toContain('npm install');
    }
    expect(list.find(({ name }) => name === 'onnx')?.available).toBe(true);
  });
});

describe('a fingerprint', () => {
  it('tells runtimes, versions and, for onnx, threads apart', () => {
    expect(runtimeFingerprint('onnx', 2)).toMatch(/^onnx \d+\.\d+\.\d+; cpu; 2 threads; tfjs 4\./);
    expect(runtimeFingerprint('onnx', 1)).not.toBe(runtimeFingerprint('onnx', 2));
    expect(runtimeFingerprint('tensorflow', 1)).toMatch(/^tensorflow [^;]+; [^;]+; \d+ threads; tfjs 4\./);
    expect(runtimeFingerprint('cpu', 1)).toBe(runtimeFingerprint('cpu', 2));
    const names = ['onnx', 'tensorflow', 'wasm', 'cpu'] as const;
    expect(new Set(names.map((name) => runtimeFingerprint(name, 1))).size).toBe(4);
  });
});

function tensor(value: tf.Tensor | undefined): tf.Tensor {
  if (value === undefined) throw new Error('no tensor');
  return value;
}
