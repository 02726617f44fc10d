import type { HostTensor, NamedHostTensors } from 'roux';

const embeddings = ['word_embeddings', 'position_embeddings', 'token_type_embeddings'].map(
  (name) => `bert.embeddings.${name}.weight`,
);

/** The language head uses the word embeddings once more, and is multiplied by what they lose. */
const languageHead = ['weight', 'bias'].map((name) => `cls.predictions.transform.LayerNorm.${name}`);

/**
 * A BERT masked language model whose word embeddings have the given root mean square, and which computes the same: the sum
 * of all embeddings is normalized before anything reads it.
 */
export function lightened(
  weights: NamedHostTensors,
  deviation: number,
): { readonly weights: NamedHostTensors; readonly factor: number } {
  const words = weights['bert.embeddings.word_embeddings.weight'];
  if (words === undefined) throw new Error('the model has no word embeddings');
  const squares = Float64Array.from(words.data).reduce((sum, value) => sum + value * value, 0);
  const factor = deviation / Math.sqrt(squares / words.data.length);
  const entries = Object.entries(weights).map(([name, tensor]): [string, HostTensor] => {
    if (embeddings.includes(name)) return [name, scaled(tensor, factor)];
    if (languageHead.includes(name)) return [name, scaled(tensor, 1 / factor)];
    return [name, tensor];
  });
  return { weights: Object.fromEntries(entries), factor };
}

function scaled({ shape, data }: HostTensor, factor: number): HostTensor {
  return { dtype: 'float32', shape, data: Float32Array.from(data, (value) => value * factor) };
}
