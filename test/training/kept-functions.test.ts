/** Compiled functions that are kept from process to process: found only where all is the same, and with the same results. */
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize } from 'node:v8';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { withConfigFields } from '../../src/models/families.js';
import type { Model } from '../../src/models/model.js';
import { createPredictor } from '../../src/models/predict.js';
import { type Identity, identityOf } from '../../src/runtime/identity.js';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import type { CompileOptions, TensorFunction } from '../../src/runtime/runtime.js';
import * as tf from '../../src/runtime/tfjs.js';
import type { Objective } from '../../src/training/objective.js';
import {
  createObjective,
  createObjectiveData,
  type ObjectiveSettings,
} from '../../src/training/objectives/index.js';
import { defaultOptimizers } from '../../src/training/optimizers/index.js';
import { train } from '../../src/training/trainer.js';
import type { TrainingOptions, TrainingSettings } from '../../src/training/training-options.js';
import { float32 } from './fixtures.js';
import { tinyModel, tokenSplit } from './tiny-bert.js';

let root: string;
let model: Awaited<ReturnType<typeof tinyModel>>;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'roux-kept-functions-'));
  model = await tinyModel('tiny-classifier');
});
afterEach(() => void vi.unstubAllEnvs());

afterAll(() => rmSync(root, { recursive: true }));

/** What a file keeps, behind its digest. */
function keptIn(bytes: Buffer): unknown {
  return deserialize(bytes.subarray(32));
}

let made = 0;
/** A folder that is not there yet. */
function newFolder(): string {
  made += 1;
  return join(root, String(made));
}

const split = tokenSplit(
  Array.from({ length: 24 }, (_, row) => {
    const ids = Array.from({ length: 5 + (row % 4) }, (_, place) => 5 + ((row * 7 + place * 3) % 20));
    return { ids, types: ids.map(() => 0), label: row % 2 };
  }),
);

interface Changes {
  readonly settings?: Partial<TrainingSettings>;
  readonly objective?: ObjectiveSettings;
  readonly dropout?: number;
  readonly options?: Partial<TrainingOptions>;
  /** Replaces the objective. */
  readonly wrap?: (objective: Objective) => Objective;
  readonly code?: string;
}

/** Trains in a runtime of its own; returns the digest of everything that came out. */
async function trained(folder: string | undefined, changes: Changes = {}): Promise<string> {
  const architecture = withConfigFields(model.architecture, {
    hidden_dropout_prob: changes.dropout ?? 0.2,
    attention_probs_dropout_prob: changes.dropout ?? 0.2,
  });
  const objective = createObjective(architecture, 'sequence-classification', changes.objective);
  const tokens = { specialTokens: { padding: 0 } } as never;
  const data = createObjectiveData(architecture, 'sequence-classification', tokens, split);
  const keptFunctions = folder === undefined ? undefined : { folder, code: changes.code ?? 'this code' };
  const runtime = await openRuntime('onnx', { threads: 1, keptFunctions });
  try {
    const { weights, curve } = await train({
      runtime,
      objective: changes.wrap?.(objective) ?? objective,
      weights: model.weights,
      trainable: Object.keys(model.weights),
      data,
      validation: data,
      penalties: [],
      settings: {
        epochs: 1,
        batchSize: 8,
        gradientAccumulation: 1,
        learningRate: 0.01,
        schedule: 'linear',
        warmup: 0,
        optimizer: defaultOptimizers.adamw,
        weightDecay: 0.01,
        maximumGradientNorm: 1,
        best: { metric: 'loss', mode: 'min', minimumDifference: 0 },
        keep: 'last',
        logEvery: 1,
        ...changes.settings,
      },
      maximumLength: 16,
      denseWeights: 1e6,
      seed: 7,
      clock: () => 0,
      ...changes.options,
    });
    const hash = createHash('sha256').update(JSON.stringify(curve));
    for (const [name, { data: values }] of Object.entries(weights)) {
      hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }
    return hash.digest('hex');
  } finally {
    await runtime.dispose();
  }
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder).sort();
}

