/** Writes the record of a run while it goes on; a killed run leaves what had happened until then. */
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type { CheckedRecipe, CheckedStage } from '../recipe/checked-recipe.js';
import type { RunSummary, StageSummary } from './api.js';
import { sha256 } from './digests.js';
import { isUneventful, type RunEvent } from './events.js';
import { isFileError } from './file-writing.js';
import { fileSystemError } from './fs-failure.js';
import { wiringOf } from './history.js';
import { recipeInStore } from './recipe-path.js';
import { makeRunFolder, writeRunFile } from './run-folder.js';
import { sealRecord } from './sealed-record.js';
import type { Store } from './store.js';
import type { Troubles } from './troubles.js';

/** Progress is recorded at most this often per stage. */
const progressIntervalMs = 1_000;

/**
 * The record of one run.
 *
 * A run that finds all its results leaves two small files, how it began and how it ended: whoever runs a recipe again and
 * again shall not wait for records. The events, the text of the recipe and what stages print are kept from the first event
 * on that tells of anything else.
 */
export class RunRecorder {
  readonly id: string;
  private readonly recipe: CheckedRecipe;
  private readonly folder: string;
  private readonly troubles: Troubles;
  private readonly lastProgress = new Map<string, number>();
  private readonly logFailures = new Set<string>();
  /** The file of the events, or those that wait for something to happen; `lost` when the disk takes no more. */
  private events: number | RunEvent[] | 'lost' = [];

  private constructor(store: Store, id: string, recipe: CheckedRecipe) {
    this.id = id;
    this.recipe = recipe;
    this.folder = store.path('runs', id);
    this.troubles = store.troubles;
  }

  /** Begins a record: what is run, with which versions and settings. */
  static begin(
    store: Store,
    recipe: CheckedRecipe,
    stages: readonly CheckedStage[],
    versions: Readonly<Record<string, string>>,
  ): RunRecorder {
    const startedAt = new Date();
    const recorder = new RunRecorder(store, makeRunFolder(store.path('runs'), startedAt), recipe);
    const beginning = {
      id: recorder.id,
      recipe: recipeInStore(store, recipe.file),
      name: recipe.name,
      ...(recipe.profile === undefined ? {} : { profile: recipe.profile }),
      startedAt: startedAt.toISOString(),
      versions,
      process: store.presence.identity,
      stages: stages.map((stage) => ({
        name: stage.name,
        type: stage.info.type,
        settings: stage.settings,
        inputs: wiringOf(stage),
      })),
    };
    writeRunFile(recorder.folder, 'run.json', sealRecord(beginning));
    return recorder;
  }

  /** Records an event. */
  event(event: RunEvent): void {
    if (event.event === 'stage-progress') {
      const last = this.lastProgress.get(event.stage) ?? Number.NEGATIVE_INFINITY;
      if (event.time - last < progressIntervalMs) return;
      this.lastProgress.set(event.stage, event.time);
    }
    const { events } = this;
    if (typeof events === 'number') this.append(events, event);
    else if (events !== 'lost') {
      events.push(event);
      if (!isUneventful(event)) this.keepEvents(events);
    }
  }

  /** Adds to what a stage printed. */
  stageOutput(stage: string, text: string): void {
    if (this.logFailures.has(stage)) return;
    const written = this.unlessRefused(() => appendFileSync(stageLogFile(this.folder, stage), text));
    if (!written) this.logFailures.add(stage);
  }

  /** Ends the record. */
  finish(summary: Omit<RunSummary, 'run' | 'stages'>, stages: readonly StageSummary[]): void {
    this.abandon();
    try {
      const end = {
        run: this.id,
        ...summary,
        files: this.hashFiles(),
        stages: Object.fromEntries(
          stages.map(({ name, outcome, record, failure }) => [
            name,
            {
              outcome,
              ...(record === undefined
                ? {}
                : { key: record.key, metrics: record.metrics, durationMs: record.durationMs }),
              ...(failure === undefined ? {} : { failure }),
            },
          ]),
        ),
      };
      writeRunFile(this.folder, 'summary.json', sealRecord(end));
    } catch (error) {
      const refused = fileSystemError(error, 'ending the record of the run');
      if (refused === undefined) throw error;
      // Which is no reason to call the run failed.
      this.troubles.note(`${refused.message}; the run counts as interrupted`);
    }
  }

  /** Closes the record without an end, as if the process had been killed. */
  abandon(): void {
    const { events } = this;
    if (typeof events !== 'number') return;
    this.events = 'lost';
    this.unlessRefused(() => closeSync(events));
  }

  private append(file: number, event: RunEvent): void {
    this.unlessRefused(() => writeSync(file, `${JSON.stringify(event)}\n`));
  }

  /** What the disk has of events and of what stages printed, so that damage in it can be told later. */
  private hashFiles(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      loggedFiles(this.folder).map((name) => [name, sha256(readFileSync(join(this.folder, name)))]),
    );
  }

  private keepEvents(earlier: readonly RunEvent[]): void {
    this.events = 'lost';
    this.unlessRefused(() => {
      mkdirSync(join(this.folder, 'stages'), { recursive: true });
      const file = openSync(join(this.folder, 'events.jsonl'), 'a');
      this.events = file;
      for (const event of earlier) this.append(file, event);
      this.copyRecipe();
    });
  }

  /** Writing the record of a run is no reason to end it. Gives back whether the disk let us. */
  private unlessRefused(write: () => void): boolean {
    try {
      write();
      return true;
    } catch (error) {
      const refused = fileSystemError(error, 'recording the run');
      if (refused === undefined && !isFileError(error, 'ENOENT', 'EBADF')) throw error;
      this.troubles.note(`${refused?.message ?? String(error)}; its record is incomplete`);
      return false;
    }
  }

  private copyRecipe(): void {
    mkdirSync(join(this.folder, 'recipe'), { recursive: true });
    for (const [index, file] of [...new Set([this.recipe.file, ...this.recipe.files])].entries()) {
      try {
        copyFileSync(file, join(this.folder, 'recipe', `${index}-${basename(file)}`));
      } catch {
        // A file that was removed since the recipe was read is only missing from the record.
      }
    }
  }
}

/** Where a run keeps what a stage printed. */
export function stageLogFile(runFolder: string, stage: string): string {
  return join(runFolder, 'stages', `${encodeURIComponent(stage)}.log`);
}

/** The files of a run's folder that grow while it goes on, relative to it. */
export function loggedFiles(runFolder: string): readonly string[] {
  const logs = existsSync(join(runFolder, 'stages')) ? readdirSync(join(runFolder, 'stages')) : [];
  return [
    ...(existsSync(join(runFolder, 'events.jsonl')) ? ['events.jsonl'] : []),
    ...logs.sort().map((name) => `stages/${name}`),
  ];
}
