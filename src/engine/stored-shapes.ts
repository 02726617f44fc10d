/**
 * What may stand in records of a store. They are read from files that others could have written, and much in them becomes a path:
 * a record with `../../x` for a digest is a damaged one.
 */
import { isObject } from './foreign-data.js';
import type { ResultRecord, StoredArtifact } from './result-record.js';

/** A hexadecimal SHA-256: of artifacts, and of keys. */
export function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

/** A path inside an artifact: names with `/` between them, none of which leads elsewhere on any system. */
export function isPathInside(value: unknown): value is string {
  if (typeof value !== 'string' || value.includes('\0') || value.includes('\\')) return false;
  return value.split('/').every((name) => name !== '' && name !== '.' && name !== '..');
}

/** Whether a value is a result's record, in all that is used without asking again. */
export function isResultRecord(value: unknown): value is ResultRecord {
  return (
    isObject(value) &&
    isDigest(value.key) &&
    typeof value.stageType === 'string' &&
    isObject(value.fingerprint) &&
    isObject(value.outputs) &&
    Object.values(value.outputs).every(isStoredArtifact) &&
    isNumbers(value.metrics) &&
    (value.kept === undefined || (Array.isArray(value.kept) && value.kept.every(isDigest))) &&
    isTexts(value.warnings) &&
    isTexts(value.logTail) &&
    typeof value.durationMs === 'number' &&
    typeof value.finishedAt === 'string'
  );
}

/** Whether a value is a list of texts. */
export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

/** Whether a value has numbers by name, as metrics are. */
export function isNumbers(value: unknown): value is Readonly<Record<string, number>> {
  return isObject(value) && Object.values(value).every((number) => typeof number === 'number');
}

function isStoredArtifact(value: unknown): value is StoredArtifact {
  return (
    isObject(value) &&
    typeof value.kind === 'string' &&
    isDigest(value.digest) &&
    typeof value.bytes === 'number' &&
    Array.isArray(value.files) &&
    value.files.every(
      (file: unknown) =>
        isObject(file) && isPathInside(file.path) && isDigest(file.sha256) && Number.isSafeInteger(file.size),
    )
  );
}