describe('a training whose functions were kept', () => {
  const kinds: readonly (readonly [string, Changes])[] = [
    ['at once', {}],
    ['with accumulation', { settings: { gradientAccumulation: 2 } }],
    ['with recomputation', { objective: { recompute: true } }],
    ['with averages', { settings: { averageDecay: 0.9 } }],
    ['with Adafactor', { settings: { optimizer: defaultOptimizers.adafactor } }],
  ];
  it.each(kinds)('gives the same bytes, %s', async (_name, changes) => {
    const folder = newFolder();
    const without = await trained(undefined, changes);
    expect(await trained(folder, changes)).toBe(without);
    const files = filesIn(folder);
    expect(files.length).toBeGreaterThan(0);
    const logits = vi.fn();
    // The objective is not copied, so that it keeps its identity; whoever traces it calls one of these.
    const spied = (objective: Objective) => {
      const { lossSum, evaluate } = objective;
      return Object.assign(objective, {
        lossSum: (...given: Parameters<typeof lossSum>) => {
          logits('train');
          return lossSum(...given);
        },
        evaluate: (...given: Parameters<typeof evaluate>) => {
          logits('evaluate');
          return evaluate(...given);
        },
      });
    };
    expect(await trained(folder, { ...changes, wrap: spied })).toBe(without);
    expect(filesIn(folder)).toEqual(files);
    // The average is measured by a copy of the objective, which has no identity.
    const isTraced = changes.settings?.averageDecay === undefined ? [] : ['evaluate'];
    expect([...new Set(logits.mock.calls.flat())]).toEqual(isTraced);
  });

  const others: readonly (readonly [string, Changes])[] = [
    ['dropout', { dropout: 0.1 }],
    ['the optimizer', { settings: { optimizer: defaultOptimizers.lion } }],
    ["the optimizer's settings", { settings: { optimizer: { ...defaultOptimizers.adamw, beta1: 0.8 } } }],
    ['clipping', { settings: { maximumGradientNorm: 0.5 } }],
    ['whether weights decay', { settings: { weightDecay: 0 } }],
    ['an average', { settings: { averageDecay: 0.5 } }],
    ['accumulation', { settings: { gradientAccumulation: 2 } }],
    ['the size of batches', { settings: { batchSize: 6 } }],
    ['recomputation', { objective: { recompute: true } }],
    ['the code', { code: 'other code' }],
  ];
  it.each(others)('does not find those of another training: %s', async (_name, changes) => {
    const folder = newFolder();
    await trained(folder);
    const before = filesIn(folder).length;
    const expected = await trained(undefined, changes);
    expect(await trained(folder, changes)).toBe(expected);
    expect(filesIn(folder).length).toBeGreaterThan(before);
  });

  it('finds them with other learning rates, which are inputs', async () => {
    const folder = newFolder();
    const first = await trained(folder);
    const before = filesIn(folder);
    const changes = { settings: { learningRate: 0.02 } };
    const other = await trained(folder, changes);
    expect(other).not.toBe(first);
    expect(other).toBe(await trained(undefined, changes));
    expect(filesIn(folder)).toEqual(before);
  });

  it('does not find those of a penalty that differs in what it adds up to', async () => {
    const folder = newFolder();
    const penalties = (shift: number) => {
      const shape = model.weights['classifier.bias']?.shape ?? [];
      const filled = (value: number) => ({
        'classifier.bias': float32(shape, Array(shape[0] ?? 0).fill(value)),
      });
      return [0, shift].map((anchor) => ({ strength: 1, fisher: filled(1), anchor: filled(anchor) }));
    };
    await trained(folder, { options: { penalties: penalties(1) } });
    const changes = { options: { penalties: penalties(2) } };
    expect(await trained(folder, changes)).toBe(await trained(undefined, changes));
  });

  it('traces an objective that was copied', async () => {
    const folder = newFolder();
    const negative = (objective: Objective): Objective => ({
      ...objective,
      lossSum: (logits, inputs) => tf.neg(objective.lossSum(logits, inputs)) as tf.Scalar,
    });
    const first = await trained(folder);
    expect(await trained(folder, { wrap: negative })).toBe(await trained(undefined, { wrap: negative }));
    expect(await trained(folder)).toBe(first);
  });

  type Damage = (bytes: Buffer, other: Buffer) => Buffer;
  const damages: readonly (readonly [string, Damage])[] = [
    ['a bit of which is wrong', (bytes) => Buffer.from(bytes).fill((bytes[99] ?? 0) ^ 1, 99, 100)],
    ['that are cut off', (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ['that are empty', () => Buffer.of()],
    ['that are those of another function', (_bytes, other) => other],
  ];
  it.each(damages)('takes no notice of files %s, and writes them again', async (_name, damage) => {
    const folder = newFolder();
    const expected = await trained(folder);
    const contents = filesIn(folder).map((name) => [name, readFileSync(join(folder, name))] as const);
    expect(contents.length).toBeGreaterThan(1);
    contents.forEach(([name, bytes], index) => {
      const [, other] = contents[(index + 1) % contents.length] ?? [name, bytes];
      writeFileSync(join(folder, name), damage(bytes, other));
    });
    expect(await trained(folder)).toBe(expected);
    // Not byte by byte: V8 writes a whole number in one of two ways, as it happens to hold it.
    for (const [name, bytes] of contents)
      expect(keptIn(readFileSync(join(folder, name)))).toEqual(keptIn(bytes));
  });

  it('is compiled where nothing can be kept', async () => {
    const folder = newFolder();
    writeFileSync(folder, 'not a folder');
    expect(await trained(folder)).toBe(await trained(undefined));
  });
});

it('keeps predictions of any size', async () => {
  const folder = newFolder();
  const predictable = { ...model, task: 'sequence-classification' } as unknown as Model;
  const sequences = Array.from({ length: 3 }, (_, row) => ({
    inputIds: [5, 6 + row, 7, 8].slice(0, 2 + row),
  }));
  const probabilities = async (kept: boolean) => {
    const keptFunctions = kept ? { folder, code: '' } : undefined;
    const runtime = await openRuntime('onnx', { threads: 1, keptFunctions });
    const predictor = createPredictor(predictable, runtime);
    const found = await predictor.probabilities(sequences);
    predictor.dispose();
    await runtime.dispose();
    return found.map((row) => [...row]);
  };
  const expected = await probabilities(false);
  const classify = vi.spyOn(predictable.architecture, 'classify');
  expect(await probabilities(true)).toEqual(expected);
  expect(classify).toHaveBeenCalled();
  classify.mockClear();
  expect(await probabilities(true)).toEqual(expected);
  expect(classify).not.toHaveBeenCalled();
});

describe('a kept function', () => {
  /** How often a function was traced. */
  async function traces(folder: string, changes: Partial<CompileOptions> = {}, code = ''): Promise<number> {
    const runtime = await openRuntime('onnx', { threads: 1, keptFunctions: { folder, code } });
    const fn = vi.fn<TensorFunction>(({ x }, { w }) => ({
      outputs: { y: tf.mul(x as tf.Tensor, w as tf.Tensor) },
    }));
    const variables = runtime.createVariables({ w: float32([2], [1, 2]) });
    const inputs = { x: { shape: [2], dtype: 'float32' } } as const;
    const options = { name: 'product', inputs, variables, identity: identityOf({}), ...changes };
    const compiled = await runtime.compile(fn, options);
    const { y } = await compiled.run({ x: float32([2], [3, 4]) });
    expect([...(y?.data ?? [])]).toEqual([3, 8]);
    await runtime.dispose();
    return fn.mock.calls.length;
  }
  const identity = (data: Identity) => ({ identity: identityOf({}, data) });

  it('is traced once', async () => {
    const folder = newFolder();
    expect([await traces(folder), await traces(folder)]).toEqual([1, 0]);
  });

  it('is traced again for another identity, another name and other code', async () => {
    const folder = newFolder();
    await traces(folder, identity({ factor: 0 }));
    expect(await traces(folder, identity({ factor: 1 }))).toBe(1);
    expect(await traces(folder, identity({ factor: -0 }))).toBe(1);
    expect(await traces(folder, identity({ factor: Number.NaN }))).toBe(1);
    expect(await traces(folder, identity({ factor: null }))).toBe(1);
    expect(await traces(folder, { ...identity({ factor: 0 }), name: 'other' })).toBe(1);
    expect(await traces(folder, identity({ factor: 0 }), 'other')).toBe(1);
    expect(await traces(folder, identity({ factor: 0 }))).toBe(0);
  });

  it('is traced again where it sees other variables', async () => {
    const folder = newFolder();
    await traces(folder);
    const runtime = await openRuntime('onnx', { threads: 1, keptFunctions: { folder, code: '' } });
    const variables = runtime.createVariables({ v: float32([1], [0]), w: float32([2], [1, 2]) });
    const fn = vi.fn<TensorFunction>(({ x }) => ({ outputs: { y: tf.neg(x as tf.Tensor) } }));
    const inputs = { x: { shape: [2], dtype: 'float32' } } as const;
    await runtime.compile(fn, { name: 'product', inputs, variables, identity: identityOf({}) });
    expect(fn).toHaveBeenCalledTimes(1);
    await runtime.dispose();
  });

  it('is always traced where nothing tells what it is made of', async () => {
    const folder = newFolder();
    expect(await traces(folder, { identity: undefined })).toBe(1);
    expect(await traces(folder, { identity: identityOf({ objective: {} }) })).toBe(1);
    expect(() => readdirSync(folder)).toThrow();
  });

  it('cannot be told by what is no plain data', async () => {
    for (const value of [new Map(), new Float32Array(2), () => 1]) {
      await expect(traces(newFolder(), identity({ value }))).rejects.toThrow(/plain data/);
    }
  });

  it('is traced where its graphs are written', async () => {
    const folder = newFolder();
    const graphs = newFolder();
    await traces(folder);
    vi.stubEnv('ROUX_DUMP_GRAPH', graphs);
    expect(await traces(folder)).toBe(1);
    expect(filesIn(graphs)).toEqual(['product.optimized.txt', 'product.traced.txt']);
  });

  it('goes when there are too many and it was not used for longest', async () => {
    const folder = newFolder();
    await traces(folder);
    const [used = ''] = filesIn(folder);
    for (let index = 0; index < 260; index++) {
      const file = join(folder, `${String(index).padStart(64, '0')}.function`);
      writeFileSync(file, '');
      utimesSync(file, index, index);
    }
    writeFileSync(join(folder, 'half.function.x.tmp'), '');
    utimesSync(join(folder, 'half.function.x.tmp'), 0, 0);
    await traces(folder, { name: 'other' });
    const left = filesIn(folder);
    expect(left).toHaveLength(250);
    expect(left).toContain(used);
    expect(left).toContain(`${'259'.padStart(64, '0')}.function`);
    expect(left).not.toContain(`${'0'.padStart(64, '0')}.function`);
    expect(await traces(folder)).toBe(0);
  });
});

it('a folder that is a link is not written to', async () => {
  const { symlinkSync } = await import('node:fs');
  const elsewhere = newFolder();
  mkdirSync(elsewhere);
  const link = newFolder();
  symlinkSync(elsewhere, link);
  const expected = await trained(undefined);
  expect(await trained(link)).toBe(expected);
  expect(filesIn(elsewhere)).toEqual([]);
});
