/** The configuration of BERT-type models: `config.json` as Hugging Face's transformers writes it. */
import type { JsonFields, JsonRecord } from '../formats/json.js';
import type { ModelConfig } from './architecture.js';
import { readLabels } from './labels.js';
import { activations } from './layers.js';

/** Sizes and constants of a BERT-type model (Devlin et al., 2019, section 3). */
export interface BertConfig extends ModelConfig {
  readonly modelType: 'bert';
  readonly attentionHeads: number;
  /** Width of the feed-forward layers. */
  readonly intermediateSize: number;
  /** A key of `activations`. */
  readonly activation: string;
  /** Probability of dropping an activation. */
  readonly hiddenDropout: number;
  /** Probability of dropping an attention weight. */
  readonly attentionDropout: number;
  /** Probability of dropping an activation before the classifier. */
  readonly classifierDropout: number;
  readonly layerNormEpsilon: number;
  /** The masked-language head's decoder is the word embedding. */
  readonly tiedEmbeddings: boolean;
}

/**
 * Reads `config.json`. Fields that are absent have the defaults of transformers' `BertConfig`.
 *
 * Variants that roux does not compute (relative positions, decoders, other activations) and contradictory sizes are
 * `UserError`s.
 */
export function parseBertConfig(fields: JsonFields): BertConfig {
  const hiddenSize = fields.integer('hidden_size', { fallback: 768, least: 1 });
  const attentionHeads = fields.integer('num_attention_heads', { fallback: 12, least: 1 });
  if (hiddenSize % attentionHeads !== 0) {
    throw fields.wrong('hidden_size', `a multiple of num_attention_heads (${attentionHeads})`);
  }
  const activation = fields.string('hidden_act', 'gelu');
  if (!(activation in activations)) {
    throw fields.wrong('hidden_act', `one of ${Object.keys(activations).join(', ')}`);
  }
  if (fields.string('position_embedding_type', 'absolute') !== 'absolute') {
    throw fields.wrong('position_embedding_type', 'absolute', 'Relative positions are not supported.');
  }
  for (const name of ['is_decoder', 'add_cross_attention']) {
    if (fields.boolean(name, false)) throw fields.wrong(name, 'false', 'Only encoders are supported.');
  }
  const hiddenDropout = probability(fields, 'hidden_dropout_prob', 0.1);
  const vocabularySize = fields.integer('vocab_size', { fallback: 30522, least: 1 });
  const paddingTokenId = fields.integer('pad_token_id', { fallback: 0 });
  if (paddingTokenId >= vocabularySize)
    throw fields.wrong('pad_token_id', `less than vocab_size (${vocabularySize})`);
  return {
    modelType: 'bert',
    vocabularySize,
    maximumLength: fields.integer('max_position_embeddings', { fallback: 512, least: 1 }),
    hiddenSize,
    layers: fields.integer('num_hidden_layers', { fallback: 12, least: 1 }),
    typeVocabularySize: fields.integer('type_vocab_size', { fallback: 2, least: 1 }),
    paddingTokenId,
    initializerRange: fields.number('initializer_range', { fallback: 0.02, least: 0 }),
    labels: readLabels(fields),
    attentionHeads,
    intermediateSize: fields.integer('intermediate_size', { fallback: 3072, least: 1 }),
    activation,
    hiddenDropout,
    attentionDropout: probability(fields, 'attention_probs_dropout_prob', 0.1),
    classifierDropout: probability(fields, 'classifier_dropout', hiddenDropout),
    layerNormEpsilon: fields.number('layer_norm_eps', { fallback: 1e-12, least: 0 }),
    tiedEmbeddings: fields.boolean('tie_word_embeddings', true),
    fields: fields.all,
  };
}

/**
 * The fields of `config.json` for a fresh model: those given, and for the others what BERT's authors chose.
 *
 * Absent heads are one per 64 hidden features, as in all models of the paper, and the feed-forward layers are four times as
 * wide as the hidden ones.
 */
export function bertConfigFields(given: JsonRecord): JsonRecord {
  const hiddenSize = typeof given.hidden_size === 'number' ? given.hidden_size : 768;
  const layers = typeof given.num_hidden_layers === 'number' ? given.num_hidden_layers : 12;
  return {
    model_type: 'bert',
    vocab_size: 30522,
    hidden_size: hiddenSize,
    num_hidden_layers: layers,
    num_attention_heads: Math.max(1, Math.floor(hiddenSize / 64)),
    intermediate_size: 4 * hiddenSize,
    hidden_act: 'gelu',
    hidden_dropout_prob: 0.1,
    attention_probs_dropout_prob: 0.1,
    max_position_embeddings: 512,
    type_vocab_size: 2,
    initializer_range: 0.02,
    layer_norm_eps: 1e-12,
    pad_token_id: 0,
    tie_word_embeddings: true,
    ...given,
  };
}

function probability(fields: JsonFields, name: string, fallback: number): number {
  const value = fields.number(name, { fallback, least: 0 });
  if (value >= 1) throw fields.wrong(name, 'a probability below 1');
  return value;
}
