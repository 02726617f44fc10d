/**
 * Notes of runs that found everything: what they looked at, and what they recorded and told. While all of it is as it was, the
 * same question has the same answer. `kept-run.ts` writes them, `recalled-run.ts` answers from them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installedBuild } from '../plugin/installation.js';
import type { Json } from '../plugin/stage-info.js';
import type { RecipeBasis } from '../recipe/recipe-basis.js';
import type { RunEvent } from './events.js';
import type { FileStamp } from './file-stamp.js';
import { parseJsonSafely } from './file-writing.js';
import type { RecordBeginning } from './sealed-record.js';

/** Who asks for a run, and how. */
export interface RunQuestion {
  /** The folder of the notes; made when there is none, if the folder that it is in is there. */
  readonly folder: string;
  /** Everything that says what is run and with what, besides what the recipe itself looks at. */
  readonly words: string;
}

/** Raise it when a note changes its meaning. */
export const runNoteFormat = 2;

/** The event of a name. */
export type EventOf<Name extends RunEvent['event']> = Extract<RunEvent, { readonly event: Name }>;

/** What was stamped below a path: file -> stamp. */
export type Stamps = Readonly<Record<string, FileStamp>>;

/** A run that found everything. */
export interface RunNote {
  readonly format: typeof runNoteFormat;
  /** `installedBuild` of the roux that wrote it. */
  readonly roux: string;
  readonly words: string;
  readonly basis: RecipeBasis;
  /** The recalled recipe's own note. */
  readonly recipeNote: string;
  /** Files that would be taken instead of others if they were there: recipes, files of plugins, packages. */
  readonly absent: readonly string[];
  /** Absolute path of the store. */
  readonly store: string;
  /** The files that the recipe was made of, and what tells from what its stages were last made. */
  readonly files: Stamps;
  /** Files and folders outside the store that the recipe names. */
  readonly inputs: readonly { readonly path: string; readonly isFolder: boolean; readonly stamps: Stamps }[];
  /** By digest. */
  readonly artifacts: Readonly<Record<string, Stamps>>;
  /** In the order in which the results were found; `text` is what the file of the result holds. */
  readonly hits: readonly { readonly stage: string; readonly key: string; readonly text: string }[];
  /** The first event and the last. */
  readonly started: EventOf<'run-started'>;
  readonly finished: EventOf<'run-finished'>;
  /** The two files of the run's record, without what differs from run to run. */
  readonly begun: RecordBeginning;
  readonly ended: RecordBeginning;
  /** Whatever the caller wants to be told when the run is recalled. */
  readonly caller: Json;
}

/** The file of a question's note, whether it is there or not. Of two questions of the same name one is forgotten. */
export function runNoteFile({ folder, words }: RunQuestion): string {
  return join(folder, `run-${fowlerNollVo(words).toString(16).padStart(8, '0')}.json`);
}

/** The hash FNV-1a of 32 bits, over UTF-16. Loading `node:crypto` takes longer than anything else that is done with a note. */
function fowlerNollVo(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** Reads a note; `undefined` when there is none, it is damaged, or this roux does not understand it. */
export function readRunNote(file: string): RunNote | undefined {
  let twice: Buffer;
  try {
    twice = readFileSync(file);
  } catch {
    return undefined;
  }
  const once = twice.subarray(0, twice.length / 2);
  if (!once.equals(twice.subarray(once.length))) return undefined;
  const note = parseJsonSafely(once.toString()) as RunNote | undefined;
  return note?.format === runNoteFormat && note.roux === installedBuild() ? note : undefined;
}

/** The recipe, absolute, of the run that a file keeps; `undefined` when this roux can recall nothing from it. */
export function recipeOfRunNote(file: string): string | undefined {
  return readRunNote(file)?.basis.recipe;
}

/** What the file of a note holds: the note twice, so that a bit that a disk turned in one is noticed. */
export function textOfRunNote(note: RunNote): string {
  return JSON.stringify(note).repeat(2);
}
