import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UserError } from '../../src/artifacts/user-error.js';
import { createRandom } from '../../src/data/random.js';
import { float32ToFloat16 } from '../../src/formats/half-precision.js';
import { JsonFields } from '../../src/formats/json.js';
import {
  readSafetensors,
  type StoredTensor,
  toFloat32,
  writeSafetensors,
} from '../../src/formats/safetensors.js';
import { completeConfig } from '../../src/models/families.js';
import { createModel, describeModel, loadModel, saveModel } from '../../src/models/model.js';

const fixtures = fileURLToPath(new URL('../fixtures/models/', import.meta.url));
let folder: string;
let made = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-model-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function emptyFolder(): string {
  const path = join(folder, String(made++));
  mkdirSync(path);
  return path;
}

/** A copy of a fixture whose tensors or configuration were changed. */
async function changed(
  name: string,
  change: {
    readonly tensors?: (tensors: Map<string, StoredTensor>) => void;
    readonly config?: Readonly<Record<string, unknown>>;
  },
): Promise<string> {
  const path = emptyFolder();
  cpSync(fixtures + name, path, { recursive: true });
  const tensors = new Map(await readSafetensors(join(path, 'model.safetensors')));
  change.tensors?.(tensors);
  await writeSafetensors(join(path, 'model.safetensors'), Object.fromEntries(tensors));
  const config = JSON.parse(readFileSync(join(path, 'config.json'), 'utf8'));
  writeFileSync(join(path, 'config.json'), JSON.stringify({ ...config, ...change.config }));
  return path;
}

async function failure(promise: Promise<unknown>): Promise<UserError['details']> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof UserError) return error.details;
    throw error;
  }
  throw new Error('nothing failed');
}

test('a model comes back as it was saved, byte for byte', async () => {
  const { model, fresh, ignored } = await loadModel(`${fixtures}tiny-classifier`);
  expect([fresh, ignored]).toEqual([[], []]);
  const [one, other] = [emptyFolder(), emptyFolder()];
  const frozen = ['classifier.bias'];
  await saveModel({ ...model, frozen, tokenizer: null }, one);
  const again = await loadModel(one);
  expect(again.model.weights).toEqual(model.weights);
  expect(again.model).toMatchObject({ task: 'sequence-classification', frozen, parts: model.parts });
  expect(again.model.architecture.config.labels).toEqual(['calm', 'glad', 'sad']);
  await saveModel({ ...again.model, tokenizer: null }, other);
  for (const file of ['config.json', 'model.safetensors', 'roux.json']) {
    expect(readFileSync(join(one, file)).equals(readFileSync(join(other, file)))).toBe(true);
  }
});

test('names without prefix, gamma and beta, and half precision are understood', async () => {
  const { model } = await loadModel(`${fixtures}tiny-masked`);
  const path = await changed('tiny-masked', {
    tensors: (tensors) => {
      for (const [name, tensor] of [...tensors]) {
        tensors.delete(name);
        const renamed = name
          .replace(/^bert\./, '')
          .replace('LayerNorm.weight', 'LayerNorm.gamma')
          .replace('LayerNorm.bias', 'LayerNorm.beta');
        const data = float32ToFloat16(toFloat32(tensor, name));
        tensors.set(renamed, { dtype: 'F16', shape: tensor.shape, data });
      }
      const ids = { dtype: 'I64', shape: [1, 2], data: BigInt64Array.of(0n, 1n) } as const;
      tensors.set('embeddings.position_ids', ids);
      tensors.set('cls.predictions.decoder.bias', { dtype: 'F32', shape: [48], data: new Float32Array(48) });
      tensors.set('mystery', { dtype: 'F32', shape: [1], data: new Float32Array(1) });
    },
  });
  const loaded = await loadModel(path);
  expect(loaded.ignored).toEqual(['mystery']);
  expect(Object.keys(loaded.model.weights)).toEqual(Object.keys(model.weights));
  for (const [name, { data }] of Object.entries(loaded.model.weights)) {
    const original = model.weights[name]?.data ?? [];
    expect(data.every((value, index) => Math.abs(value - (original[index] ?? 0)) < 0.005)).toBe(true);
  }
});

