/**
 * Brings examples of different lengths into the rectangular inputs of a model.
 */
import type { TokenSplit } from '../artifacts/tokens.js';
import type { HostTensor, TensorSpec } from '../runtime/runtime.js';
import type { BatchPlan } from './batches.js';

/** The inputs of a BERT-type encoder. */
export interface EncoderInputs {
  readonly input_ids: HostTensor;
  readonly attention_mask: HostTensor;
  readonly token_type_ids: HostTensor;
}

/** Their shapes for a batch of `size` examples of `length` tokens. */
export function encoderInputSpecs(length: number, size: number): Readonly<Record<string, TensorSpec>> {
  const spec = { shape: [size, length], dtype: 'int32' } as const;
  return { input_ids: spec, attention_mask: spec, token_type_ids: spec };
}

/** The number of tokens of every example. */
export function exampleLengths(data: TokenSplit): Int32Array {
  return Int32Array.from(
    { length: data.examples },
    (_, example) => (data.offsets[example + 1] ?? 0) - (data.offsets[example] ?? 0),
  );
}

/** The token ids of one example; a view. */
export function exampleIds(data: TokenSplit, example: number): Int32Array {
  return data.inputIds.subarray(data.offsets[example], data.offsets[example + 1]);
}

/**
 * The padded inputs of a batch.
 *
 * Rows beyond the plan's examples are copies of nothing: padding with one attended position, so that no softmax is taken
 * over an empty set; losses give them weight 0.
 *
 * @param idsOf the ids of an example, where they differ from the data's (masking).
 */
export function collate(
  data: TokenSplit,
  plan: BatchPlan,
  paddingId: number,
  idsOf: (example: number) => Int32Array = (example) => exampleIds(data, example),
): { readonly inputs: EncoderInputs; readonly tokens: number } {
  const { length, size } = plan;
  const inputIds = new Int32Array(size * length).fill(paddingId);
  const attentionMask = new Int32Array(size * length);
  const tokenTypeIds = new Int32Array(size * length);
  let tokens = 0;
  for (let row = 0; row < size; row++) {
    const example = plan.examples[row];
    const start = row * length;
    if (example === undefined) {
      attentionMask[start] = 1;
      continue;
    }
    const ids = idsOf(example);
    if (ids.length > length)
      throw new RangeError(`an example of ${ids.length} tokens is in a batch of ${length}`);
    inputIds.set(ids, start);
    attentionMask.fill(1, start, start + ids.length);
    tokenTypeIds.set(data.tokenTypeIds.subarray(data.offsets[example], data.offsets[example + 1]), start);
    tokens += ids.length;
  }
  const tensor = (values: Int32Array): HostTensor => ({
    dtype: 'int32',
    shape: [size, length],
    data: values,
  });
  return {
    inputs: {
      input_ids: tensor(inputIds),
      attention_mask: tensor(attentionMask),
      token_type_ids: tensor(tokenTypeIds),
    },
    tokens,
  };
}
