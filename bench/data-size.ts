/**
 * How load-dataset, tokenize and train fare with more data: seconds, examples per second and the most memory that the process had, from
 * 1,000 to 1,000,000 examples.
 *
 * `node bench/run.mjs data-size [--sizes 1000,10000,100000,1000000] [--steps 200] [--threads 2]`. Every stage runs in a process of its own,
 * as in a recipe. The examples are SST-2's sentences (ROUX_BENCH_DATA), the beginning of one with the end of another. The model is
 * small and random, so that what the data cost shows: two layers of 128. Training takes so many steps of 32 examples; its speed
 * is that of the last half of them. What comes before the first, reading the data and compiling, is told apart.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Value } from '@sinclair/typebox/value';
import { createRandom } from '../src/data/random.js';
import { JsonFields } from '../src/formats/json.js';
import { bertConfigFields } from '../src/models/bert-config.js';
import { createModel, saveModel } from '../src/models/model.js';
import { TENSOR_PROCESS_ENVIRONMENT } from '../src/runtime/environment.js';
import loadDataset from '../src/stages/load-dataset/load-dataset.js';
import tokenize from '../src/stages/tokenize/tokenize.js';
import train from '../src/stages/train/train.js';
import { median, sst2File } from './support/minilm.js';

const BATCH = 32;

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000,10000,100000,1000000' },
    steps: { type: 'string', default: '200' },
    threads: { type: 'string', default: '2' },
    stage: { type: 'string' },
    folder: { type: 'string', default: '' },
  },
});

/** What a stage's process tells. */
interface Outcome {
  readonly seconds: number;
  /** Of training: seconds before the first step was done, and examples per second of the last half. */
  readonly start?: number;
  readonly speed?: number;
  /** Largest resident memory, in MiB. */
  readonly peak: number;
}

if (values.stage === undefined) await measure();
else await runStage(values.stage, values.folder);

async function measure(): Promise<void> {
  console.log(
    `Node ${process.versions.node}, ${values.threads} threads; training: ${values.steps} steps of ${BATCH}`,
  );
  for (const size of values.sizes.split(',').map(Number)) {
    const folder = mkdtempSync(join(tmpdir(), 'roux-bench-'));
    try {
      writeExamples(join(folder, 'examples.tsv'), size);
      await saveSmallModel(join(folder, 'model'));
      const [load, tokens, training] = ['load-dataset', 'tokenize', 'train'].map((stage) =>
        inProcess(stage, folder),
      );
      const rate = ({ seconds, peak }: Outcome) =>
        `${(size / seconds).toFixed(0)} examples/s, ${peak.toFixed(0)} MiB`;
      if (load === undefined || tokens === undefined || training === undefined) throw new Error('no outcome');
      console.log(
        `${size.toLocaleString('en')} examples: load-dataset ${rate(load)}; tokenize ${rate(tokens)}; ` +
          `train first step after ${training.start?.toFixed(1)} s, then ${training.speed?.toFixed(0)} examples/s, ` +
          `${training.peak.toFixed(0)} MiB`,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** Lines of text, tab, label. */
function writeExamples(file: string, size: number): void {
  const sentences = readFileSync(sst2File('train'), 'utf8').trimEnd().split('\n');
  const random = createRandom(1);
  const sentence = () => (sentences[random.integer(sentences.length)] ?? '').split('\t');
  const descriptor = openSync(file, 'w');
  for (let written = 0; written < size; ) {
    const lines: string[] = [];
    for (; lines.length < 10_000 && written < size; written += 1) {
      const [[first = ''], [second = '', label]] = [sentence(), sentence()];
      const [begin, end] = [first.split(' '), second.split(' ')];
      const words = [...begin.slice(0, begin.length >> 1), ...end.slice(end.length >> 1)];
      lines.push(`${words.join(' ')}\t${label}\n`);
    }
    writeSync(descriptor, lines.join(''));
  }
  closeSync(descriptor);
}

async function saveSmallModel(folder: string): Promise<void> {
  const base = fileURLToPath(new URL('../models/base', import.meta.url));
  const { vocab_size: tokenizerSize } = JSON.parse(readFileSync(join(base, 'config.json'), 'utf8'));
  const shape = {
    vocab_size: tokenizerSize,
    hidden_size: 128,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 512,
    max_position_embeddings: 128,
    pad_token_id: 0,
  };
  const model = createModel(new JsonFields({ ...bertConfigFields(shape) }, 'config.json'), {
    task: 'sequence-classification',
    labels: ['0', '1'],
    random: createRandom(1),
    tokenizer: base,
  });
  mkdirSync(folder);
  await saveModel(model, folder);
}

function inProcess(stage: string, folder: string): Outcome {
  const { stdout, status } = spawnSync(
    process.execPath,
    [
      fileURLToPath(import.meta.url),
      ...['--stage', stage, '--folder', folder, '--steps', values.steps, '--threads', values.threads],
    ],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...TENSOR_PROCESS_ENVIRONMENT },
    },
  );
  if (status !== 0) throw new Error(`${stage} failed`);
  return JSON.parse(stdout) as Outcome;
}

async function runStage(stage: string, folder: string): Promise<void> {
  const input = (kind: string, part?: string) => ({
    kind,
    path: join(folder, kind),
    digest: '',
    reference: kind,
    ...(part === undefined ? {} : { part }),
  });
  const output = (kind: string, name = kind) => {
    mkdirSync(join(folder, name));
    return { kind, path: join(folder, name) };
  };
  const times: number[] = [];
  const surroundings = {
    seed: 1,
    runtime: { name: 'onnx' as const, threads: Number(values.threads) },
    signal: new AbortController().signal,
    log: { info: () => undefined, warning: (message: string) => console.error(message) },
    progress: () => times.push(performance.now() / 1000),
    scratch: output('scratch', `scratch-${stage}`).path,
    cache: {
      artifact: () => {
        throw new Error('nothing is frozen here');
      },
    },
  };
  const begin = performance.now() / 1000;
  if (stage === 'load-dataset') {
    const given = {
      files: { train: join(folder, 'examples.tsv') },
      header: false,
      columns: ['text', 'label'],
      label: 'label',
      duplicates: 'keep',
      near_duplicates: false,
    };
    const settings = Value.Parse(loadDataset.settings, given);
    await loadDataset.run({ ...surroundings, settings, inputs: {}, outputs: { dataset: output('dataset') } });
  } else if (stage === 'tokenize') {
    const settings = Value.Parse(tokenize.settings, { max_length: 128 });
    const inputs = { dataset: input('dataset'), model: input('model'), tokenizer: undefined };
    await tokenize.run({ ...surroundings, settings, inputs, outputs: { tokens: output('tokens') } });
  } else {
    const settings = Value.Parse(train.settings, { max_steps: Number(values.steps), batch_size: BATCH });
    const inputs = {
      model: input('model'),
      tokens: input('tokens', 'train'),
      penalties: [],
      targets: undefined,
    };
    const outputs = { model: output('model', 'trained'), curve: output('curve') };
    await train.run({ ...surroundings, settings, inputs, outputs });
  }
  const seconds = performance.now() / 1000 - begin;
  const steps = times.map((time, index) => time - (times[index - 1] ?? begin)).slice(times.length >> 1);
  const outcome: Outcome = {
    seconds,
    ...(stage === 'train' ? { start: (times[0] ?? 0) - begin, speed: BATCH / median(steps) } : {}),
    peak: process.resourceUsage().maxRSS / 1024,
  };
  console.log(JSON.stringify(outcome));
}
