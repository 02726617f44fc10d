/**
 * Records as JSON that carry the SHA-256 of themselves, as their last member: a bit that a disk turned in one must not become
 * somebody's figure.
 */
import { sha256 } from './digests.js';
import { parseJsonSafely } from './file-writing.js';
import { isObject } from './foreign-data.js';
import { blockBytes, endHash, type HashState, hashBlocks, initialState } from './sha256-state.js';

/** The text of a record. */
export function sealRecord(record: object): string {
  const text = JSON.stringify(record);
  return `${text.slice(0, -1)}${text === '{}' ? '' : ','}"sha256":"${sha256(text)}"}\n`;
}

/** What records begin with that differ in their last members only. */
export interface RecordBeginning {
  readonly text: string;
  readonly bytes: number;
  /** The hash of the text. */
  readonly state: HashState;
}

/** The beginning of records with these members, of which there is one at least. */
export function beginRecord(members: object): RecordBeginning {
  const text = `${JSON.stringify(members).slice(0, -1)},`;
  const length = Buffer.byteLength(text);
  const bytes = Math.ceil(length / blockBytes) * blockBytes;
  const whole = text + ' '.repeat(bytes - length);
  return { text: whole, bytes, state: hashBlocks(initialState, Buffer.from(whole)) };
}

/** The text of a record that begins like that and ends with these members; only they are hashed. */
export function endRecord({ text, bytes, state }: RecordBeginning, members: object): string {
  const end = JSON.stringify(members).slice(1);
  return `${text}${end.slice(0, -1)},"sha256":"${endHash(state, bytes, Buffer.from(end))}"}\n`;
}

/** What a text holds, without the hash; `undefined` when it is no record or damaged. */
export function unsealRecord(sealed: string): Readonly<Record<string, unknown>> | undefined {
  const found = seal.exec(sealed);
  if (found === null) return undefined;
  const text = `${sealed.slice(0, found.index)}}`;
  if (sha256(text) !== found[1]) return undefined;
  const value = parseJsonSafely(text);
  return isObject(value) ? value : undefined;
}

const seal = /,?"sha256":"([0-9a-f]{64})"\}\n$/;
