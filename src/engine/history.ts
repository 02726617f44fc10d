/** The last result of every stage of every recipe: what a change is compared with. */
import { mkdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import type { CheckedRecipe, CheckedStage } from '../recipe/checked-recipe.js';
import { sha256 } from './digests.js';
import { listFolders, writeFileAtomically } from './file-writing.js';
import { isObject } from './foreign-data.js';
import { fileSystemError } from './fs-failure.js';
import type { KeyData } from './key-data.js';
import { recipeFromStore, recipeInStore } from './recipe-path.js';
import type { ResultRecord } from './result-record.js';
import { sealRecord, unsealRecord } from './sealed-record.js';
import { readSmallFile } from './small-files.js';
import type { Store } from './store.js';
import { isDigest } from './stored-shapes.js';

/** What a stage's result was made from, and what came out. */
export interface PastResult {
  readonly key: string;
  readonly data: KeyData;
  /** Port -> references as written. */
  readonly wiring: Readonly<Record<string, readonly string[]>>;
  /** Port -> digest. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number>>;
}

/** A stage as it was when it last ended well. */
export interface HistoryEntry extends PastResult {
  /** Path of the recipe, relative to the folder that the store is in, so that a project can be moved. */
  readonly recipe: string;
  readonly stage: string;
  /** It was run on a sample. */
  readonly sample?: true;
  /** The result before this one, so that it can still be told what made the difference. */
  readonly previous?: PastResult;
}

/** What a stage's last result was; `undefined` when it never had one or the entry is damaged. */
export async function readHistory(
  store: Store,
  recipe: CheckedRecipe,
  stage: CheckedStage,
): Promise<HistoryEntry | undefined> {
  const path = historyFile(store, recipe, stage.name);
  const text = readSmallFile(path);
  if (text === undefined) return undefined;
  const entry = parseHistory(text);
  if (entry !== undefined && isEntryOf(store, path, entry)) return entry;
  store.troubles.note(
    `What stage ${stage.name} was last made from cannot be told: its entry in the history is damaged`,
  );
  return undefined;
}

/** Remembers a stage's result as its last one, and the one before it. */
export async function writeHistory(
  store: Store,
  recipe: CheckedRecipe,
  stage: CheckedStage,
  data: KeyData,
  record: ResultRecord,
  before: PastResult | undefined,
): Promise<void> {
  const entry: HistoryEntry = {
    recipe: recipeInStore(store, recipe.file),
    stage: stage.name,
    ...(recipe.sample === true ? { sample: true } : {}),
    key: record.key,
    data,
    wiring: wiringOf(stage),
    outputs: Object.fromEntries(Object.entries(record.outputs).map(([port, { digest }]) => [port, digest])),
    metrics: record.metrics,
    ...(before === undefined ? {} : { previous: pastOf(before) }),
  };
  const path = historyFile(store, recipe, stage.name);
  try {
    mkdirSync(dirname(path), { recursive: true });
    await writeFileAtomically(path, sealRecord(entry), {
      temporary: await store.temporaryPath(),
      durable: false,
    });
  } catch (error) {
    // Only reasons are worded with it: a full disk that a result still fitted on is no failure of the stage.
    const refused = fileSystemError(error, 'writing the history');
    if (refused === undefined) throw error;
    store.troubles.note(`${refused.message}; what changed since may be told wrongly the next time`);
  }
}

/** Every entry of every recipe. */
export async function listHistory(store: Store): Promise<readonly HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  for (const folder of await listFolders(store.path('history'))) {
    for (const name of await readdir(store.path('history', folder))) {
      const entry = parseHistory(readSmallFile(store.path('history', folder, name)) ?? '');
      if (entry !== undefined) entries.push(entry);
    }
  }
  return entries;
}

/** Whether an entry belongs at a path, and was not put there in place of another one. */
export function isEntryOf(store: Store, path: string, { recipe, stage, sample }: HistoryEntry): boolean {
  return path === entryFile(store, recipeFromStore(store, recipe), stage, sample === true);
}

/** Port -> references as written in the recipe. */
export function wiringOf(stage: CheckedStage): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(stage.inputs).map(([port, references]) => [
      port,
      references.map(({ written }) => written),
    ]),
  );
}

/** Without what lies further back: one step is remembered. */
function pastOf({ key, data, wiring, outputs, metrics }: PastResult): PastResult {
  return { key, data, wiring, outputs, metrics };
}

/** The file of a stage's last result, whether it is there or not. */
export function historyFile(store: Store, recipe: CheckedRecipe, stage: string): string {
  return entryFile(store, recipe.file, stage, recipe.sample === true);
}

function entryFile(store: Store, file: string, stage: string, sample: boolean): string {
  const name = `${encodeURIComponent(stage)}${sample ? '.sample' : ''}.json`;
  return `${historyFolder(store, file)}${sep}${name}`;
}

/** Folders by the paths of recipes, since every stage of a recipe asks for the same. */
const knownFolders = new WeakMap<Store, Map<string, string>>();

function historyFolder(store: Store, file: string): string {
  const known = knownFolders.get(store) ?? new Map<string, string>();
  knownFolders.set(store, known);
  const folder = known.get(file) ?? store.path('history', sha256(recipeInStore(store, file)).slice(0, 32));
  known.set(file, folder);
  return folder;
}

/** The entry that a text holds; `undefined` when it is damaged. */
export function parseHistory(text: string): HistoryEntry | undefined {
  const value = unsealRecord(text);
  if (value === undefined || typeof value.recipe !== 'string' || typeof value.stage !== 'string') {
    return undefined;
  }
  if (!isDigest(value.key) || !isObject(value.data)) return undefined;
  if (!isObject(value.wiring) || !isObject(value.outputs) || !isObject(value.metrics)) return undefined;
  if (!isObject(value.data.settings) || !isObject(value.data.files) || !isObject(value.data.inputs))
    return undefined;
  // Written by `writeHistory`; whatever else may be wrong in it can only spoil the wording of a reason.
  return value as unknown as HistoryEntry;
}
