/**
 * What a fine-tuned model is worth, against Hugging Face Trainer with the same data and settings: MiniLM-L6-H384 with its real weights
 * on SST-2's sentences, once for every seed; printed are accuracies on the dev sentences, their means and standard
 * deviations. The same seed draws other numbers on both sides.
 *
 * `node bench/run.mjs quality [--seeds 1,2,3] [--epochs 3] [--learning-rate 5e-5] [--threads 2] [--side both|roux|peer]`. Some five
 * minutes a seed and side on two cores. Python with the peer: ROUX_BENCH_PYTHON; see docs/guide/speed.md. Needs a build.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { minilmFolder, sst2File } from './support/minilm.js';
import { python } from './support/python.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    epochs: { type: 'string', default: '3' },
    'learning-rate': { type: 'string', default: '5e-5' },
    threads: { type: 'string', default: '2' },
    side: { type: 'string', default: 'both' },
  },
});

/** The settings of both sides. */
const settings = {
  model: minilmFolder(),
  data: dirname(sst2File('train')),
  epochs: Number(values.epochs),
  batchSize: 32,
  learningRate: Number(values['learning-rate']),
  maxLength: 128,
  dropout: 0.1,
  warmup: 0.1,
  weightDecay: 0.01,
};
const seeds = values.seeds.split(',').map(Number);
const threads = Number(values.threads);
const folder = mkdtempSync(join(tmpdir(), 'roux-bench-'));

/** How one seed went. */
interface Score {
  readonly seed: number;
  readonly accuracy: number;
  /** On the dev sentences. */
  readonly loss: number;
  readonly trainingLoss: number;
  readonly steps: number;
  readonly seconds: number;
}

try {
  const { model: _model, data: _data, ...shown } = settings;
  console.log(`MiniLM-L6-H384, SST-2, AdamW, linear schedule, ${threads} threads: ${JSON.stringify(shown)}`);
  const ours = values.side === 'peer' ? [] : await scoresOfRoux();
  const theirs = values.side === 'roux' ? [] : await scoresOfPeer();
  if (ours.length > 0 && theirs.length > 0) {
    const [own, other] = [summary(ours), summary(theirs)];
    // Welch's standard error of the difference of two means.
    const error = Math.sqrt((own.deviation ** 2 + other.deviation ** 2) / seeds.length);
    const difference = 100 * (own.mean - other.mean);
    console.log(
      `difference of the means: ${difference.toFixed(2)} points, standard error ${(100 * error).toFixed(2)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function scoresOfRoux(): Promise<readonly Score[]> {
  const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  const recipe = fileURLToPath(new URL('../bench/recipes/quality.yaml', import.meta.url));
  const params = Object.entries(settings).flatMap(([name, value]) => [
    '--set',
    `${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}=${value}`,
  ]);
  const scores: Score[] = [];
  for (const seed of seeds) {
    const store = ['--store', join(folder, 'store'), '--threads', String(threads)];
    const records = new Map<string, { durationMs: number; metrics: Record<string, number> }>();
    const args = [program, 'run', recipe, '--json', '--seed', String(seed), ...store, ...params];
    for await (const event of linesOf(process.execPath, args)) {
      if (event.event === 'stage-done') records.set(String(event.stage), event.record as never);
    }
    const [train, score] = [records.get('train'), records.get('score')];
    if (train === undefined || score === undefined) throw new Error('a stage did not run');
    scores.push(
      tell('roux', {
        seed,
        accuracy: score.metrics.accuracy ?? Number.NaN,
        loss: score.metrics.log_loss ?? Number.NaN,
        trainingLoss: train.metrics.train_loss ?? Number.NaN,
        steps: train.metrics.steps ?? Number.NaN,
        seconds: train.durationMs / 1000,
      }),
    );
  }
  return conclude('roux', scores);
}

async function scoresOfPeer(): Promise<readonly Score[]> {
  const script = fileURLToPath(new URL('../bench/peers/hf_accuracy.py', import.meta.url));
  const given = JSON.stringify({ ...settings, seeds, threads, output: folder });
  const name = 'Hugging Face Trainer';
  const scores: Score[] = [];
  for await (const message of linesOf(python(), [script, given])) {
    if ('versions' in message) console.log(`${name}: ${message.versions}; ${message.settings}`);
    else scores.push(tell(name, message as unknown as Score));
  }
  return conclude(name, scores);
}

/** The lines of JSON that a program prints. Throws when it fails. */
async function* linesOf(program: string, args: readonly string[]): AsyncGenerator<Record<string, unknown>> {
  const child = spawn(program, [...args], { stdio: ['ignore', 'pipe', 'inherit'], env: plainEnvironment() });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  let last = '';
  for await (const line of createInterface({ input: child.stdout })) {
    last = line;
    yield JSON.parse(line) as Record<string, unknown>;
  }
  const status = await closed;
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${last}`);
}

/** Without the allocator's settings of bench/run.mjs: roux sets them itself where it computes, and the peer's users have others. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, MALLOC_MMAP_MAX_: undefined, MALLOC_TRIM_THRESHOLD_: undefined };
}

function tell(name: string, score: Score): Score {
  const { seed, accuracy, loss, trainingLoss, steps, seconds } = score;
  console.log(
    `${name}, seed ${seed}: accuracy ${accuracy.toFixed(4)}, loss ${loss.toFixed(4)}; ` +
      `training loss ${trainingLoss.toFixed(4)}, ${steps} steps, ${seconds.toFixed(0)} s`,
  );
  return score;
}

function conclude(name: string, scores: readonly Score[]): readonly Score[] {
  const { mean, deviation } = summary(scores);
  console.log(`${name}: accuracy ${mean.toFixed(4)}, standard deviation ${deviation.toFixed(4)}`);
  return scores;
}

/** Mean and sample standard deviation of the accuracies. */
function summary(scores: readonly Score[]): { readonly mean: number; readonly deviation: number } {
  const mean = scores.reduce((sum, { accuracy }) => sum + accuracy, 0) / scores.length;
  const squares = scores.reduce((sum, { accuracy }) => sum + (accuracy - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(1, scores.length - 1)) };
}
