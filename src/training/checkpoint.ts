/**
 * Checkpoints: everything that a killed training needs to go on and end with the same bytes.
 *
 * A checkpoint is one safetensors file with the changing variables (trained weights and optimizer state) and, in its
 * metadata, the loop's state as JSON. The order of data, the masks and the dropout of a step depend on the seed and the
 * step alone, so the number of the step is all that has to be known of them. The best weights so far lie in a file of
 * their own, written only when they change.
 *
 * Files appear whole or not at all: written under a temporary name, synced, renamed. Each has the hash of its contents in its
 * metadata, and one that does not fit is not used.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../artifacts/user-error.js';
import { openSafetensors, type StoredTensor, toFloat32, writeSafetensors } from '../formats/safetensors.js';
import type { HostTensor, NamedHostTensors } from '../runtime/runtime.js';
import type { BestState } from './best.js';
import type { CurveRow } from './curve.js';

/** Where the loop stands after a step; plain JSON. */
export interface LoopState {
  /** Updates done. */
  readonly step: number;
  readonly best: BestState;
  /** Rows of the curve so far. */
  readonly curve: readonly CurveRow[];
  /** Losses since the last row of the curve. */
  readonly pending: readonly StepFigures[];
  /** Losses since the epoch began. */
  readonly epochLoss: { readonly sum: number; readonly steps: number };
  /** Training has ended before its last step. */
  readonly stopped: boolean;
  /** Figures of the last update where training was interrupted before it was evaluated and recorded. */
  readonly unrecorded?: StepResult;
}

/** What one update reports. */
export interface StepFigures {
  readonly loss: number;
  readonly penalty: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
}

/** One update's figures. */
export interface StepResult extends StepFigures {
  /** Tokens that are not padding. */
  readonly tokens: number;
}

/** A checkpoint that was read. */
export interface Checkpoint {
  readonly state: LoopState;
  /** Values of the changing variables. */
  readonly variables: NamedHostTensors;
  /** The trained weights of the best evaluation; absent before the first, or where they are not kept. */
  readonly best?: NamedHostTensors;
  /** `courseOf` the training; absent in checkpoints that only the same training goes on from. */
  readonly course?: string;
}

const checkpointFile = 'checkpoint.safetensors';
const formatVersion = '1';

/** Writes a checkpoint into a folder and removes what it replaces. */
export async function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  await mkdir(folder, { recursive: true });
  const kept = bestFile(checkpoint.state);
  const existing = await readdir(folder);
  if (checkpoint.best !== undefined && kept !== undefined && !existing.includes(kept)) {
    await writeAtomically(folder, kept, checkpoint.best, {});
  }
  await writeAtomically(folder, checkpointFile, checkpoint.variables, {
    version: formatVersion,
    state: JSON.stringify(checkpoint.state),
    keeps_best: String(checkpoint.best !== undefined),
    ...(checkpoint.course === undefined ? {} : { course: checkpoint.course }),
  });
  for (const name of existing) {
    if (name !== kept && name !== checkpointFile)
      await rm(join(folder, name), { recursive: true, force: true });
  }
}

/**
 * Reads the checkpoint of a folder; undefined where there is none.
 *
 * @param expected names of the variables that it must hold. A checkpoint that does not fit or cannot be read is
 * handed to `onUnusable` and counts as none: the training starts again.
 */
export async function readCheckpoint(
  folder: string,
  expected: readonly string[],
  onUnusable: (reason: string) => void,
): Promise<Checkpoint | undefined> {
  try {
    const names = await readdir(folder);
    if (!names.includes(checkpointFile)) return undefined;
    const { tensors: variables, metadata } = await readTensors(join(folder, checkpointFile));
    if (metadata.version !== formatVersion || metadata.state === undefined) {
      onUnusable('it was written by another version');
      return undefined;
    }
    const missing = expected.find((name) => variables[name] === undefined);
    if (missing !== undefined) {
      onUnusable(`it lacks ${missing}`);
      return undefined;
    }
    // Written by `writeCheckpoint` under the same version: its shape is known.
    const state = JSON.parse(metadata.state) as LoopState;
    const kept = metadata.keeps_best === 'true' ? bestFile(state) : undefined;
    return {
      state,
      variables,
      ...(kept === undefined ? {} : { best: (await readTensors(join(folder, kept))).tensors }),
      ...(metadata.course === undefined ? {} : { course: metadata.course }),
    };
  } catch (error) {
    if (isMissingFolder(error)) return undefined;
    if (error instanceof UserError || error instanceof SyntaxError) {
      onUnusable(error.message);
      return undefined;
    }
    throw error;
  }
}

function bestFile(state: LoopState): string | undefined {
  return state.best.best === undefined ? undefined : `best-${Number(state.best.best.step)}.safetensors`;
}

async function writeAtomically(
  folder: string,
  name: string,
  tensors: NamedHostTensors,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const temporary = join(folder, `${name}.tmp`);
  const stored = Object.fromEntries(
    Object.entries(tensors).map(([tensorName, tensor]): [string, StoredTensor] => [
      tensorName,
      toStored(tensor),
    ]),
  );
  await writeSafetensors(temporary, stored, { ...metadata, sha256: hashTensors(stored, metadata) });
  const file = await open(temporary, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(folder, name));
}

async function readTensors(path: string) {
  const file = await openSafetensors(path);
  try {
    const stored: Record<string, StoredTensor> = {};
    for (const name of file.entries.keys()) stored[name] = await file.read(name);
    const { sha256, ...metadata } = file.metadata;
    if (sha256 !== hashTensors(stored, metadata)) {
      throw new UserError({ code: 'checkpoint/damaged', message: 'it is not as it was written', file: path });
    }
    const tensors = Object.entries(stored).map(([name, tensor]): [string, HostTensor] => [
      name,
      { dtype: 'float32', shape: tensor.shape, data: toFloat32(tensor, name) },
    ]);
    return { tensors: Object.fromEntries(tensors), metadata };
  } finally {
    await file.close();
  }
}

/** A hash of all that a file holds: a bit that a disk turned must not be trained on. */
function hashTensors(
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>>,
): string {
  const hash = createHash('sha256');
  const sorted = <Value>(record: Readonly<Record<string, Value>>) =>
    Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  hash.update(JSON.stringify(sorted(metadata)));
  for (const [name, { dtype, shape, data }] of sorted(tensors)) {
    hash.update(JSON.stringify([name, dtype, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

function toStored(tensor: HostTensor): StoredTensor {
  return tensor.dtype === 'float32'
    ? { dtype: 'F32', shape: tensor.shape, data: tensor.data }
    : { dtype: 'I32', shape: tensor.shape, data: tensor.data };
}

function isMissingFolder(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
