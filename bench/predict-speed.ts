/**
 * Speed of inference: MiniLM-L6-H384 as a classifier, SST-2's dev sentences, from text to probabilities with transformers.js on the
 * same exported model, and from tokens to logits with onnxruntime-node on the same ONNX file.
 *
 * `node bench/run.mjs predict-speed [--segments 5] [--threads 2] [--batch 32] [--limit 872]`. Installs transformers.js under
 * build/peers at the first run. All sides run in this process, in the environment that roux gives its own.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import * as ort from 'onnxruntime-node';
import { createRandom } from '../src/data/random.js';
import { loadTokenizer } from '../src/data/tokenizer.js';
import { loadModel } from '../src/models/model.js';
import { createPredictor, padSequences, type TokenSequence } from '../src/models/predict.js';
import { openRuntime } from '../src/runtime/open-runtime.js';
import { modelToOnnx } from '../src/stages/export/onnx-model.js';
import { median, minilmFolder, sst2File } from './support/minilm.js';
import { installPeers, peerVersions } from './support/peers.js';

const PEER = '@huggingface/transformers';

const { values } = parseArgs({
  options: {
    segments: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    batch: { type: 'string', default: '32' },
    limit: { type: 'string', default: '872' },
  },
});
const threads = Number(values.threads);
const batch = Number(values.batch);

/** Classifies all texts. */
interface Contender {
  readonly name: string;
  readonly settings: string;
  run(): Promise<unknown>;
}

const folder = minilmFolder();
const texts = readFileSync(sst2File('dev'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .slice(0, Number(values.limit))
  .map((line) => line.slice(0, line.lastIndexOf('\t')));
const tokenizer = await loadTokenizer(folder);
const encode = (): TokenSequence[] =>
  texts.map((text) => tokenizer.encode(text, undefined, { maxLength: 128 }));
const sequences = encode();
const tokens = sequences.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
const { model } = await loadModel(folder, {
  task: 'sequence-classification',
  labels: ['negative', 'positive'],
  random: createRandom(1),
});
const work = mkdtempSync(join(tmpdir(), 'roux-predict-'));
mkdirSync(join(work, 'onnx'));
writeFileSync(join(work, 'onnx/model.onnx'), modelToOnnx(model));
for (const name of ['tokenizer.json', 'tokenizer_config.json'])
  copyFileSync(join(folder, name), join(work, name));
const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
const labels = { id2label: { 0: 'negative', 1: 'positive' }, label2id: { negative: 0, positive: 1 } };
writeFileSync(
  join(work, 'config.json'),
  JSON.stringify({ ...config, architectures: ['BertForSequenceClassification'], ...labels }),
);

const runtime = await openRuntime('onnx', { threads });
const predictor = createPredictor(model, runtime);
const contenders: Contender[] = [
  { name: 'roux, from text', settings: runtime.fingerprint, run: () => predictor.probabilities(encode()) },
  { name: 'roux, from tokens', settings: runtime.fingerprint, run: () => predictor.logits(sequences) },
  await rawContender(),
  await transformersContender(),
];
console.log(
  `MiniLM-L6-H384, ${texts.length} sentences of SST-2 dev, ${tokens} tokens, ${threads} threads, float32; ` +
    `medians of ${values.segments} segments in turn`,
);
for (const { run } of contenders) await run();
const seconds = contenders.map((): number[] => []);
for (let segment = 0; segment < Number(values.segments); segment += 1) {
  for (const [index, { run }] of contenders.entries()) {
    const before = performance.now();
    await run();
    seconds[index]?.push((performance.now() - before) / 1000);
  }
}
const speeds = seconds.map((list) => tokens / median(list));
contenders.forEach(({ name, settings }, index) => {
  console.log(`${name}: ${speeds[index]?.toFixed(0)} tokens/s (${settings})`);
});
const [fromText = 0, fromTokens = 0, raw = 1, transformers = 1] = speeds;
console.log(
  `against transformers.js ${(fromText / transformers).toFixed(2)}, against onnxruntime ${(fromTokens / raw).toFixed(2)}`,
);
predictor.dispose();
await runtime.dispose();
rmSync(work, { recursive: true, force: true });

/** A careful user of onnxruntime-node: sentences sorted by length, padded to the longest of each batch. */
async function rawContender(): Promise<Contender> {
  const session = await ort.InferenceSession.create(join(work, 'onnx/model.onnx'), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  const sorted = sequences.toSorted((a, b) => a.inputIds.length - b.inputIds.length);
  return {
    name: 'onnxruntime-node, from tokens',
    settings: `sorted by length, batches of ${batch}, padded to the longest`,
    run: async () => {
      for (let start = 0; start < sorted.length; start += batch) {
        const members = sorted.slice(start, start + batch);
        const length = Math.max(...members.map(({ inputIds }) => inputIds.length));
        const padded = padSequences(members, { size: members.length, length }, 0);
        const feeds = Object.fromEntries(
          Object.entries(padded).map(([name, { data, shape }]) => [
            name,
            new ort.Tensor('int64', BigInt64Array.from(data, BigInt), shape),
          ]),
        );
        await session.run(feeds);
      }
    },
  };
}

/** transformers.js as its documentation shows it, a batch of texts at a time. */
async function transformersContender(): Promise<Contender> {
  const peers = installPeers('inference');
  const { pipeline, env } = await import(
    pathToFileURL(createRequire(join(peers, 'x.js')).resolve(PEER)).href
  );
  env.allowRemoteModels = false;
  env.localModelPath = join(work, '..');
  const classify = await pipeline('text-classification', work.split('/').at(-1), {
    dtype: 'fp32',
    session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
  });
  return {
    name: 'transformers.js, from text',
    settings: `${PEER} ${peerVersions.inference[PEER]}, fp32, batches of ${batch}`,
    run: async () => {
      for (let start = 0; start < texts.length; start += batch)
        await classify(texts.slice(start, start + batch));
    },
  };
}
