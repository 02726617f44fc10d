/**
 * Tags: names that people give to runs.
 *
 * `tags/NAME.json` in the store, one file per tag, so that two processes can tag at once. A tag is also a wish to keep: what
 * its run's stages came to (`keysOfTaggedRuns`) and the run's record are for garbage collection to leave alone.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { UserError } from '../artifacts/user-error.js';
import { ignoreMissing, readFileIfThere, writeFileAtomically } from './file-writing.js';
import { isRunId, readRun } from './run-record.js';
import { sealRecord, unsealRecord } from './sealed-record.js';
import type { Store } from './store.js';

/** A name for a run. */
export interface RunTag {
  readonly name: string;
  /** The run's identifier; its record may have been removed since. */
  readonly run: string;
  /** ISO 8601. */
  readonly taggedAt: string;
}

/** What the clock is asked for; tests hand in their own. */
export interface TagOptions {
  /** Milliseconds since the epoch; now by default. */
  readonly now?: number;
}

/** Letters, digits, `.`, `_` and `-`: what every file system and shell takes as it is. */
const tagPattern = /^[A-Za-z][A-Za-z0-9._-]{0,63}$/;

/** Words that mean a run already. */
const takenPattern = /^latest([~.].*)?$/;

/** What a tag may be called, for messages. */
export const tagNameRule = 'a letter, then up to 63 letters, digits, ".", "_" or "-"; not "latest"';

/** Whether a run can be called that. */
export function isTagName(name: string): boolean {
  return tagPattern.test(name) && !takenPattern.test(name);
}

/** Gives a run a name; an older tag of that name moves. Throws a `UserError` for a name that cannot be one. */
export async function tagRun(
  store: Store,
  run: string,
  name: string,
  { now = Date.now() }: TagOptions = {},
): Promise<RunTag> {
  if (!isTagName(name)) {
    throw new UserError({
      message: `${JSON.stringify(name)} cannot be the name of a run`,
      code: 'command/argument',
      found: name,
      expected: tagNameRule,
    });
  }
  const tag: RunTag = { name, run, taggedAt: new Date(now).toISOString() };
  await mkdir(store.path('tags'), { recursive: true });
  await writeFileAtomically(tagFile(store, name), sealRecord({ format: 1, ...tag }), {
    temporary: await store.temporaryPath(),
  });
  return tag;
}

/** Takes a name away; false when there was none. */
export async function removeTag(store: Store, name: string): Promise<boolean> {
  if (!tagPattern.test(name) || (await readTag(store, name)) === undefined) return false;
  await rm(tagFile(store, name), { force: true });
  return true;
}

/** The tag of a name. */
export async function readTag(store: Store, name: string): Promise<RunTag | undefined> {
  if (!tagPattern.test(name)) return undefined;
  return parseTag(name, (await readFileIfThere(tagFile(store, name))) ?? '');
}

/** The tag that a text holds; `undefined` when it is damaged or another one's. */
export function parseTag(name: string, text: string): RunTag | undefined {
  const value = unsealRecord(text);
  if (value?.name !== name || typeof value.run !== 'string' || !isRunId(value.run)) return undefined;
  return { name, run: value.run, taggedAt: typeof value.taggedAt === 'string' ? value.taggedAt : '' };
}

/** All tags, by name. */
export async function listTags(store: Store): Promise<readonly RunTag[]> {
  const names = (await readdir(store.path('tags')).catch(ignoreMissing)) ?? [];
  const tags: RunTag[] = [];
  for (const file of [...names].sort()) {
    const tag = await readTag(store, file.replace(/\.json$/, ''));
    if (tag !== undefined) tags.push(tag);
  }
  return tags;
}

/** The keys of all results that the stages of tagged runs came to. */
export async function keysOfTaggedRuns(store: Store): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for (const { run } of await listTags(store)) {
    for (const { key } of (await readRun(store, run))?.stages ?? []) if (key !== undefined) keys.add(key);
  }
  return keys;
}

function tagFile(store: Store, name: string): string {
  return store.path('tags', `${name}.json`);
}
