/**
 * The `tokens` artifact: token ids of a data set, ready to be batched.
 *
 * `tokens.json` says how they came about. `<split>.safetensors` holds the examples one after the other, without
 * padding: `input_ids` I32 [tokens], `token_type_ids` U8 [tokens], `offsets` I32 [examples + 1] (example i is at
 * offsets[i] .. offsets[i + 1]), `rows` I32 [examples] (the row of the data set's split that the example began with)
 * and, for labelled data, `labels` I32 [examples]. `<split>.ids.jsonl` holds the id of each example's row.
 *
 * Examples are in the order of the data set's rows. Without `overflow` there is one example per row.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatJson, type JsonFields, type JsonRecord, readJsonFile } from '../formats/json.js';
import { openSafetensors, type SafetensorsFile, toInt32, writeSafetensors } from '../formats/safetensors.js';
import { LineWriter, missingSplit, readLines } from './dataset.js';
import { type SplitName, splitNames } from './kinds.js';
import { UserError } from './user-error.js';

/** The label of an example that has none; losses and metrics leave it out. The same number as in transformers. */
export const noLabel = -100;

/** What happens to a text that is longer than the model can take: cut off, split into several examples, or joined with others into full ones. */
export type Overflow = 'truncate' | 'split' | 'pack';

/** Ids of the special tokens; null for those that the tokenizer lacks. */
export interface SpecialTokenIds {
  readonly padding: number | null;
  readonly unknown: number | null;
  readonly classification: number | null;
  readonly separator: number | null;
  readonly mask: number | null;
}

/** What is known of one split. */
export interface TokensSplitSummary {
  readonly examples: number;
  readonly tokens: number;
  /** Tokens of the longest example. */
  readonly longest: number;
}

/** What `tokens.json` says. */
export interface TokensDescription {
  /** Names of the labels; null for text without labels. */
  readonly labels: readonly string[] | null;
  /** No example has more tokens. */
  readonly maxLength: number;
  readonly overflow: Overflow;
  /** Ids are below this. */
  readonly vocabularySize: number;
  readonly specialTokens: SpecialTokenIds;
  /** Hexadecimal SHA-256 of the tokenizer.json that made the ids, to be compared with a model's. */
  readonly tokenizerDigest: string;
  /** Figures for people: quantiles of lengths, share truncated, share unknown; by split. */
  readonly statistics: JsonRecord;
}

/** Tokens that were opened. */
export interface Tokens extends TokensDescription {
  readonly path: string;
  readonly splits: Readonly<Partial<Record<SplitName, TokensSplitSummary>>>;
}

/** The examples of one split, in memory. */
export interface TokenSplit {
  readonly split: SplitName;
  /** Number of examples. */
  readonly examples: number;
  /** Token ids of all examples, one after the other: [tokens]. */
  readonly inputIds: Int32Array;
  /** 0 for the first text of a pair, 1 for the second: [tokens]. */
  readonly tokenTypeIds: Uint8Array;
  /** Example i is at `offsets[i] .. offsets[i + 1]`: [examples + 1]. */
  readonly offsets: Int32Array;
  /** Label index of each example, `noLabel` where one has none: [examples]; null where no example has one. */
  readonly labels: Int32Array | null;
  /** Row of the data set's split that each example began with: [examples]. */
  readonly rows: Int32Array;
}

/** One example to be written. */
export interface TokenExample {
  readonly inputIds: ArrayLike<number>;
  /** As many as `inputIds`. */
  readonly tokenTypeIds: ArrayLike<number>;
  readonly label?: number | undefined;
  /** Index of the row in the data set's split. */
  readonly row: number;
  /** The row's id. */
  readonly id: string;
}

/** Writes tokens example by example. */
export interface TokensWriter {
  add(split: SplitName, example: TokenExample): void;
  /** Writes what is left. A split that got no example does not exist unless `splits` names it. */
  finish(description: TokensDescription, splits?: readonly SplitName[]): Promise<Tokens>;
  /** Closes the files of tokens that are given up. */
  abort(): void;
}

const formatVersion = 1;

