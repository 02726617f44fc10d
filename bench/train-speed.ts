/**
 * Training speed against Hugging Face Trainer on the same processor: MiniLM-L6-H384 with its real weights, SST-2, batch 32, AdamW,
 * dropout 0.1. Both sides train in turn, segment by segment; printed are medians of examples per second and their ratio.
 *
 * `node bench/run.mjs train-speed [--peer default,grouped,...|all|none] [--segments 5] [--steps 16] [--threads 2]
 * [--length 128] [--recompute]`. With `--recompute` another side of roux trains with `recompute: true`. Python with the peers: ROUX_BENCH_PYTHON; see docs/guide/speed.md.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, minilmFolder, sst2File } from './support/minilm.js';
import { python } from './support/python.js';
import { type RouxSettings, runRouxSide } from './support/roux-side.js';
import { type Segment, Side } from './support/side.js';

/** Configurations of the peer. */
const PEERS: Readonly<Record<string, { readonly attention?: string; readonly arguments?: object }>> = {
  default: {},
  grouped: { arguments: { train_sampling_strategy: 'group_by_length' } },
  'grouped-bf16': { arguments: { train_sampling_strategy: 'group_by_length', bf16: true } },
  'grouped-eager': { attention: 'eager', arguments: { train_sampling_strategy: 'group_by_length' } },
  'grouped-compile': { arguments: { train_sampling_strategy: 'group_by_length', torch_compile: true } },
};

const BERT_BASE = {
  vocab_size: 30522,
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  max_position_embeddings: 512,
};

const { values } = parseArgs({
  options: {
    peer: { type: 'string', default: 'default' },
    segments: { type: 'string', default: '5' },
    steps: { type: 'string', default: '16' },
    'warm-up': { type: 'string', default: '48' },
    'peer-warm-up': { type: 'string', default: '6' },
    threads: { type: 'string', default: '2' },
    batch: { type: 'string', default: '32' },
    length: { type: 'string' },
    'bert-base': { type: 'boolean', default: false },
    recompute: { type: 'boolean', default: false },
    side: { type: 'string' },
  },
});

if (values.side === undefined) await compare();
else await runRouxSide(JSON.parse(values.side));

async function compare(): Promise<void> {
  const output = mkdtempSync(join(tmpdir(), 'roux-bench-'));
  const settings: RouxSettings = {
    model: minilmFolder(),
    maxLength: Math.max(128, Number(values.length ?? 0)),
    batchSize: Number(values.batch),
    learningRate: 2e-5,
    threads: Number(values.threads),
    dropout: 0.1,
    seed: 1,
    ...(values.length === undefined ? {} : { length: Number(values.length) }),
    ...(values['bert-base'] ? { config: BERT_BASE } : {}),
  };
  console.log(
    `${values['bert-base'] ? 'BERT-base shape, random weights' : 'MiniLM-L6-H384'}, ` +
      `${values.length === undefined ? 'SST-2' : `sequences of ${values.length} tokens`}, batch ${settings.batchSize}, ` +
      `maximum length ${settings.maxLength}, ${settings.threads} threads, float32, AdamW, dropout ${settings.dropout}; ` +
      `${values.segments} segments of ${values.steps} steps in turn, after ${values['warm-up']} of roux and ${values['peer-warm-up']} of the peer`,
  );
  const names =
    values.peer === 'all' ? Object.keys(PEERS) : values.peer === 'none' ? [] : values.peer.split(',');
  const sides: Side[] = [];
  const start = async (name: string, command: string, args: string[]) => {
    const { side, ready } = await Side.start(name, command, args);
    sides.push(side);
    console.log(`${name}: ${ready.versions}; ${ready.settings}`);
  };
  const startRoux = (name: string, own: RouxSettings) =>
    start(name, process.execPath, [fileURLToPath(import.meta.url), '--side', JSON.stringify(own)]);
  await startRoux('roux', settings);
  if (values.recompute) await startRoux('roux, recomputing', { ...settings, recompute: true });
  const script = fileURLToPath(new URL('../bench/peers/hf_trainer.py', import.meta.url));
  for (const name of names) {
    const peer = { ...settings, data: sst2File('train'), output, ...PEERS[name] };
    await start(`Hugging Face Trainer, ${name}`, python(), [script, JSON.stringify(peer)]);
  }
  const segments = sides.map((): Segment[] => []);
  const warmUps: Segment[] = [];
  // roux compiles a step for every padded length when it first comes up.
  const warmUpSteps = (index: number) =>
    Number(index < sides.length - names.length ? values['warm-up'] : values['peer-warm-up']);
  for (const [index, side] of sides.entries()) warmUps.push(await side.train(warmUpSteps(index)));
  for (let round = 0; round < Number(values.segments); round += 1) {
    for (const [index, side] of sides.entries())
      segments[index]?.push(await side.train(Number(values.steps)));
  }
  const speeds = segments.map((list) => median(list.map(({ examples, seconds }) => examples / seconds)));
  sides.forEach((side, index) => {
    const rates = (segments[index] ?? []).map(({ examples, seconds }) => (examples / seconds).toFixed(1));
    const peak = (segments[index]?.at(-1)?.peakBytes ?? 0) / 2 ** 20;
    console.log(
      `${side.name}: ${speeds[index]?.toFixed(1)} examples/s (${rates.join(', ')}), ` +
        `first ${warmUpSteps(index)} steps ${warmUps[index]?.seconds.toFixed(1)} s, peak memory ${peak.toFixed(0)} MiB` +
        (index === 0 ? '' : `; ratio ${((speeds[0] ?? 0) / (speeds[index] ?? 1)).toFixed(2)}`),
    );
  });
  for (const side of sides) await side.end();
  rmSync(output, { recursive: true, force: true });
}
