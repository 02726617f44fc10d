/**
 * Records as JSON that carry the SHA-256 of themselves, as their last member: a bit that a disk turned in one must not become
 * somebody's figure.
 */
import { sha256 } from './digests.js';
import { parseJsonSafely } from './file-writing.js';
import { isObject } from './foreign-data.js';

/** The text of a record. */
export function sealRecord(record: object): string {
  const text = JSON.stringify(record);
  return `${text.slice(0, -1)}${text === '{}' ? '' : ','}"sha256":"${sha256(text)}"}\n`;
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
