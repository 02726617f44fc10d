/**
 * The `model` artifact: a folder in Hugging Face layout, and `roux.json` beside it.
 *
 * `config.json`, `model.safetensors` (or shards with an index), the tokenizer's files; Python's `from_pretrained` opens
 * the folder. `roux.json` holds what that layout has no place for: the task, the names of frozen weights, how the
 * model was trained.
 */
import { copyFile, link, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatJson, type JsonFields, type JsonRecord, readJsonFile } from '../formats/json.js';
import {
  openSafetensors,
  type SafetensorsFile,
  type StoredTensor,
  type TensorEntry,
  writeSafetensors,
} from '../formats/safetensors.js';
import { UserError } from './user-error.js';

/** What `roux.json` says. */
export interface ModelNotes {
  /** What the model is made for; null in folders that roux did not write. */
  readonly task: string | null;
  /** Names of the weights that training leaves as they are. */
  readonly frozen: readonly string[];
  /** The settings that it was last trained with, snake_case, for model cards; absent where roux did not train it. */
  readonly training?: JsonRecord | undefined;
  /** Tokens at which the texts that it was last trained on were cut off; absent where roux did not train it. */
  readonly maximumTrainedLength?: number | undefined;
}

/** The stored weights of a model, under the names that the files have. */
export interface StoredWeights {
  readonly entries: ReadonlyMap<string, TensorEntry>;
  read(name: string): Promise<StoredTensor>;
  close(): Promise<void>;
}

/** A model folder. */
export interface ModelFolder {
  readonly path: string;
  readonly config: JsonFields;
  readonly notes: ModelNotes;
}

/** What a model folder is written from. */
export interface ModelContents {
  readonly config: JsonRecord;
  readonly weights: Readonly<Record<string, StoredTensor>>;
  /** Null for a folder that others are to read: no roux.json is written (`writeMaximumLength` tells them the length). */
  readonly notes: ModelNotes | null;
  /** The folder whose tokenizer files are copied; null for a model without a tokenizer. */
  readonly tokenizer: string | null;
}

const notesVersion = 1;
const configFile = 'config.json';
const weightsFile = 'model.safetensors';
const indexFile = 'model.safetensors.index.json';
const notesFile = 'roux.json';
const tokenizerConfigFile = 'tokenizer_config.json';

/** The files that can belong to a tokenizer. */
export const tokenizerFiles = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.txt',
] as const;

/** Reads `config.json` and `roux.json`. A folder without `config.json` is a `UserError`. */
export async function openModelFolder(path: string): Promise<ModelFolder> {
  const files = await listFolder(path);
  if (!files.includes(configFile)) {
    throw new UserError({
      code: 'model/folder',
      message: `${path} is not a model folder`,
      found: files.length > 0 ? files.slice(0, 8).join(', ') : 'an empty folder',
      expected: 'a folder in Hugging Face layout: config.json, model.safetensors, tokenizer.json',
      file: path,
    });
  }
  return {
    path,
    config: await readJsonFile(join(path, configFile)),
    notes: files.includes(notesFile) ? await readNotes(join(path, notesFile)) : { task: null, frozen: [] },
  };
}

/** Opens the weights of a model folder, in one file or in shards. Weights in other formats are a `UserError`. */
export async function openWeights(path: string): Promise<StoredWeights> {
  const files = await listFolder(path);
  if (files.includes(weightsFile)) return joinFiles([await openSafetensors(join(path, weightsFile))]);
  if (files.includes(indexFile)) return openShards(path);
  const pickled = files.find((name) =>
    /^(pytorch_model.*\.bin|tf_model\.h5|flax_model\.msgpack)$/.test(name),
  );
  throw new UserError({
    code: 'model/weights',
    message: `${path} has no ${weightsFile}`,
    found: pickled ?? (files.join(', ') || 'an empty folder'),
    help:
      pickled === undefined
        ? 'Copy the whole model folder.'
        : 'Save the model as safetensors: in Python AutoModel.from_pretrained(...).save_pretrained(...).',
    file: path,
  });
}

/** Writes a model folder. */
export async function writeModelFolder(path: string, contents: ModelContents): Promise<void> {
  await writeFile(join(path, configFile), formatJson(contents.config));
  await writeSafetensors(join(path, weightsFile), contents.weights);
  if (contents.notes !== null) await writeNotes(path, contents.notes);
  if (contents.tokenizer !== null) await copyTokenizer(contents.tokenizer, path);
}

