/** ONNX files of trained models: written by the tracer that trains them, run as others will run them. */
import * as ort from 'onnxruntime-node';
import { type Model, taskParameters, weightsOf } from '../../models/model.js';
import { forward, padSequences, sizesToTrace, type TokenSequence } from '../../models/predict.js';
import { exportToOnnx } from '../../runtime/onnx/export.js';

/** Sequences of one call of the check; several calls have batches of different sizes and lengths. */
const checkBatch = 8;

/** ONNX Runtime's fourth level of five: errors only. */
const errorsOnly = 3;

/**
 * The model as an ONNX file.
 *
 * Inputs as in Hugging Face's exports: `input_ids`, `attention_mask`, `token_type_ids`, int64 [batch, sequence]. Output
 * `logits`: float32 [batch, labels], or [batch, sequence, vocabulary] for a masked language model.
 */
export function modelToOnnx(model: Model): Uint8Array {
  const input = { dtype: 'int64', shape: ['batch', 'sequence'] } as const;
  const { labels } = model.architecture.config;
  return exportToOnnx(
    (inputs, weights) => {
      const logits = forward(model, inputs, weights);
      if (model.task === 'sequence-classification') return { outputs: { logits } };
      const [batch = 0, length = 0] = inputs.input_ids?.shape ?? [];
      return { outputs: { logits: logits.reshape([batch, length, logits.shape[1]]) } };
    },
    {
      name: `${model.architecture.config.modelType}-${model.task}`,
      inputs: { input_ids: input, attention_mask: input, token_type_ids: input },
      weights: weightsOf(model, taskParameters(model)),
      outputs: ['logits'],
      metadata: model.task === 'sequence-classification' ? { labels: JSON.stringify(labels) } : {},
      sizes: sizesToTrace(model),
    },
  );
}

/** Runs an ONNX file on sequences: the logits of each, without those of padding. */
export async function runOnnx(
  file: string,
  model: Model,
  sequences: readonly TokenSequence[],
  options: { readonly threads: number; readonly signal: AbortSignal },
): Promise<readonly Float32Array[]> {
  const session = await ort.InferenceSession.create(file, {
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    logSeverityLevel: errorsOnly,
  });
  try {
    const results: Float32Array[] = [];
    for (let start = 0; start < sequences.length; start += checkBatch) {
      options.signal.throwIfAborted();
      results.push(...(await runBatch(session, model, sequences.slice(start, start + checkBatch))));
    }
    return results;
  } finally {
    await session.release();
  }
}

async function runBatch(
  session: ort.InferenceSession,
  model: Model,
  batch: readonly TokenSequence[],
): Promise<readonly Float32Array[]> {
  const length = Math.max(1, ...batch.map(({ inputIds }) => inputIds.length));
  const padded = padSequences(
    batch,
    { size: batch.length, length },
    model.architecture.config.paddingTokenId,
  );
  const feeds = Object.fromEntries(
    Object.entries(padded).map(([name, { data, shape }]) => [
      name,
      new ort.Tensor('int64', BigInt64Array.from(data, BigInt), [...shape]),
    ]),
  );
  const { logits } = await session.run(feeds);
  if (logits === undefined || !(logits.data instanceof Float32Array)) {
    throw new Error('the exported ONNX model gives no float32 logits');
  }
  const { data } = logits;
  const perSequence = data.length / batch.length;
  return batch.map(({ inputIds }, row) => {
    const tokens = model.task === 'sequence-classification' ? length : inputIds.length;
    return data.slice(row * perSequence, row * perSequence + (perSequence * tokens) / length);
  });
}