/** Reads `tokens.json`. A folder that holds no tokens is a `UserError`. */
export async function openTokens(path: string): Promise<Tokens> {
  const fields = await readJsonFile(join(path, 'tokens.json'));
  if (fields.integer('version') !== formatVersion) throw fields.wrong('version', String(formatVersion));
  const special = fields.fields('special_tokens');
  const splitFields = fields.fields('splits');
  const splits: Partial<Record<SplitName, TokensSplitSummary>> = {};
  for (const split of splitNames) {
    if (splitFields.raw(split) === undefined) continue;
    const one = splitFields.fields(split);
    splits[split] = {
      examples: one.integer('examples'),
      tokens: one.integer('tokens'),
      longest: one.integer('longest'),
    };
  }
  return {
    path,
    labels: fields.stringsOrNull('labels'),
    maxLength: fields.integer('max_length'),
    overflow: parseOverflow(fields),
    vocabularySize: fields.integer('vocabulary_size'),
    specialTokens: {
      padding: optionalId(special, 'padding'),
      unknown: optionalId(special, 'unknown'),
      classification: optionalId(special, 'classification'),
      separator: optionalId(special, 'separator'),
      mask: optionalId(special, 'mask'),
    },
    tokenizerDigest: fields.string('tokenizer_digest', ''),
    statistics: fields.record('statistics'),
    splits,
  };
}

/** Reads one split. A split that does not exist and one whose tensors contradict each other is a `UserError`. */
export async function readTokens(tokens: Tokens, split: SplitName): Promise<TokenSplit> {
  if (tokens.splits[split] === undefined) {
    throw missingSplit('tokens artifact', split, Object.keys(tokens.splits));
  }
  const file = await openSafetensors(join(tokens.path, `${split}.safetensors`));
  try {
    const inputIds = await readIntegers(file, 'input_ids');
    const tokenTypeIds = Uint8Array.from(await readIntegers(file, 'token_type_ids'));
    const offsets = await readIntegers(file, 'offsets');
    const rows = await readIntegers(file, 'rows');
    const labels = file.entries.has('labels') ? await readIntegers(file, 'labels') : null;
    const examples = offsets.length - 1;
    const agree =
      offsets[0] === 0 &&
      offsets[examples] === inputIds.length &&
      tokenTypeIds.length === inputIds.length &&
      rows.length === examples &&
      (labels === null || labels.length === examples) &&
      offsets.every((offset, index) => index === 0 || offset >= (offsets[index - 1] ?? 0));
    if (!agree) {
      throw new UserError({
        code: 'tokens/contradiction',
        message: `the tensors of ${file.path} contradict each other`,
        file: file.path,
      });
    }
    return { split, examples, inputIds, tokenTypeIds, offsets, labels, rows };
  } finally {
    await file.close();
  }
}

/** The id of each example's row, in the order of the examples. */
export async function readExampleIds(tokens: Tokens, split: SplitName): Promise<readonly string[]> {
  const file = join(tokens.path, `${split}.ids.jsonl`);
  const ids: string[] = [];
  for await (const line of readLines(file)) {
    const id: unknown = JSON.parse(line);
    if (typeof id !== 'string') {
      throw new UserError({ code: 'tokens/ids', message: `${file}:${ids.length + 1} is not an id`, file });
    }
    ids.push(id);
  }
  return ids;
}

/** Starts tokens in an empty folder. Ids are kept in memory (5 bytes a token) until `finish`. */
export function createTokensWriter(path: string): TokensWriter {
  return new FileTokensWriter(path);
}

interface SplitState {
  readonly ids: LineWriter;
  readonly inputIds: GrowingIntegers;
  readonly tokenTypeIds: GrowingBytes;
  readonly offsets: number[];
  readonly labels: number[];
  readonly rows: number[];
  longest: number;
}

class FileTokensWriter implements TokensWriter {
  readonly #path: string;
  readonly #splits = new Map<SplitName, SplitState>();

  constructor(path: string) {
    this.#path = path;
  }

  add(split: SplitName, example: TokenExample): void {
    const state = this.#split(split);
    if (example.tokenTypeIds.length !== example.inputIds.length) {
      throw new Error(`example ${example.id} has ids and token types of different lengths`);
    }
    state.inputIds.append(example.inputIds);
    state.tokenTypeIds.append(example.tokenTypeIds);
    state.offsets.push(state.inputIds.length);
    state.labels.push(example.label ?? noLabel);
    state.rows.push(example.row);
    state.longest = Math.max(state.longest, example.inputIds.length);
    state.ids.write(JSON.stringify(example.id));
  }

