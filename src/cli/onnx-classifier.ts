/** An exported ONNX file as a classifier: run as it stands, so that what others will run is what is tried. */
import { join } from 'node:path';
import { readMaximumLength } from '../artifacts/model.js';
import { UserError } from '../artifacts/user-error.js';
import type { Tokenizer } from '../data/tokenizer.js';
import { readJsonFile } from '../formats/json.js';
import { softmax } from '../models/predict.js';
import type { ClassifiedText, TextClassifier, TextClassifierOptions } from './text-classifier.js';

/** Texts of one call; longer lists are cut, so that memory stays small. */
const batchSize = 32;

/** Tokens where neither the caller nor config.json says more. */
const defaultMaxLength = 512;

/** What is opened. */
export interface OnnxClassifierOptions extends TextClassifierOptions {
  readonly folder: string;
  /** The .onnx file. */
  readonly file: string;
  readonly tokenizer: Tokenizer;
}

/** Opens the file. One whose inputs are not those of an encoder is a `UserError`. */
export async function openOnnxClassifier(options: OnnxClassifierOptions): Promise<TextClassifier> {
  const { folder, file, tokenizer, threads } = options;
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const config = await readJsonFile(join(folder, 'config.json'));
  const names = config.fields('id2label', { optional: true });
  const labels = names.names.map((index) => names.string(index));
  const session = await InferenceSession.create(file, { intraOpNumThreads: threads });
  const known = ['input_ids', 'attention_mask', 'token_type_ids'];
  if (!session.inputNames.includes('input_ids') || session.inputNames.some((name) => !known.includes(name))) {
    await session.release();
    throw new UserError({
      code: 'predict/onnx',
      message: `${file} is no text classifier`,
      found: `inputs ${session.inputNames.join(', ')}`,
      expected: `inputs ${known.join(', ')}`,
    });
  }
  const positions = config.integer('max_position_embeddings', { fallback: defaultMaxLength, least: 1 });
  const maxLength = Math.min(options.maxLength ?? (await readMaximumLength(folder)) ?? positions, positions);
  const padding = tokenizer.specialTokenIds.padding ?? 0;

  const classifyBatch = async (texts: readonly ClassifiedText[]): Promise<readonly Float32Array[]> => {
    const encodings = texts.map(({ text, textPair }) => tokenizer.encode(text, textPair, { maxLength }));
    const length = Math.max(1, ...encodings.map(({ inputIds }) => inputIds.length));
    const tensor = (value: (row: number, column: number) => number) => {
      const data = BigInt64Array.from({ length: texts.length * length }, (_, index) =>
        BigInt(value(Math.floor(index / length), index % length)),
      );
      return new Tensor('int64', data, [texts.length, length]);
    };
    const all = {
      input_ids: tensor((row, column) => encodings[row]?.inputIds[column] ?? padding),
      attention_mask: tensor((row, column) => (column < (encodings[row]?.inputIds.length ?? 0) ? 1 : 0)),
      token_type_ids: tensor((row, column) => encodings[row]?.tokenTypeIds[column] ?? 0),
    };
    const feeds = Object.fromEntries(
      Object.entries(all).filter(([name]) => session.inputNames.includes(name)),
    );
    const results = await session.run(feeds);
    const logits = results.logits ?? results[session.outputNames[0] ?? ''];
    if (logits === undefined || !(logits.data instanceof Float32Array)) {
      throw new UserError({ code: 'predict/onnx', message: `${file} gives no float32 logits` });
    }
    const { data } = logits;
    const classes = data.length / texts.length;
    return texts.map((_, row) => softmax(data.slice(row * classes, (row + 1) * classes)));
  };

  return {
    labels,
    classify: async (texts) => {
      const rows: Float32Array[] = [];
      for (let start = 0; start < texts.length; start += batchSize) {
        rows.push(...(await classifyBatch(texts.slice(start, start + batchSize))));
      }
      return rows;
    },
    close: () => session.release(),
  };
}
