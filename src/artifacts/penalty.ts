/**
 * The `penalty` artifact: Fisher information and old weights that hold a model near what it knew.
 *
 * `penalty.safetensors` has two tensors per parameter, `fisher.<name>` and `anchor.<name>`, F32 of the parameter's shape;
 * `penalty.json` says how strong the penalty is and how it was estimated.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatJson, readJsonFile } from '../formats/json.js';
import { openSafetensors, type StoredTensor, toFloat32, writeSafetensors } from '../formats/safetensors.js';
import { UserError } from './user-error.js';

/** What `penalty.json` says. */
export interface PenaltyDescription {
  /** Lambda of elastic weight consolidation. */
  readonly strength: number;
  /** Where the labels came from: exact, sampled, empirical. */
  readonly fisher: string;
  /** Examples that the estimate is the mean of. */
  readonly samples: number;
  /** What the estimate was multiplied by after all: 1 without normalisation. */
  readonly scale: number;
  /** The task of the model that it was estimated with. */
  readonly task: string;
  /** Tasks that the penalty remembers: 1, and one more for each penalty that went into it (online EWC). */
  readonly tasks: number;
}

/** A float32 tensor. */
export interface PenaltyTensor {
  readonly dtype: 'float32';
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A penalty in memory. */
export interface Penalty extends PenaltyDescription {
  /** Diagonal Fisher information by parameter name. */
  readonly fisherInformation: Readonly<Record<string, PenaltyTensor>>;
  /** Old weights, by the same names, of the same shapes. */
  readonly anchor: Readonly<Record<string, PenaltyTensor>>;
}

const descriptionFile = 'penalty.json';
const tensorFile = 'penalty.safetensors';
const formatVersion = 1;
const fisherPrefix = 'fisher.';
const anchorPrefix = 'anchor.';

/** Writes a penalty into an empty folder. Throws an Error where Fisher information and anchors do not match. */
export async function writePenalty(path: string, penalty: Penalty): Promise<void> {
  const { fisherInformation, anchor, strength, fisher, samples, scale, task, tasks } = penalty;
  const lonely = withoutPartner(penalty);
  if (lonely !== undefined) throw new Error(`Fisher information and anchor of ${lonely} do not match`);
  const tensors: Record<string, StoredTensor> = {};
  for (const [name, { shape, data }] of Object.entries(fisherInformation)) {
    tensors[fisherPrefix + name] = { dtype: 'F32', shape, data };
  }
  for (const [name, { shape, data }] of Object.entries(anchor)) {
    tensors[anchorPrefix + name] = { dtype: 'F32', shape, data };
  }
  await writeSafetensors(join(path, tensorFile), tensors);
  const description = { version: formatVersion, strength, fisher, samples, scale, task, tasks };
  await writeFile(join(path, descriptionFile), formatJson(description));
}

/** Reads a penalty. A folder that holds none, and tensors that contradict each other, are `UserError`s. */
export async function readPenalty(path: string): Promise<Penalty> {
  const fields = await readJsonFile(join(path, descriptionFile));
  if (fields.integer('version') !== formatVersion) throw fields.wrong('version', String(formatVersion));
  const fisherInformation: Record<string, PenaltyTensor> = {};
  const anchor: Record<string, PenaltyTensor> = {};
  const file = await openSafetensors(join(path, tensorFile));
  try {
    for (const [name, { shape }] of file.entries) {
      const data = toFloat32(await file.read(name), `tensor '${name}' of ${file.path}`);
      const tensor: PenaltyTensor = { dtype: 'float32', shape, data };
      if (name.startsWith(fisherPrefix)) fisherInformation[name.slice(fisherPrefix.length)] = tensor;
      if (name.startsWith(anchorPrefix)) anchor[name.slice(anchorPrefix.length)] = tensor;
    }
    const lonely = withoutPartner({ fisherInformation, anchor });
    if (lonely !== undefined) {
      throw new UserError({
        code: 'penalty/contradiction',
        message: `${file.path} does not have Fisher information and anchor of '${lonely}' in equal shapes`,
        file: file.path,
      });
    }
  } finally {
    await file.close();
  }
  return {
    strength: fields.number('strength', { least: 0 }),
    fisher: fields.string('fisher'),
    samples: fields.integer('samples'),
    scale: fields.number('scale', { fallback: 1, least: 0 }),
    task: fields.string('task'),
    tasks: fields.integer('tasks', { fallback: 1 }),
    fisherInformation,
    anchor,
  };
}

/** A parameter that has only one of Fisher information and anchor, or both in different shapes. */
function withoutPartner({
  fisherInformation,
  anchor,
}: Pick<Penalty, 'fisherInformation' | 'anchor'>): string | undefined {
  return [...Object.keys(fisherInformation), ...Object.keys(anchor)].find((name) => {
    const one = fisherInformation[name];
    const other = anchor[name];
    return one === undefined || other === undefined || `${one.shape}` !== `${other.shape}`;
  });
}