  async finish(description: TokensDescription, splits: readonly SplitName[] = []): Promise<Tokens> {
    for (const split of splits) this.#split(split);
    for (const state of this.#splits.values()) state.ids.close();
    const summaries: Partial<Record<SplitName, TokensSplitSummary>> = {};
    for (const name of splitNames) {
      const state = this.#splits.get(name);
      if (state === undefined) continue;
      await this.#writeSplit(name, state);
      summaries[name] = {
        examples: state.rows.length,
        tokens: state.inputIds.length,
        longest: state.longest,
      };
    }
    await writeFile(join(this.#path, 'tokens.json'), formatJson(describe(description, summaries)));
    return { ...description, path: this.#path, splits: summaries };
  }

  abort(): void {
    for (const state of this.#splits.values()) state.ids.abandon();
  }

  async #writeSplit(name: SplitName, state: SplitState): Promise<void> {
    const tokens = state.inputIds.length;
    const examples = state.rows.length;
    const labelled = state.labels.some((label) => label !== noLabel);
    await writeSafetensors(
      join(this.#path, `${name}.safetensors`),
      {
        input_ids: { dtype: 'I32', shape: [tokens], data: state.inputIds.values() },
        token_type_ids: { dtype: 'U8', shape: [tokens], data: state.tokenTypeIds.values() },
        offsets: { dtype: 'I32', shape: [examples + 1], data: Int32Array.from(state.offsets) },
        rows: { dtype: 'I32', shape: [examples], data: Int32Array.from(state.rows) },
        ...(labelled
          ? { labels: { dtype: 'I32', shape: [examples], data: Int32Array.from(state.labels) } as const }
          : {}),
      },
      {},
    );
  }

  #split(name: SplitName): SplitState {
    const existing = this.#splits.get(name);
    if (existing !== undefined) return existing;
    const created: SplitState = {
      ids: new LineWriter(join(this.#path, `${name}.ids.jsonl`)),
      inputIds: new GrowingIntegers(),
      tokenTypeIds: new GrowingBytes(),
      offsets: [0],
      labels: [],
      rows: [],
      longest: 0,
    };
    this.#splits.set(name, created);
    return created;
  }
}

class GrowingIntegers {
  #data = new Int32Array(1 << 12);
  length = 0;

  append(values: ArrayLike<number>): void {
    const length = this.length + values.length;
    if (length > this.#data.length) {
      const larger = new Int32Array(Math.max(length, this.#data.length * 2));
      larger.set(this.values());
      this.#data = larger;
    }
    this.#data.set(values, this.length);
    this.length = length;
  }

  values(): Int32Array {
    return this.#data.subarray(0, this.length);
  }
}

class GrowingBytes {
  #data = new Uint8Array(1 << 12);
  length = 0;

  append(values: ArrayLike<number>): void {
    const length = this.length + values.length;
    if (length > this.#data.length) {
      const larger = new Uint8Array(Math.max(length, this.#data.length * 2));
      larger.set(this.values());
      this.#data = larger;
    }
    this.#data.set(values, this.length);
    this.length = length;
  }

  values(): Uint8Array {
    return this.#data.subarray(0, this.length);
  }
}

function describe(
  description: TokensDescription,
  splits: Readonly<Partial<Record<SplitName, TokensSplitSummary>>>,
): object {
  return {
    version: formatVersion,
    labels: description.labels,
    max_length: description.maxLength,
    overflow: description.overflow,
    vocabulary_size: description.vocabularySize,
    special_tokens: description.specialTokens,
    tokenizer_digest: description.tokenizerDigest,
    splits,
    statistics: description.statistics,
  };
}

function parseOverflow(fields: JsonFields): Overflow {
  const value = fields.string('overflow', 'truncate');
  if (value !== 'truncate' && value !== 'split' && value !== 'pack') {
    throw fields.wrong('overflow', 'truncate, split or pack');
  }
  return value;
}

function optionalId(fields: JsonFields, name: string): number | null {
  return fields.raw(name) === undefined ? null : fields.integer(name);
}

async function readIntegers(file: SafetensorsFile, name: string): Promise<Int32Array> {
  return toInt32(await file.read(name), `tensor '${name}' of ${file.path}`);
}
