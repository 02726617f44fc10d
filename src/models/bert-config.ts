/** The configuration of BERT-type models: `config.json` as Hugging Face's transformers writes it. */
import { UserError } from '../artifacts/user-error.js';
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

/** The sizes of a fresh model; what is absent is chosen as BERT's authors did. */
export interface BertSizes {
  readonly vocabularySize: number;
  readonly paddingTokenId: number;
  readonly layers: number;
  readonly hiddenSize: number;
  /** Default: hidden size / 64, as in all models of the paper; at least 1. */
  readonly attentionHeads?: number;
  /** Default: four times the hidden size. */
  readonly intermediateSize?: number;
  /** Default 512. */
  readonly maximumLength?: number;
  /** Default 2. */
  readonly typeVocabularySize?: number;
  /** Dropout of activations and attention weights; default 0.1. */
  readonly dropout?: number;
  /** Default 0.02. */
  readonly initializerRange?: number;
}

/** The fields of `config.json` for a fresh model. */
export function bertConfigFields(sizes: BertSizes): JsonRecord {
  const { hiddenSize, dropout = 0.1 } = sizes;
  const attentionHeads = sizes.attentionHeads ?? Math.max(1, Math.floor(hiddenSize / 64));
  if (hiddenSize % attentionHeads !== 0) {
    throw new UserError({
      code: 'model/heads',
      message: `a hidden size of ${hiddenSize} cannot be divided among ${attentionHeads} attention heads`,
      help: 'Set attention_heads to a divisor of hidden_size.',
    });
  }
  return {
    model_type: 'bert',
    vocab_size: sizes.vocabularySize,
    hidden_size: hiddenSize,
    num_hidden_layers: sizes.layers,
    num_attention_heads: attentionHeads,
    intermediate_size: sizes.intermediateSize ?? 4 * hiddenSize,
    hidden_act: 'gelu',
    hidden_dropout_prob: dropout,
    attention_probs_dropout_prob: dropout,
    max_position_embeddings: sizes.maximumLength ?? 512,
    type_vocab_size: sizes.typeVocabularySize ?? 2,
    initializer_range: sizes.initializerRange ?? 0.02,
    layer_norm_eps: 1e-12,
    pad_token_id: sizes.paddingTokenId,
    tie_word_embeddings: true,
  };
}

function probability(fields: JsonFields, name: string, fallback: number): number {
  const value = fields.number(name, { fallback, least: 0 });
  if (value >= 1) throw fields.wrong(name, 'a probability below 1');
  return value;
}