test('weights in shards are joined', async () => {
  const { model } = await loadModel(`${fixtures}tiny-masked`);
  const path = emptyFolder();
  cpSync(`${fixtures}tiny-masked/config.json`, join(path, 'config.json'));
  const tensors = [...(await readSafetensors(`${fixtures}tiny-masked/model.safetensors`))];
  const weightMap: Record<string, string> = {};
  for (const [shard, part] of [tensors.slice(0, 10), tensors.slice(10)].entries()) {
    const file = `model-0000${shard + 1}-of-00002.safetensors`;
    await writeSafetensors(join(path, file), Object.fromEntries(part));
    for (const [name] of part) weightMap[name] = file;
  }
  const index = join(path, 'model.safetensors.index.json');
  writeFileSync(index, JSON.stringify({ weight_map: weightMap }));
  expect((await loadModel(path)).model.weights).toEqual(model.weights);
  writeFileSync(index, JSON.stringify({ weight_map: { a: '../other.safetensors' } }));
  expect((await failure(loadModel(path))).message).toContain("'weight_map'");
});

describe('the head of another task', () => {
  const random = createRandom(5);

  test('is added with fresh weights, and the other head is kept', async () => {
    const { model, fresh } = await loadModel(`${fixtures}tiny-masked`, {
      task: 'sequence-classification',
      labels: ['a', 'b', 'c', 'd'],
      random,
    });
    expect(fresh).toEqual(['pooler', 'sequence-classification']);
    expect(model.weights['classifier.weight']?.shape).toEqual([4, 16]);
    expect(model.weights['cls.predictions.bias']).toBeDefined();
    const path = emptyFolder();
    await saveModel({ ...model, tokenizer: null }, path);
    expect((await describeModel(path)).parts).toEqual([
      'pooler',
      'sequence-classification',
      'masked-language-modeling',
    ]);
    const back = await loadModel(path, { task: 'masked-language-modeling' });
    expect(back.fresh).toEqual([]);
  });

  test('does not change with what else is fresh', async () => {
    const options = { task: 'sequence-classification', random } as const;
    const one = await loadModel(`${fixtures}tiny-masked`, { ...options, labels: ['a', 'b'] });
    const other = await loadModel(`${fixtures}tiny-masked`, { ...options, labels: ['a', 'b', 'c'] });
    const pooler = 'bert.pooler.dense.weight';
    expect(one.model.weights[pooler]).toEqual(other.model.weights[pooler]);
  });

  test('cannot be added without a generator', async () => {
    const details = await failure(loadModel(`${fixtures}tiny-masked`, { task: 'sequence-classification' }));
    expect(details.message).toContain('bert.pooler.dense.weight');
  });

  test('is replaced when the classes are others, and kept when they are the same', async () => {
    const load = (labels: readonly string[]) => loadModel(`${fixtures}tiny-classifier`, { labels, random });
    expect((await load(['calm', 'glad', 'sad'])).fresh).toEqual([]);
    expect((await load(['calm', 'glad', 'bad'])).fresh).toEqual(['sequence-classification']);
    const { model, fresh } = await load(['yes', 'no']);
    expect(fresh).toEqual(['sequence-classification']);
    expect(model.weights['classifier.weight']?.shape).toEqual([2, 16]);
  });
});

