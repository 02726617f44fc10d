/**
 * The roux side of the training benchmarks, as a program: speaks the protocol of `side.ts`. Its only argument is a JSON
 * object of `RouxSettings`.
 */
import { readSync, writeSync } from 'node:fs';
import { createRandom } from '../../src/data/random.js';
import { JsonFields } from '../../src/formats/json.js';
import { createBert } from '../../src/models/bert.js';
import { withConfigFields } from '../../src/models/families.js';
import { initializeParameter } from '../../src/models/initialize.js';
import { labelFields } from '../../src/models/labels.js';
import { loadModel, taskParameters, weightsOf } from '../../src/models/model.js';
import { openRuntime } from '../../src/runtime/open-runtime.js';
import type { NamedHostTensors } from '../../src/runtime/runtime.js';
import { createObjective } from '../../src/training/objectives/index.js';
import { classificationData } from '../../src/training/objectives/sequence-classification.js';
import { defaultOptimizers } from '../../src/training/optimizers/index.js';
import { train } from '../../src/training/trainer.js';
import { sst2File, tokenize, uniformTokens } from './minilm.js';

/** What the roux side is told. */
export interface RouxSettings {
  readonly model: string;
  /** A BERT configuration for random weights instead of the folder's. */
  readonly config?: Readonly<Record<string, number | string>>;
  /** Instead of SST-2: sequences that all have this length. */
  readonly length?: number;
  readonly maxLength: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly threads: number;
  readonly dropout: number;
  readonly seed: number;
  /** Activations are computed again in the backward pass. */
  readonly recompute?: boolean;
}

/** Runs until told to end. */
export async function runRouxSide(settings: RouxSettings): Promise<void> {
  const split =
    settings.length === undefined
      ? await tokenize(sst2File('train'), settings.model, settings.maxLength)
      : uniformTokens(1024, settings.length);
  const { architecture, weights, denseWeights } = await modelOf(settings);
  const runtime = await openRuntime('onnx', { threads: settings.threads });
  say({
    ready: performance.now() / 1000,
    versions: `${runtime.fingerprint}, Node ${process.versions.node}`,
    settings:
      `AdamW, dropout ${settings.dropout}, batch ${settings.batchSize}, threads ${settings.threads}` +
      (settings.recompute === true ? ', activations computed again' : ''),
  });
  let left = order();
  if (left > 0) {
    let steps = left;
    let begin = performance.now();
    const stop = new AbortController();
    const { recompute = false } = settings;
    const objective = createObjective(architecture, 'sequence-classification', { recompute });
    const training = train({
      runtime,
      objective,
      weights,
      trainable: Object.keys(weights),
      data: classificationData(split, { labels: 2, paddingId: 0 }),
      penalties: [],
      settings: {
        epochs: 100,
        batchSize: settings.batchSize,
        gradientAccumulation: 1,
        learningRate: settings.learningRate,
        schedule: 'linear',
        warmup: 0,
        optimizer: defaultOptimizers.adamw,
        weightDecay: 0,
        maximumGradientNorm: 1,
        best: { metric: 'loss', mode: 'min', minimumDifference: 0 },
        keep: 'last',
      },
      maximumLength: architecture.config.maximumLength,
      denseWeights,
      seed: settings.seed,
      signal: stop.signal,
      clock: () => performance.now() / 1000,
      onProgress: ({ figures }) => {
        left -= 1;
        if (process.env.ROUX_BENCH_TRACE) console.error(figures.loss, performance.now());
        if (left > 0) return;
        const seconds = (performance.now() - begin) / 1000;
        const peakBytes = process.resourceUsage().maxRSS * 1024;
        say({ steps, examples: steps * settings.batchSize, seconds, peakBytes });
        steps = order();
        left = steps;
        begin = performance.now();
        if (left === 0) stop.abort();
      },
    });
    await training.catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
  }
  await runtime.dispose();
}

async function modelOf({ model: folder, config, dropout, seed }: RouxSettings) {
  const random = createRandom(seed);
  const withDropout = {
    hidden_dropout_prob: dropout,
    attention_probs_dropout_prob: dropout,
    classifier_dropout: dropout,
  };
  if (config !== undefined) {
    const fields = { model_type: 'bert', ...config, ...withDropout, ...labelFields(['0', '1']) };
    const architecture = createBert(new JsonFields(fields, 'config.json'));
    const parameters = architecture.parameters(architecture.partsOf('sequence-classification'));
    const weights: NamedHostTensors = Object.fromEntries(
      parameters.map((parameter) => [parameter.name, initializeParameter(parameter, 0.02, random)]),
    );
    return { architecture, weights, denseWeights: denseOf(parameters) };
  }
  const { model } = await loadModel(folder, { task: 'sequence-classification', labels: ['0', '1'], random });
  const parameters = taskParameters(model);
  return {
    architecture: withConfigFields(model.architecture, withDropout),
    weights: weightsOf(model, parameters),
    denseWeights: denseOf(parameters),
  };
}

function denseOf(parameters: ReturnType<typeof taskParameters>): number {
  return parameters
    .filter(({ group }) => group !== 'embeddings')
    .reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

function say(message: object): void {
  writeSync(1, `${JSON.stringify(message)}\n`);
}

/** Waits for the next number on standard input; training stands still meanwhile. 0 at the end. */
function order(): number {
  const byte = Buffer.alloc(1);
  let line = '';
  for (;;) {
    if (readSync(0, byte) === 0) return 0;
    const character = byte.toString('latin1');
    if (character === '\n') return line === 'end' ? 0 : Number(line);
    line += character;
  }
}
