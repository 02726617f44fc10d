/**
 * Training with frozen layers against Hugging Face Trainer on the same processor: MiniLM-L6-H384 with its real weights, SST-2, batch
 * 32, AdamW, dropout 0.1, 5 epochs.
 *
 * roux is measured as its users meet it: the train stage of a real run, with everything from reading the model to writing the
 * new one. Of the peer only steps are timed, after it has warmed up, without its start; 5 epochs of it are the median time of a
 * step times their number. Segments of the peer lie before, between and after the runs of roux.
 *
 * `node bench/run.mjs frozen-prefix [--half-rows 2048] [--segments 6] [--steps 8] [--rates 5] [--threads 2]`. Python with the peer:
 * ROUX_BENCH_PYTHON; see docs/guide/speed.md. Needs a build.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { minilmFolder, python, sst2File } from './support/minilm.js';
import { Side } from './support/side.js';

const { values } = parseArgs({
  options: {
    'half-rows': { type: 'string', default: '2048' },
    segments: { type: 'string', default: '6' },
    steps: { type: 'string', default: '8' },
    rates: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    precision: { type: 'string', default: 'float32' },
  },
});

const EPOCHS = 5;
const BATCH = 32;
const threads = Number(values.threads);
const project = mkdtempSync(join(tmpdir(), 'roux-bench-'));

/** What is frozen: patterns for freeze-layers, and for names of the peer's parameters. */
const FREEZES = {
  nothing: { peer: [] },
  half: { roux: ['embeddings', 'layers.0-2'], peer: ['embeddings', 'layer\\.[012]\\.'] },
  encoder: { roux: ['embeddings', 'layers.*'], peer: ['embeddings', 'encoder'] },
} as const;

type Freeze = keyof typeof FREEZES;

interface StageRun {
  readonly seconds: number;
  readonly steps: number;
}

await compare();

async function compare(): Promise<void> {
  console.log(
    `MiniLM-L6-H384, SST-2, batch ${BATCH}, maximum length 128, ${threads} threads, AdamW, dropout 0.1, ${EPOCHS} epochs; ` +
      `activations ${values.precision}`,
  );
  const script = fileURLToPath(new URL('../bench/peers/hf_trainer.py', import.meta.url));
  const sides = new Map<Freeze, Side>();
  for (const freeze of ['nothing', 'half', 'encoder'] as const) {
    const settings = {
      model: minilmFolder(),
      data: sst2File('train'),
      output: project,
      maxLength: 128,
      batchSize: BATCH,
      learningRate: 1e-3,
      threads,
      seed: 1,
      freeze: FREEZES[freeze].peer,
    };
    const name = `Hugging Face Trainer, ${freeze} frozen`;
    const { side, ready } = await Side.start(name, python, [script, JSON.stringify(settings)]);
    console.log(`${name}: ${ready.versions}; ${ready.settings}`);
    await side.train(3);
    sides.set(freeze, side);
  }
  const times: Record<Freeze, number[]> = { nothing: [], half: [], encoder: [] };
  const segments = Number(values.segments);
  const measurePeer = async (count: number) => {
    for (let segment = 0; segment < count; segment += 1) {
      for (const [freeze, side] of sides) {
        const { seconds, steps } = await side.train(Number(values.steps));
        times[freeze].push(seconds / steps);
      }
    }
  };

  await measurePeer(Math.ceil(segments / 3));
  const rates = Array.from({ length: Number(values.rates) }, (_, index) => 1e-3 * (1 + index / 4));
  const [first, ...others] = run('encoder', [1e-3 / 2, ...rates]);
  await measurePeer(Math.ceil(segments / 3));
  const [half] = run('half', [5e-5], Number(values['half-rows']));
  await measurePeer(segments - 2 * Math.ceil(segments / 3));
  for (const side of sides.values()) await side.end();
  rmSync(project, { recursive: true, force: true });
  if (first === undefined || half === undefined) throw new Error('a run gave no train stage');

  for (const freeze of Object.keys(times) as Freeze[]) {
    const list = times[freeze].map((seconds) => (1000 * seconds).toFixed(0));
    console.log(
      `Hugging Face, ${freeze} frozen: ${(1000 * median(times[freeze])).toFixed(0)} ms a step (${list.join(', ')})`,
    );
  }
  const peer = (freeze: Freeze, { steps }: StageRun) => median(times[freeze]) * steps;
  const tell = (what: string, ours: StageRun, peers: readonly Freeze[]) => {
    const ratios = peers.map(
      (freeze) =>
        `${(peer(freeze, ours) / ours.seconds).toFixed(1)} x Hugging Face with ${freeze} frozen (${peer(freeze, ours).toFixed(0)} s)`,
    );
    console.log(`${what}: ${ours.seconds.toFixed(1)} s for ${ours.steps} steps; ${ratios.join(', ')}`);
  };
  tell(`bottom half frozen (${values['half-rows']} rows)`, half, ['nothing', 'half']);
  tell('encoder frozen', first, ['nothing', 'encoder']);
  const further = { steps: others[0]?.steps ?? 0, seconds: median(others.map(({ seconds }) => seconds)) };
  tell(
    `further learning rate, median of ${others.map(({ seconds }) => seconds.toFixed(1)).join(', ')} s`,
    further,
    ['encoder'],
  );
}

/** Trains once for every learning rate, in one run; gives back the train stages' times. */
function run(freeze: 'half' | 'encoder', rates: readonly number[], rows?: number): StageRun[] {
  const recipe = {
    recipe: 1,
    name: `frozen-${freeze}`,
    stages: {
      data: {
        uses: 'load-dataset',
        with: {
          files: { train: sst2File('train') },
          columns: ['text', 'label'],
          header: false,
          label: 'label',
          duplicates: 'keep',
          ...(rows === undefined ? {} : { limit: rows }),
        },
      },
      base: {
        uses: 'load-model',
        with: { from: minilmFolder(), task: 'sequence-classification', labels: ['0', '1'] },
      },
      tokens: { uses: 'tokenize', in: { dataset: 'data', model: 'base' }, with: { max_length: 128 } },
      frozen: { uses: 'freeze-layers', in: { model: 'base' }, with: { freeze: FREEZES[freeze].roux } },
      ...Object.fromEntries(
        rates.map((rate, index) => [
          `train${index}`,
          {
            uses: 'train',
            in: { model: 'frozen', tokens: 'tokens.train' },
            with: {
              epochs: EPOCHS,
              batch_size: BATCH,
              learning_rate: rate,
              frozen_activations: values.precision,
            },
          },
        ]),
      ),
    },
  };
  writeFileSync(join(project, `${freeze}.yaml`), JSON.stringify(recipe));
  const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [
      program,
      'run',
      `${freeze}.yaml`,
      '--json',
      '--threads',
      String(threads),
      '--store',
      join(project, freeze),
    ],
    { cwd: project, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  if (status !== 0) throw new Error(stdout.slice(-2_000) + stderr);
  return stdout
    .split('\n')
    .filter((line) => line.includes('"event":"stage-done"'))
    .map((line) => JSON.parse(line))
    .filter(({ stage }) => String(stage).startsWith('train'))
    .map(({ record }) => ({ seconds: record.durationMs / 1000, steps: record.metrics.steps }));
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}
