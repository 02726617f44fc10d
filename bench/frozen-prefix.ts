/**
 * Training with frozen layers against Hugging Face Trainer on the same processor: MiniLM-L6-H384 with its real weights, SST-2, batch
 * 32, AdamW, dropout 0.1, 5 epochs.
 *
 * roux is measured as its users meet it: the train stage of a real run, with everything from reading the model to writing the
 * new one. Of the peer only steps are timed, after it has warmed up, without its start; 5 epochs of it are the median time of a
 * step times their number. Segments of the peer lie before, between and after the runs of roux. Processor time is printed
 * too: it is steadier where other programs run on the machine, and of roux it counts the whole run, with reading and
 * tokenizing the data.
 *
 * `node bench/run.mjs frozen-prefix [--part half,encoder] [--rows ALL] [--half-rows 2048] [--segments 6] [--steps 8] [--rates 5] [--threads 2]`.
 * Each part takes some three minutes on two idle cores, and measures the peers that it is compared with. Python with the peer:
 * ROUX_BENCH_PYTHON; see docs/guide/speed.md. Needs a build.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { minilmFolder, sst2File } from './support/minilm.js';
import { python } from './support/python.js';
import { Side } from './support/side.js';

const { values } = parseArgs({
  options: {
    part: { type: 'string', default: 'half,encoder' },
    rows: { type: 'string' },
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
const FIRST_RATE = 5e-4;
const WARM_UP_STEPS = 3;
const threads = Number(values.threads);
const project = mkdtempSync(join(tmpdir(), 'roux-bench-'));

/** What is frozen: patterns for freeze-layers, and for names of the peer's parameters. */
const FREEZES = {
  nothing: { peer: [] },
  half: { roux: ['embeddings', 'layers.0-2'], peer: ['embeddings', 'layer\\.[012]\\.'] },
  encoder: { roux: ['embeddings', 'layers.*'], peer: ['embeddings', 'encoder'] },
} as const;

type Freeze = keyof typeof FREEZES;

/** What a training took; processor seconds are those of all threads together. */
interface Cost {
  readonly seconds: number;
  readonly processorSeconds: number;
}

interface Training extends Cost {
  readonly steps: number;
}

await compare();

