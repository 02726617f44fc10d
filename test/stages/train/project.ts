/** Artifacts on disk for the stages that train: tokens with two splits, and fresh models. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SplitName } from '../../../src/artifacts/kinds.js';
import { createTokensWriter } from '../../../src/artifacts/tokens.js';
import { createRandom } from '../../../src/data/random.js';
import { JsonFields } from '../../../src/formats/json.js';
import type { ModelTask } from '../../../src/models/architecture.js';
import { bertConfigFields } from '../../../src/models/bert-config.js';
import { createModel, saveModel } from '../../../src/models/model.js';
import type {
  InputArtifact,
  OutputArtifact,
  Progress,
  StageContext,
} from '../../../src/plugin/define-stage.js';
import { folderCache } from '../stage-cache.js';

const vocabularySize = 30;
const firstWord = 5;

export interface TokensOptions {
  readonly labels?: readonly string[] | null;
  /** Examples by split. */
  readonly splits?: Readonly<Partial<Record<SplitName, number>>>;
  /** The label of an example; default: drawn. */
  readonly label?: (example: number) => number;
}

export interface ModelOptions {
  readonly labels?: readonly string[];
  readonly frozen?: (name: string) => boolean;
  readonly dropout?: number;
}

export function createProject() {
  const folder = mkdtempSync(join(tmpdir(), 'roux-train-'));
  let count = 0;
  const output = (kind: string): OutputArtifact => {
    const path = join(folder, `${count++}-${kind}`);
    mkdirSync(path);
    return { kind, path };
  };
  const input = ({ kind, path }: OutputArtifact, part?: string): InputArtifact => ({
    kind,
    path,
    digest: '0'.repeat(64),
    reference: part === undefined ? kind : `${kind}.${part}`,
    ...(part === undefined ? {} : { part }),
  });
  return {
    output,
    input,
    /** Texts of 4 to 14 tokens whose label shows in the words they have. */
    async tokens(options: TokensOptions = {}): Promise<InputArtifact> {
      const { labels = ['ham', 'spam'], splits = { train: 60, validation: 20 } } = options;
      const tokens = output('tokens');
      const random = createRandom(4);
      const writer = createTokensWriter(tokens.path);
      const names: SplitName[] = [];
      for (const split of ['train', 'validation', 'test'] as const) {
        const examples = splits[split];
        if (examples === undefined) continue;
        names.push(split);
        for (let row = 0; row < examples; row++) {
          const drawn = random.integer(labels?.length ?? 2);
          const label = options.label?.(row) ?? drawn;
          const words = Array.from({ length: 2 + random.integer(11) }, () => {
            const half = random.next() < 0.8 ? label % 2 : random.integer(2);
            return firstWord + half * 12 + random.integer(12);
          });
          const inputIds = [2, ...words, 3];
          writer.add(split, {
            inputIds,
            tokenTypeIds: inputIds.map(() => 0),
            ...(labels === null ? {} : { label }),
            row,
            id: `${split}-${row}`,
          });
        }
      }
      await writer.finish(
        {
          labels,
          maxLength: 16,
          overflow: 'truncate',
          vocabularySize,
          specialTokens: { padding: 0, unknown: 1, classification: 2, separator: 3, mask: 4 },
          tokenizerDigest: '',
          statistics: {},
        },
        names,
      );
      return input(tokens);
    },
    async model(task: ModelTask, options: ModelOptions = {}): Promise<InputArtifact> {
      const { labels = ['ham', 'spam'], frozen = () => false, dropout = 0.1 } = options;
      const folderOf = output('model');
      const fields = bertConfigFields({
        vocab_size: vocabularySize,
        pad_token_id: 0,
        num_hidden_layers: 2,
        hidden_size: 16,
        num_attention_heads: 2,
        intermediate_size: 24,
        max_position_embeddings: 16,
        initializer_range: 0.2,
        hidden_dropout_prob: dropout,
        attention_probs_dropout_prob: dropout,
      });
      const model = createModel(new JsonFields({ ...fields }, 'config.json'), {
        task,
        ...(task === 'sequence-classification' ? { labels } : {}),
        random: createRandom(1),
        tokenizer: null,
      });
      await saveModel({ ...model, frozen: Object.keys(model.weights).filter(frozen) }, folderOf.path);
      return input(folderOf);
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** What a stage sees besides settings, inputs and outputs, and what it said. */
interface Surroundings
  extends Pick<
    StageContext<unknown, Record<never, never>, Record<never, never>>,
    'seed' | 'runtime' | 'signal' | 'log' | 'progress' | 'scratch' | 'cache'
  > {
  readonly messages: string[];
}

/** Makes them. */
export function surroundings(project: { readonly output: (kind: string) => OutputArtifact }): Surroundings {
  const messages: string[] = [];
  return {
    messages,
    seed: 13,
    runtime: { name: 'onnx', threads: 1 },
    signal: new AbortController().signal,
    log: {
      info: (message: string) => void messages.push(message),
      warning: (message: string) => void messages.push(message),
    },
    progress: (_: Progress) => undefined,
    scratch: project.output('scratch').path,
    cache: folderCache(() => project.output('activations').path),
  } as const;
}

/** One digest of all files in a folder. */
export function digestOf(path: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(path).sort()) hash.update(name).update(readFileSync(join(path, name)));
  return hash.digest('hex');
}
