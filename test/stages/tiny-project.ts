/**
 * Artifacts of a tiny project on disk, for stages that measure models: a data set, its tokens, and fresh models.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatasetWriter } from '../../src/artifacts/dataset.js';
import { createRandom } from '../../src/data/random.js';
import { createWordPieceTrainer, writeWordPieceTokenizer } from '../../src/data/word-piece-trainer.js';
import { JsonFields } from '../../src/formats/json.js';
import type { ModelTask } from '../../src/models/architecture.js';
import { bertConfigFields } from '../../src/models/bert-config.js';
import { createModel, saveModel } from '../../src/models/model.js';
import type { InputArtifact, OutputArtifact, StageContext } from '../../src/plugin/define-stage.js';
import tokenize from '../../src/stages/tokenize/tokenize.js';
import { folderCache } from './stage-cache.js';

export const LABELS = ['ham', 'spam'];

const SUBJECTS = [
  'She',
  'He',
  'Mary',
  'The French woman',
  'A German man',
  'My brother',
  'A Muslim',
  'A Christian',
];
const ENDINGS = ['won a prize', 'wrote a letter', 'is late again', 'likes the old house'];

/** The rows of the test split; every fifth has no label. */
export const ROWS = SUBJECTS.flatMap((subject, first) =>
  ENDINGS.map((ending, second) => ({
    id: `row ${first}-${second}`,
    text: `${subject} ${ending}.`,
    ...((first * ENDINGS.length + second) % 5 === 4 ? {} : { label: (first + second) % 2 }),
    columns: { side: second < 2 ? 'left' : 'right' },
  })),
);

/** A project in a temporary folder. */
export interface TinyProject {
  readonly dataset: InputArtifact;
  readonly tokens: InputArtifact;
  /** A folder of the project that does not exist yet is made. */
  output(name: string, kind: string): OutputArtifact;
  /** Writes a fresh model. */
  model(
    task: ModelTask,
    options?: { readonly seed?: number; readonly labels?: readonly string[] },
  ): Promise<InputArtifact>;
  remove(): void;
}

/** What a stage sees besides settings, inputs and outputs; collects warnings. */
export function surroundings(
  warnings: string[] = [],
): Pick<
  StageContext<unknown, Record<string, never>, Record<string, never>>,
  'seed' | 'runtime' | 'signal' | 'log' | 'progress' | 'scratch' | 'cache'
> {
  return {
    seed: 13,
    runtime: { name: 'cpu', threads: 1 },
    signal: new AbortController().signal,
    log: { info: () => undefined, warning: (message: string) => warnings.push(message) },
    progress: () => undefined,
    scratch: '',
    cache: folderCache(() => mkdtempSync(join(tmpdir(), 'roux-kept-'))),
  };
}

/** Makes the data set, a tokenizer and the tokens. */
export async function createTinyProject(): Promise<TinyProject> {
  const folder = mkdtempSync(join(tmpdir(), 'roux-tiny-'));
  const output = (name: string, kind: string) => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    return { kind, path };
  };
  const input = ({ kind, path }: OutputArtifact, part?: string): InputArtifact => ({
    kind,
    path,
    digest: '0'.repeat(64),
    reference: part === undefined ? kind : `${kind}.${part}`,
    ...(part === undefined ? {} : { part }),
  });

  const dataset = output('dataset', 'dataset');
  const writer = createDatasetWriter(dataset.path);
  for (const row of ROWS) writer.write('test', row);
  await writer.finish({ labels: LABELS, columns: ['side'], pairs: false, statistics: {} }, ['train']);

  const tokenizer = output('tokenizer', 'tokenizer');
  const trainer = createWordPieceTrainer({ vocabularySize: 120, minFrequency: 1 });
  for (const { text } of ROWS) trainer.add(text);
  const vocabulary = trainer.train();
  await writeWordPieceTokenizer(tokenizer.path, vocabulary, 32);

  const tokens = output('tokens', 'tokens');
  await tokenize.run({
    ...surroundings(),
    settings: { overflow: 'truncate', truncation: 'longest_first', stride: 0 },
    inputs: { dataset: input(dataset), model: undefined, tokenizer: input(tokenizer) },
    outputs: { tokens },
  });

  return {
    dataset: input(dataset, 'test'),
    tokens: input(tokens, 'test'),
    output,
    async model(task, { seed = 1, labels = LABELS } = {}) {
      const model = output(`model ${task} ${seed} ${labels.join(' ')}`, 'model');
      const fields = bertConfigFields({
        vocab_size: vocabulary.tokens.length,
        pad_token_id: 0,
        num_hidden_layers: 1,
        hidden_size: 16,
        num_attention_heads: 2,
        intermediate_size: 32,
        max_position_embeddings: 32,
        initializer_range: 0.3,
      });
      await saveModel(
        createModel(new JsonFields(fields, 'config.json'), {
          task,
          ...(task === 'sequence-classification' ? { labels } : {}),
          random: createRandom(seed),
          tokenizer: tokenizer.path,
        }),
        model.path,
      );
      return input(model);
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
