import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { openDataset } from '../../artifacts/dataset.js';
import { readMetrics } from '../../artifacts/metrics.js';
import { copyTokenizer, writeMaximumLength, writeModelFolder } from '../../artifacts/model.js';
import { UserError } from '../../artifacts/user-error.js';
import { float32ToFloat16 } from '../../formats/half-precision.js';
import { formatJson } from '../../formats/json.js';
import type { StoredTensor } from '../../formats/safetensors.js';
import type { ModelPart } from '../../models/architecture.js';
import {
  configFields,
  loadModel,
  type Model,
  modelParameters,
  storedWeights,
  weightsOf,
} from '../../models/model.js';
import { createPredictor, type TokenSequence } from '../../models/predict.js';
import { defineStage } from '../../plugin/define-stage.js';
import { openRuntime } from '../../runtime/open-runtime.js';
import type { Runtime } from '../../runtime/runtime.js';
import { checkInputs } from './check-inputs.js';
import { float16Tolerance, float32Tolerance, largestDifference, largestLogit } from './compare-logits.js';
import { type CheckedFile, modelCard } from './model-card.js';
import { modelToOnnx, runOnnx } from './onnx-model.js';

const onnxFile = 'model.onnx';
const weightsFile = 'model.safetensors';

export default defineStage({
  type: 'export',
  version: 3,
  summary: 'Writes a trained model for other tools: a Hugging Face folder, an ONNX file, a model card',
  description: `The folder has \`config.json\`, the tokenizer, \`model.safetensors\` (Python's \`AutoModelFor...from_pretrained\` opens it),
\`model.onnx\` (int64 inputs \`input_ids\`, \`attention_mask\` and \`token_type_ids\` of any batch and sequence size, output
\`logits\`) and \`README.md\`, a model card. Heads that the task does not use are left out, unless \`also\` names
them.

Before anything is published the files are read back and run on real inputs (the wired tokens, or built-in sentences): with
float32 weights no logit may differ from the trained model's by more than ${float32Tolerance}; with float16 weights by no more than
${100 * float16Tolerance} % of 1 + the largest logit. Otherwise the stage fails.`,
  settings: Type.Object(
    {
      formats: Type.Array(Type.Union([Type.Literal('safetensors'), Type.Literal('onnx')]), {
        default: ['safetensors', 'onnx'],
        minItems: 1,
        uniqueItems: true,
        description: 'The files to write.',
      }),
      dtype: Type.Union([Type.Literal('float32'), Type.Literal('float16')], {
        default: 'float32',
        description:
          'Element type of the weights in model.safetensors; float16 halves the file. ONNX stays float32.',
      }),
      also: Type.Optional(
        Type.Array(Type.Union([Type.Literal('pooler'), Type.Literal('masked-language-modeling')]), {
          uniqueItems: true,
          description:
            "Parts of the model to keep in model.safetensors beside the task's: the next training can start from them.",
        }),
      ),
      title: Type.Optional(Type.String({ minLength: 1, description: 'Title of the model card.' })),
      licence: Type.Optional(
        Type.String({
          minLength: 1,
          description: 'Licence of the model, as an SPDX identifier: apache-2.0.',
        }),
      ),
      language: Type.Optional(
        Type.String({ minLength: 1, description: 'Language of the texts, as a BCP 47 code: en.' }),
      ),
      data: Type.Optional(
        Type.String({
          minLength: 1,
          description: 'Where the training data comes from, for the model card; Markdown.',
        }),
      ),
      intended_use: Type.Optional(
        Type.String({ minLength: 1, description: 'What the model is for, for the model card; Markdown.' }),
      ),
      limitations: Type.Optional(
        Type.String({
          minLength: 1,
          description: 'What it must not be used for, for the model card; Markdown.',
        }),
      ),
    },
    { additionalProperties: false },
  ),
  inputs: {
    model: { kind: 'model', description: 'The trained model.' },
    tokens: { kind: 'tokens', optional: true, description: 'Real inputs for the check: `tokens.test`.' },
    dataset: { kind: 'dataset', optional: true, description: 'The data, described on the model card.' },
    metrics: {
      kind: 'metrics',
      optional: true,
      many: true,
      description: 'Evaluations and bias audits, shown on the model card.',
    },
  },
  outputs: { export: { kind: 'export', description: 'The folder.' } },
  tensors: true,
  threads: 'all',
  async run({ settings, inputs, outputs, runtime: choice, signal, log }) {
    const { path } = outputs.export;
    const { model } = await loadModel(inputs.model.path);
    const also: readonly ModelPart[] = settings.also ?? [];
    const kept = new Set([...model.architecture.partsOf(model.task), ...also]);
    const exported: Model = { ...model, parts: model.parts.filter((part) => kept.has(part)) };
    const runtime = await openRuntime(choice.name, { ...choice, onFallback: log.warning });
    try {
      const sequences = await checkInputs(model, inputs.tokens);
      const reference = await logitsOf(model, runtime, sequences, signal);
      const scale = 1 + largestLogit(reference);
      const files: CheckedFile[] = [];
      const check = (name: string, logits: readonly Float32Array[], tolerance: number): void => {
        const difference = largestDifference(reference, logits);
        // Not `difference > tolerance`: NaN must not pass.
        if (!(difference <= tolerance)) throw failedCheck(name, difference, tolerance, settings.dtype);
        log.info(
          `${name}: logits of ${sequences.length} inputs differ by at most ${difference.toExponential(1)}`,
        );
        files.push({ name, difference, tolerance });
      };

      if (settings.formats.includes('safetensors')) {
        await writeWeights(exported, path, settings.dtype);
        const { model: readBack } = await loadModel(path);
        const tolerance = settings.dtype === 'float32' ? float32Tolerance : float16Tolerance * scale;
        check(weightsFile, await logitsOf(readBack, runtime, sequences, signal), tolerance);
      } else {
        await writeFile(join(path, 'config.json'), formatJson(configFields(exported)));
        if (model.tokenizer !== null) await copyTokenizer(model.tokenizer, path);
      }
      if (model.maximumTrainedLength !== undefined)
        await writeMaximumLength(path, model.maximumTrainedLength);
      if (settings.formats.includes('onnx')) {
        const file = join(path, onnxFile);
        await writeFile(file, modelToOnnx(exported));
        check(
          onnxFile,
          await runOnnx(file, exported, sequences, { threads: choice.threads, signal }),
          float32Tolerance,
        );
      }
      await writeFile(
        join(path, 'README.md'),
        modelCard({
          model: exported,
          settings,
          files,
          checkedInputs: sequences.length,
          dataset: inputs.dataset === undefined ? null : await openDataset(inputs.dataset.path),
          metrics: await Promise.all((inputs.metrics ?? []).map((one) => readMetrics(one.path))),
        }),
      );
      const worst = files.reduce((most, { difference }) => Math.max(most, difference), 0);
      return {
        metrics: { largest_difference: worst },
        summary: `${files.map(({ name }) => name).join(', ')}; logits differ by at most ${worst.toExponential(1)}`,
        table: [
          ['file', 'largest difference', 'allowed'],
          ...files.map(({ name, difference, tolerance }) => [
            name,
            difference.toExponential(1),
            tolerance.toExponential(1),
          ]),
        ],
      };
    } finally {
      await runtime.dispose();
    }
  },
});

