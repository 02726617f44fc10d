/** Writes the record of a run while it goes on; a killed run leaves what had happened until then. */
import { appendFileSync, closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { CheckedRecipe, CheckedStage } from '../recipe/checked-recipe.js';
import type { RunSummary, StageSummary } from './api.js';
import type { RunEvent } from './events.js';
import { isFileError, writeFileAtomically } from './file-writing.js';
import { fileSystemError } from './fs-failure.js';
import { wiringOf } from './history.js';
import type { Store } from './store.js';

/** Progress is recorded at most this often per stage. */
const progressIntervalMs = 1_000;

/** The record of one run. */
export class RunRecorder {
  readonly id: string;
  private readonly store: Store;
  private readonly folder: string;
  private readonly events: number;
  private readonly lastProgress = new Map<string, number>();
  private readonly logFailures = new Set<string>();

  private constructor(store: Store, id: string) {
    this.store = store;
    this.id = id;
    this.folder = store.path('runs', id);
    mkdirSync(join(this.folder, 'stages'));
    this.events = openSync(join(this.folder, 'events.jsonl'), 'a');
  }

  /** Begins a record: what is run, with which versions and settings, and the text of the recipe. */
  static async begin(
    store: Store,
    recipe: CheckedRecipe,
    stages: readonly CheckedStage[],
    versions: Readonly<Record<string, string>>,
  ): Promise<RunRecorder> {
    const startedAt = new Date();
    const recorder = new RunRecorder(store, await makeRunFolder(store, startedAt));
    await recorder.write('run.json', {
      id: recorder.id,
      recipe: recipe.file,
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
    });
    await recorder.copyRecipe(recipe);
    return recorder;
  }

  /** Records an event. */
  event(event: RunEvent): void {
    if (event.event === 'stage-progress') {
      const last = this.lastProgress.get(event.stage) ?? Number.NEGATIVE_INFINITY;
      if (event.time - last < progressIntervalMs) return;
      this.lastProgress.set(event.stage, event.time);
    }
    ignoreFullDisk(() => writeSync(this.events, `${JSON.stringify(event)}\n`));
  }

  /** Adds to what a stage printed. */
  stageOutput(stage: string, text: string): void {
    if (this.logFailures.has(stage)) return;
    const written = ignoreFullDisk(() => appendFileSync(stageLogFile(this.folder, stage), text));
    if (!written) this.logFailures.add(stage);
  }

  /** Ends the record. */
  async finish(summary: Omit<RunSummary, 'run' | 'stages'>, stages: readonly StageSummary[]): Promise<void> {
    closeSync(this.events);
    const summarized = this.write('summary.json', {
      ...summary,
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
    });
    await summarized.catch((error: unknown) => {
      // Without it the run counts as interrupted, which is no reason to call it failed.
      if (fileSystemError(error, 'writing the run record') === undefined) throw error;
    });
  }

  /** Closes the record without an end, as if the process had been killed. */
  abandon(): void {
    ignoreFullDisk(() => closeSync(this.events));
  }

  private async write(name: string, value: object): Promise<void> {
    const temporary = await this.store.temporaryPath();
    const text = `${JSON.stringify(value, undefined, 1)}\n`;
    await writeFileAtomically(join(this.folder, name), text, { temporary, durable: false });
  }

  private async copyRecipe(recipe: CheckedRecipe): Promise<void> {
    await mkdir(join(this.folder, 'recipe'));
    for (const [index, file] of [...new Set([recipe.file, ...recipe.files])].entries()) {
      // A file that was removed since the recipe was read is only missing from the record.
      await copyFile(file, join(this.folder, 'recipe', `${index}-${basename(file)}`)).catch(() => undefined);
    }
  }
}

/** Where a run keeps what a stage printed. */
export function stageLogFile(runFolder: string, stage: string): string {
  return join(runFolder, 'stages', `${encodeURIComponent(stage)}.log`);
}

/** Runs are named after the second they began in, with a number if there are several. */
async function makeRunFolder(store: Store, startedAt: Date): Promise<string> {
  const second = startedAt.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  for (let count = 1; ; count += 1) {
    const id = count === 1 ? second : `${second}-${count}`;
    try {
      await mkdir(store.path('runs', id));
      return id;
    } catch (error) {
      if (!isFileError(error, 'EEXIST')) throw error;
    }
  }
}

/** The record of a run is no reason to end it. Gives back whether all went well. */
function ignoreFullDisk(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (isFileError(error, 'ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'ENOENT', 'EBADF')) return false;
    throw error;
  }
}
