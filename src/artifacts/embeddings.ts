/**
 * The `embeddings` artifact: one vector per example of a tokens artifact, for example what a teacher makes of each text.
 *
 * `embeddings.json` holds `version`, `size` and the number of examples by split; `<split>.safetensors` the tensor
 * `embeddings`, F16 [examples, size], in the order of the examples.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { float32ToFloat16 } from '../formats/half-precision.js';
import { formatJson, readJsonFile } from '../formats/json.js';
import { openSafetensors, toFloat32, writeSafetensors } from '../formats/safetensors.js';
import { missingSplit } from './dataset.js';
import { type SplitName, splitNames } from './kinds.js';

/** The vectors of one split. */
export interface Embeddings {
  /** Numbers of one vector. */
  readonly size: number;
  /** Vectors one after the other: [examples x size]. */
  readonly values: Float32Array;
}

const formatVersion = 1;

/** Writes embeddings into an empty folder, rounded to float16; all splits have vectors of the same size. */
export async function writeEmbeddings(
  path: string,
  size: number,
  splits: Readonly<Partial<Record<SplitName, Float32Array>>>,
): Promise<void> {
  const examples: Partial<Record<SplitName, number>> = {};
  for (const split of splitNames) {
    const values = splits[split];
    if (values === undefined) continue;
    examples[split] = values.length / size;
    const embeddings = {
      dtype: 'F16',
      shape: [values.length / size, size],
      data: float32ToFloat16(values),
    } as const;
    await writeSafetensors(join(path, `${split}.safetensors`), { embeddings }, {});
  }
  await writeFile(
    join(path, 'embeddings.json'),
    formatJson({ version: formatVersion, size, splits: examples }),
  );
}

/** Reads one split. A folder without it is a `UserError`. */
export async function readEmbeddings(path: string, split: SplitName): Promise<Embeddings> {
  const fields = await readJsonFile(join(path, 'embeddings.json'));
  if (fields.integer('version') !== formatVersion) throw fields.wrong('version', String(formatVersion));
  const splits = fields.fields('splits');
  if (splits.raw(split) === undefined) {
    const existing = splitNames.filter((name) => splits.raw(name) !== undefined);
    throw missingSplit('embeddings artifact', split, existing);
  }
  const file = await openSafetensors(join(path, `${split}.safetensors`));
  try {
    const values = toFloat32(await file.read('embeddings'), `tensor 'embeddings' of ${file.path}`);
    return { size: fields.integer('size'), values };
  } finally {
    await file.close();
  }
}