describe('a folder that cannot be used says why', () => {
  test('a tensor is missing', async () => {
    const name = 'bert.encoder.layer.1.output.dense.weight';
    const path = await changed('tiny-classifier', { tensors: (tensors) => tensors.delete(name) });
    const details = await failure(loadModel(path));
    expect(details.message).toContain(`lacks the tensor '${name}'`);
    expect(details.expected).toContain('[16, 24]');
  });

  test('a tensor has another shape', async () => {
    const path = await changed('tiny-classifier', { config: { vocab_size: 50 } });
    expect(await failure(loadModel(path))).toMatchObject({
      message: expect.stringContaining("'bert.embeddings.word_embeddings.weight'"),
      found: 'shape [48, 16]',
      expected: 'shape [50, 16]',
    });
  });

  test.each([
    [{ model_type: 'gpt2' }, 'this type of model is not supported'],
    [{ model_type: undefined }, 'this type of model is not supported'],
    [{ hidden_act: 'swiglu' }, "'hidden_act'"],
    [{ position_embedding_type: 'relative_key' }, "'position_embedding_type'"],
    [{ is_decoder: true }, "'is_decoder'"],
    [{ num_attention_heads: 5 }, "'hidden_size'"],
    [{ hidden_dropout_prob: 1 }, "'hidden_dropout_prob'"],
    [{ layer_norm_eps: 'tiny' }, "'layer_norm_eps'"],
    [{ id2label: { 0: 'a', 2: 'b' } }, "'id2label'"],
    [{ problem_type: 'regression' }, "'problem_type'"],
    [{ architectures: ['BertModel'] }, 'does not say what the model is made for'],
    [{ pad_token_id: 48 }, "'pad_token_id'"],
  ])('config.json with %j', async (config, message) => {
    const path = await changed('tiny-classifier', { config });
    expect((await failure(loadModel(path))).message).toContain(message);
  });

  test('there is no config.json, no folder, no weights, weights in another format', async () => {
    const path = emptyFolder();
    expect((await failure(loadModel(path))).message).toContain('is not a model folder');
    expect((await failure(loadModel(join(path, 'absent')))).message).toContain('does not exist');
    cpSync(`${fixtures}tiny-classifier/config.json`, join(path, 'config.json'));
    expect((await failure(loadModel(join(path, 'config.json')))).message).toContain('is a file');
    expect((await failure(loadModel(path))).message).toContain('has no model.safetensors');
    writeFileSync(join(path, 'pytorch_model.bin'), '');
    expect((await failure(loadModel(path))).help).toContain('save_pretrained');
  });
});

describe('a fresh model', () => {
  const config = completeConfig(
    new JsonFields(
      { model_type: 'bert', hidden_size: 128, num_hidden_layers: 2, vocab_size: 300, pad_token_id: 3 },
      'x',
    ),
  );
  const make = (seed: number) =>
    createModel(config, {
      task: 'sequence-classification',
      labels: ['a', 'b'],
      random: createRandom(seed),
      tokenizer: null,
    });

  test('has the sizes that were asked for, and the defaults of the paper for the rest', () => {
    const { fields, layers, maximumLength } = make(1).architecture.config;
    expect({ layers, maximumLength }).toEqual({ layers: 2, maximumLength: 512 });
    expect(fields).toMatchObject({ num_attention_heads: 2, intermediate_size: 512, hidden_act: 'gelu' });
  });

  test('is decided by the seed', () => {
    expect(make(1).weights).toEqual(make(1).weights);
    expect(make(1).weights['classifier.weight']).not.toEqual(make(2).weights['classifier.weight']);
  });

  test('has truncated normal weights, zero biases, and a zero row for padding', () => {
    const { weights } = make(1);
    const words = weights['bert.embeddings.word_embeddings.weight']?.data ?? [];
    const values = [...words].filter((_, index) => Math.floor(index / 128) !== 3);
    expect([...words].slice(3 * 128, 4 * 128).every((value) => value === 0)).toBe(true);
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.04 + 1e-6);
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    // A normal distribution cut off at two deviations has 0.88 of its deviation.
    expect(deviation / 0.02).toBeCloseTo(0.88, 1);
    expect(weights['classifier.bias']?.data.every((value) => value === 0)).toBe(true);
    expect(weights['bert.embeddings.LayerNorm.weight']?.data.every((value) => value === 1)).toBe(true);
  });
});

test('a saved model names nothing of the machine', async () => {
  const path = await changed('tiny-classifier', { config: { _name_or_path: '/home/somebody/model' } });
  const out = emptyFolder();
  await saveModel((await loadModel(path)).model, out);
  expect(readFileSync(join(out, 'config.json'), 'utf8')).not.toContain('somebody');
  expect(existsSync(join(out, 'tokenizer.json'))).toBe(false);
});