async function compare(): Promise<void> {
  console.log(
    `MiniLM-L6-H384, SST-2, batch ${BATCH}, maximum length 128, ${threads} threads, AdamW, dropout 0.1, ${EPOCHS} epochs; ` +
      `activations ${values.precision}`,
  );
  const parts = values.part.split(',');
  try {
    if (parts.includes('half')) await compareHalf();
    if (parts.includes('encoder')) await compareEncoder();
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

async function compareHalf(): Promise<void> {
  const against = ['nothing', 'half'] as const;
  const peers = await startPeers(against);
  const segments = Number(values.segments);
  await measure(peers, Math.ceil(segments / 2));
  const half = run('half', [5e-5], Number(values['half-rows']));
  await measure(peers, Math.floor(segments / 2));
  await finish(peers);
  tell(`bottom half frozen (${values['half-rows']} rows)`, half, peers, against);
}

async function compareEncoder(): Promise<void> {
  const peers = await startPeers(['nothing', 'encoder']);
  const segments = Number(values.segments);
  const third = Math.ceil(segments / 3);
  const rows = values.rows === undefined ? undefined : Number(values.rows);
  await measure(peers, third);
  const first = run('encoder', [FIRST_RATE], rows);
  await measure(peers, third);
  const rates = Array.from({ length: Number(values.rates) }, (_, index) => FIRST_RATE * (2 + index));
  const further = run('encoder', [FIRST_RATE, ...rates], rows);
  await measure(peers, Math.max(0, segments - 2 * third));
  await finish(peers);
  tell('encoder frozen', first, peers, ['nothing', 'encoder']);
  const each = further.map(({ seconds }) => seconds.toFixed(1)).join(', ');
  tell(`further learning rate (${each} s)`, further, peers, ['encoder']);
}

interface Peer {
  readonly freeze: Freeze;
  readonly side: Side;
  /** Of a step. */
  readonly costs: Cost[];
}

async function startPeers(freezes: readonly Freeze[]): Promise<readonly Peer[]> {
  const script = fileURLToPath(new URL('../bench/peers/hf_trainer.py', import.meta.url));
  const peers: Peer[] = [];
  for (const freeze of freezes) {
    const settings = {
      model: minilmFolder(),
      data: sst2File('train'),
      output: project,
      maxLength: 128,
      batchSize: BATCH,
      learningRate: FIRST_RATE,
      threads,
      seed: 1,
      freeze: FREEZES[freeze].peer,
    };
    const name = `Hugging Face Trainer, ${freeze} frozen`;
    const { side, ready } = await Side.start(name, python(), [script, JSON.stringify(settings)]);
    console.log(`${name}: ${ready.versions}; ${ready.settings}`);
    await side.train(WARM_UP_STEPS);
    peers.push({ freeze, side, costs: [] });
  }
  return peers;
}

async function measure(peers: readonly Peer[], segments: number): Promise<void> {
  for (let segment = 0; segment < segments; segment += 1) {
    for (const { side, costs } of peers) {
      const { seconds, steps, processorSeconds = Number.NaN } = await side.train(Number(values.steps));
      costs.push({ seconds: seconds / steps, processorSeconds: processorSeconds / steps });
    }
  }
}

/** Ends the peers and tells how long their steps took. */
async function finish(peers: readonly Peer[]): Promise<void> {
  for (const { side, costs } of peers) {
    await side.end();
    const list = costs.map(({ seconds }) => (1000 * seconds).toFixed(0)).join(', ');
    console.log(`${side.name}: ${describe(medianCost(costs))} a step (${list} ms)`);
  }
}

/** The median of our trainings against so many steps of the peer. */
function tell(
  what: string,
  trainings: readonly Training[],
  peers: readonly Peer[],
  against: readonly Freeze[],
): void {
  const ours = medianCost(trainings);
  const steps = trainings[0]?.steps ?? 0;
  const ratios = peers
    .filter(({ freeze }) => against.includes(freeze))
    .map(({ freeze, costs }) => {
      const cost = medianCost(costs);
      const time = (cost.seconds * steps) / ours.seconds;
      const processor = (cost.processorSeconds * steps) / ours.processorSeconds;
      return `${time.toFixed(1)} x (processor time ${processor.toFixed(1)} x) against ${freeze} frozen`;
    });
  console.log(`${what}: ${describe(ours)} for ${steps} steps; ${ratios.join(', ')}`);
}

function describe({ seconds, processorSeconds }: Cost): string {
  return `${seconds.toFixed(2)} s (processor ${processorSeconds.toFixed(2)} s)`;
}

function medianCost(costs: readonly Cost[]): Cost {
  return {
    seconds: median(costs.map(({ seconds }) => seconds)),
    processorSeconds: median(costs.map(({ processorSeconds }) => processorSeconds)),
  };
}

/**
 * Trains once for every learning rate, in one run; gives back what the train stages took that had to run. The run's processor time, all
 * its processes and stages together, is divided evenly among them.
 */
function run(freeze: 'half' | 'encoder', rates: readonly number[], rows?: number): readonly Training[] {
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
  const before = processorSecondsOfChildren();
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
  const processorSeconds = processorSecondsOfChildren() - before;
  const trained = stdout
    .split('\n')
    .filter((line) => line.includes('"event":"stage-done"'))
    .map((line) => JSON.parse(line))
    .filter(({ stage }) => String(stage).startsWith('train'));
  if (trained.length === 0) throw new Error(`no train stage ran: ${stdout.slice(-2_000)}`);
  return trained.map(({ record }) => ({
    seconds: record.durationMs / 1000,
    steps: record.metrics.steps,
    processorSeconds: processorSeconds / trained.length,
  }));
}

/** Of processes that have ended, and of theirs; Linux counts it in hundredths (proc(5): cutime, cstime). */
function processorSecondsOfChildren(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}