/** Makes a model folder that differs from another one in its notes only; large files are shared where the disk can. */
export async function writeModelWithNotes(from: string, to: string, notes: ModelNotes): Promise<void> {
  for (const name of await listFolder(from)) {
    if (name !== notesFile) await linkOrCopy(join(from, name), join(to, name));
  }
  await writeNotes(to, notes);
}

/** Copies the tokenizer files that a folder has; returns their names. */
export async function copyTokenizer(from: string, to: string): Promise<readonly string[]> {
  const existing = await listFolder(from);
  const copied = tokenizerFiles.filter((name) => existing.includes(name));
  for (const name of copied) await copyFile(join(from, name), join(to, name));
  return copied;
}

/**
 * Lets the tokenizer of a folder say at which length texts are cut off, for programs that read no `roux.json`:
 * transformers truncates at `model_max_length` of `tokenizer_config.json`. A folder without a tokenizer stays as it is.
 */
export async function writeMaximumLength(path: string, tokens: number): Promise<void> {
  const files = await listFolder(path);
  if (!files.includes('tokenizer.json')) return;
  const file = join(path, tokenizerConfigFile);
  const settings = files.includes(tokenizerConfigFile) ? (await readJsonFile(file)).all : {};
  await writeFile(file, formatJson({ ...settings, model_max_length: tokens }));
}

/** What `writeMaximumLength` wrote, or another program; `undefined` where the tokenizer names no length. */
export async function readMaximumLength(path: string): Promise<number | undefined> {
  if (!(await listFolder(path)).includes(tokenizerConfigFile)) return undefined;
  const fields = await readJsonFile(join(path, tokenizerConfigFile));
  // Transformers writes 1e30 where there is no limit.
  const tokens = fields.number('model_max_length', { fallback: Number.MAX_VALUE });
  return Number.isSafeInteger(tokens) && tokens > 0 ? tokens : undefined;
}

async function readNotes(file: string): Promise<ModelNotes> {
  const fields = await readJsonFile(file);
  if (fields.integer('version') !== notesVersion) throw fields.wrong('version', String(notesVersion));
  return {
    task: fields.raw('task') === undefined ? null : fields.string('task'),
    frozen: fields.strings('frozen'),
    training: fields.raw('training') === undefined ? undefined : fields.record('training'),
    maximumTrainedLength:
      fields.raw('max_length') === undefined ? undefined : fields.integer('max_length', { least: 1 }),
  };
}

async function writeNotes(path: string, notes: ModelNotes): Promise<void> {
  const { task, frozen, training, maximumTrainedLength } = notes;
  const fields = { version: notesVersion, task, frozen, training, max_length: maximumTrainedLength };
  await writeFile(join(path, notesFile), formatJson(fields));
}

async function openShards(path: string): Promise<StoredWeights> {
  const index = await readJsonFile(join(path, indexFile));
  const map = index.fields('weight_map');
  const names = [...new Set(map.names.map((name) => map.string(name)))].sort();
  const opened: SafetensorsFile[] = [];
  try {
    for (const name of names) {
      // A shard is a file of this folder and nothing else.
      if (!/^[\w.-]+\.safetensors$/.test(name))
        throw index.wrong('weight_map', 'names of .safetensors files of this folder');
      opened.push(await openSafetensors(join(path, name)));
    }
    return joinFiles(opened);
  } catch (error) {
    for (const file of opened) await file.close();
    throw error;
  }
}

function joinFiles(files: readonly SafetensorsFile[]): StoredWeights {
  const fileOf = new Map<string, SafetensorsFile>();
  const entries = new Map<string, TensorEntry>();
  for (const file of files) {
    for (const [name, entry] of file.entries) {
      fileOf.set(name, file);
      entries.set(name, entry);
    }
  }
  return {
    entries,
    async read(name) {
      const file = fileOf.get(name);
      if (file === undefined) throw new Error(`no file holds the tensor ${name}`);
      return file.read(name);
    },
    async close() {
      for (const file of files) await file.close();
    },
  };
}

async function listFolder(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    const isFile = await stat(path).then(
      (found) => found.isFile(),
      () => false,
    );
    throw new UserError({
      code: 'model/folder',
      message: isFile ? `${path} is a file, not a model folder` : `the model folder ${path} does not exist`,
      expected: 'a folder in Hugging Face layout: config.json, model.safetensors, tokenizer.json',
      file: path,
    });
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // Another file system, or one without hard links: a copy does.
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (!['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK', 'EACCES'].includes(String(error.code))) throw error;
    await copyFile(from, to);
  }
}
