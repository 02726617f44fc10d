/** The weights of BERT-type models: names as in transformers, shapes, groups, and the names that old files use. */
import type { ModelPart, Parameter } from './architecture.js';
import type { BertConfig } from './bert-config.js';

/** Where the encoder's weights are in models with a head. */
const prefix = 'bert.';

/** The weights of the encoder and of the given parts, from the input to the output. */
export function bertParameters(config: BertConfig, parts: readonly ModelPart[]): readonly Parameter[] {
  const hidden = config.hiddenSize;
  const parameters = [...embeddings(config)];
  for (let layer = 0; layer < config.layers; layer++) parameters.push(...encoderLayer(config, layer));
  if (parts.includes('pooler')) parameters.push(...dense('pooler', 'bert.pooler.dense', hidden, hidden));
  if (parts.includes('sequence-classification')) {
    parameters.push(...dense('classifier', 'classifier', hidden, config.labels.length));
  }
  if (parts.includes('masked-language-modeling')) parameters.push(...maskedLanguageHead(config));
  return parameters;
}

/**
 * The present name of a stored tensor, null for what is no weight of its own.
 *
 * Files of bare encoders lack the prefix `bert.`; those converted from TensorFlow say `gamma` and `beta`.
 */
export function bertParameterName(storedName: string, config: BertConfig): string | null {
  const name = storedName
    .replace(/LayerNorm\.gamma$/, 'LayerNorm.weight')
    .replace(/LayerNorm\.beta$/, 'LayerNorm.bias');
  if (/embeddings\.(position_ids|token_type_ids)$/.test(name)) return null;
  if (name.startsWith('cls.seq_relationship.') || name === 'cls.predictions.decoder.bias') return null;
  if (name === 'cls.predictions.decoder.weight' && config.tiedEmbeddings) return null;
  return /^(embeddings|encoder|pooler)\./.test(name) ? prefix + name : name;
}

function embeddings(config: BertConfig): readonly Parameter[] {
  const table = (name: string, rows: number, zeroRow?: number): Parameter => ({
    name: `bert.embeddings.${name}.weight`,
    shape: [rows, config.hiddenSize],
    group: 'embeddings',
    initial: 'normal',
    ...(zeroRow === undefined ? {} : { zeroRow }),
  });
  return [
    table('word_embeddings', config.vocabularySize, config.paddingTokenId),
    table('position_embeddings', config.maximumLength),
    table('token_type_embeddings', config.typeVocabularySize),
    ...norm('embeddings', 'bert.embeddings.LayerNorm', config.hiddenSize),
  ];
}

function encoderLayer(config: BertConfig, layer: number): readonly Parameter[] {
  const group = `layers.${layer}`;
  const at = `bert.encoder.layer.${layer}`;
  const { hiddenSize: hidden, intermediateSize: intermediate } = config;
  return [
    ...dense(group, `${at}.attention.self.query`, hidden, hidden),
    ...dense(group, `${at}.attention.self.key`, hidden, hidden),
    ...dense(group, `${at}.attention.self.value`, hidden, hidden),
    ...dense(group, `${at}.attention.output.dense`, hidden, hidden),
    ...norm(group, `${at}.attention.output.LayerNorm`, hidden),
    ...dense(group, `${at}.intermediate.dense`, hidden, intermediate),
    ...dense(group, `${at}.output.dense`, intermediate, hidden),
    ...norm(group, `${at}.output.LayerNorm`, hidden),
  ];
}

function maskedLanguageHead(config: BertConfig): readonly Parameter[] {
  const group = 'masked-language-head';
  const { hiddenSize: hidden, vocabularySize: vocabulary } = config;
  const decoder: Parameter = {
    name: 'cls.predictions.decoder.weight',
    shape: [vocabulary, hidden],
    group,
    initial: 'normal',
  };
  return [
    ...dense(group, 'cls.predictions.transform.dense', hidden, hidden),
    ...norm(group, 'cls.predictions.transform.LayerNorm', hidden),
    ...(config.tiedEmbeddings ? [] : [decoder]),
    { name: 'cls.predictions.bias', shape: [vocabulary], group, initial: 'zeros' },
  ];
}

function dense(group: string, name: string, inputs: number, outputs: number): readonly Parameter[] {
  return [
    { name: `${name}.weight`, shape: [outputs, inputs], group, initial: 'normal' },
    { name: `${name}.bias`, shape: [outputs], group, initial: 'zeros' },
  ];
}

function norm(group: string, name: string, size: number): readonly Parameter[] {
  return [
    { name: `${name}.weight`, shape: [size], group, initial: 'ones' },
    { name: `${name}.bias`, shape: [size], group, initial: 'zeros' },
  ];
}
