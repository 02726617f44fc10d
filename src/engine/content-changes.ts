/** What changed inside the files that a stage reads, and in its plugin's source: remembered when it ends, told on request. */
import { extname } from 'node:path';
import { UserError } from '../artifacts/user-error.js';
import type { CheckedStage } from '../recipe/checked-recipe.js';
import { fileSystemError } from './fs-failure.js';
import { type KeyData, pathsInKey } from './key-data.js';
import { compareLines, type LineChanges } from './line-changes.js';
import {
  isRemembered,
  type RememberedFile,
  recallFiles,
  recallLines,
  rememberFiles,
  rememberLines,
  sketchLines,
} from './line-memory.js';
import { listPathFiles } from './path-contents.js';
import type { Store } from './store.js';

/** What differs inside a file or folder. */
export type ContentChanges =
  | ({ readonly of: 'lines' } & LineChanges)
  /** Paths relative to the folder. */
  | {
      readonly of: 'files';
      readonly added: readonly string[];
      readonly removed: readonly string[];
      readonly changed: readonly string[];
    };

/**
 * Remembers the lines of the texts and the names in the folders that a stage's settings name, as far as `line-memory.ts` takes
 * them. Costs a read of files that were not remembered yet.
 */
export async function rememberContents(store: Store, stage: CheckedStage, data: KeyData): Promise<void> {
  try {
    for (const { pointer, absolute, written } of pathsInKey(stage)) {
      const contents = data.files[pointer];
      if (contents === undefined || (await isRemembered(store, contents.digest))) continue;
      if (contents.type === 'folder') {
        await rememberFiles(store, contents.digest, await listPathFiles(store, absolute, written));
      } else {
        const sketch = await sketchLines(absolute);
        // A file that was changed while the stage read it is not what the key says.
        if (sketch?.sha256 === contents.digest) await rememberLines(store, sketch.sha256, sketch.lines);
      }
    }
    const { source } = stage.info;
    if (source.from === 'plugin' && !(await isRemembered(store, source.digest))) {
      const sketch = await sketchLines(source.file);
      if (sketch !== undefined) await rememberLines(store, source.digest, sketch.lines);
    }
  } catch (error) {
    // Only explanations are worded with it: neither a full disk nor a file that is gone by now is a failure of the stage.
    if (error instanceof UserError || fileSystemError(error, 'remembering contents') !== undefined) return;
    throw error;
  }
}

/** What changed in the path behind a setting; `undefined` where it was not remembered or is no text. */
export async function changesOfPath(
  store: Store,
  stage: CheckedStage,
  pointer: string,
  before: KeyData,
  data: KeyData,
): Promise<ContentChanges | undefined> {
  const old = before.files[pointer];
  const now = data.files[pointer];
  const path = stage.paths.find((candidate) => candidate.pointer === pointer);
  if (old === undefined || now === undefined || path === undefined || old.type !== now.type) return undefined;
  if (now.type === 'folder') {
    const files = await recallFiles(store, old.digest);
    if (files === undefined) return undefined;
    return compareFiles(files, await listPathFiles(store, path.absolute, path.written));
  }
  return linesSince(store, old.digest, now.digest, path.absolute);
}

/** What changed in the file of a plugin; `undefined` where it was not remembered or only what it imports changed. */
export async function changesOfPlugin(
  store: Store,
  stage: CheckedStage,
  before: KeyData,
): Promise<ContentChanges | undefined> {
  const { source } = stage.info;
  if (source.from !== 'plugin' || before.plugin === undefined) return undefined;
  const changes = await linesSince(store, before.plugin, source.digest, source.file);
  const none = changes?.of === 'lines' && changes.added + changes.removed + changes.changed === 0;
  return none && !changes.reordered ? undefined : changes;
}

/** Files of which people say that they have rows. */
const rowFiles: ReadonlySet<string> = new Set(['.csv', '.tsv', '.jsonl', '.ndjson', '.conll', '.txt']);

/** Files of a folder that are named. */
const mostNamed = 3;

/** '2 rows added, 1 changed (lines 5, 9, 12)'; `path` decides what lines are called. */
export function describeChanges(changes: ContentChanges, path: string): string {
  if (changes.of === 'files') {
    return [
      listed('added', changes.added),
      listed('removed', changes.removed),
      listed('changed', changes.changed),
    ]
      .filter((part) => part !== '')
      .join(', ');
  }
  const { added, removed, changed, reordered, at } = changes;
  const noun = rowFiles.has(extname(path).toLowerCase()) ? 'row' : 'line';
  const counts: readonly (readonly [number, string])[] = [
    [added, 'added'],
    [removed, 'removed'],
    [changed, 'changed'],
  ];
  const parts = counts
    .filter(([count]) => count > 0)
    .map(([count, what], index) =>
      index === 0 ? `${count} ${noun}${count === 1 ? '' : 's'} ${what}` : `${count} ${what}`,
    );
  if (reordered)
    parts.push(parts.length === 0 ? `the same ${noun}s in another order` : 'others in another order');
  if (parts.length === 0) return `the same ${noun}s with another ending`;
  const more = added + changed > at.length ? ', ...' : '';
  const where = at.length === 0 ? '' : ` (${at.length === 1 ? 'line' : 'lines'} ${at.join(', ')}${more})`;
  return `${parts.join(', ')}${where}`;
}

function listed(what: string, paths: readonly string[]): string {
  if (paths.length === 0) return '';
  const more = paths.length > mostNamed ? ', ...' : '';
  return `${paths.length} ${paths.length === 1 ? 'file' : 'files'} ${what} (${paths.slice(0, mostNamed).join(', ')}${more})`;
}

async function linesSince(
  store: Store,
  old: string,
  now: string,
  path: string,
): Promise<ContentChanges | undefined> {
  const before = await recallLines(store, old);
  if (before === undefined) return undefined;
  const after = (await recallLines(store, now)) ?? (await sketchLines(path))?.lines;
  return after === undefined ? undefined : { of: 'lines', ...compareLines(before, after) };
}

function compareFiles(before: readonly RememberedFile[], after: readonly RememberedFile[]): ContentChanges {
  const old = new Map(before.map(({ path, sha256 }) => [path, sha256]));
  const now = new Map(after.map(({ path, sha256 }) => [path, sha256]));
  return {
    of: 'files',
    added: [...now.keys()].filter((path) => !old.has(path)),
    removed: [...old.keys()].filter((path) => !now.has(path)),
    changed: [...now].flatMap(([path, sha256]) => (old.has(path) && old.get(path) !== sha256 ? [path] : [])),
  };
}