async function logitsOf(
  model: Model,
  runtime: Runtime,
  sequences: readonly TokenSequence[],
  signal: AbortSignal,
): Promise<readonly Float32Array[]> {
  const predictor = createPredictor(model, runtime);
  try {
    return model.task === 'sequence-classification'
      ? await predictor.logits(sequences, { signal })
      : await predictor.tokenLogits(sequences, { signal });
  } finally {
    predictor.dispose();
  }
}

async function writeWeights(model: Model, path: string, dtype: 'float32' | 'float16'): Promise<void> {
  const weights = storedWeights(weightsOf(model, modelParameters(model)));
  await writeModelFolder(path, {
    config: { ...configFields(model), dtype },
    weights: dtype === 'float32' ? weights : inHalfPrecision(weights),
    notes: null,
    tokenizer: model.tokenizer,
  });
}

function inHalfPrecision(weights: Readonly<Record<string, StoredTensor>>): Record<string, StoredTensor> {
  return Object.fromEntries(
    Object.entries(weights).map(([name, tensor]) => {
      if (tensor.dtype !== 'F32') throw new Error(`the weight ${name} is not float32`);
      return [name, { dtype: 'F16', shape: tensor.shape, data: float32ToFloat16(tensor.data) } as const];
    }),
  );
}

function failedCheck(name: string, difference: number, tolerance: number, dtype: string): Error {
  const message = `${name} does not give the logits of the trained model`;
  if (name === weightsFile && dtype === 'float16') {
    return new UserError({
      code: 'export/precision',
      message,
      found: `a difference of ${difference.toExponential(1)}`,
      expected: `at most ${tolerance.toExponential(1)}`,
      help: 'The model does not bear weights of 16 bits: set dtype: float32.',
    });
  }
  return new Error(`${message}: they differ by ${difference}, allowed are ${tolerance}`);
}
