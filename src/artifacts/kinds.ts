/**
 * The kinds of artifacts: what can flow through a port.
 *
 * A kind is a name with a promise about the files in the artifact's folder; the readers and writers live in files of
 * this folder that bear the kind's name. Plugins may introduce kinds of their own (any kebab-case name).
 */

/** The splits of a data set; the parts that `dataset` and `tokens` artifacts can be taken apart into. */
export const splitNames = ['train', 'validation', 'test'] as const;

/** One split of a data set. */
export type SplitName = (typeof splitNames)[number];

/** What the engine knows of a kind. */
export interface ArtifactKind {
  readonly summary: string;
  /**
   * Names of parts that can be wired on their own (`tokens.test`), each with the files that belong to it. A stage that
   * takes one part does not run again when only other parts change.
   */
  readonly parts?: Readonly<Record<string, readonly string[]>>;
}

/** The kinds that roux itself knows. */
export const artifactKinds: Readonly<Record<string, ArtifactKind>> = {
  dataset: {
    summary: 'Rows of text with labels and columns, as JSONL, one file per split',
    parts: partsPerSplit('dataset.json', ['jsonl']),
  },
  tokens: {
    summary: 'Token ids of a data set, as safetensors, one file per split',
    parts: partsPerSplit('tokens.json', ['safetensors', 'ids.jsonl']),
  },
  embeddings: {
    summary: 'One vector per example of a tokens artifact, as safetensors',
  },
  tokenizer: { summary: 'A Hugging Face tokenizer: tokenizer.json and what belongs to it' },
  model: { summary: 'A Hugging Face model folder: config.json, model.safetensors, tokenizer.json' },
  penalty: {
    summary: 'A quadratic penalty that holds weights near their old values: Fisher information and anchor',
  },
  activations: {
    summary: 'What the frozen lower layers of a model give for each example, as safetensors',
  },
  metrics: { summary: 'Measured figures, as JSON' },
  predictions: { summary: 'One prediction per example, as JSONL' },
  curve: { summary: 'Loss, learning rate and metrics by training step, as JSONL' },
  export: { summary: 'A trained model in the formats of other tools, with a model card' },
  report: { summary: 'One self-contained HTML page' },
};

function partsPerSplit(shared: string, extensions: readonly string[]): Record<string, readonly string[]> {
  return Object.fromEntries(
    splitNames.map((split) => [split, [shared, ...extensions.map((extension) => `${split}.${extension}`)]]),
  );
}
