/** `watchRecipe` on toy recipes, and what it told. */
import { readFile } from 'node:fs/promises';
import type { LoadedRecipe, RunSummary, WatchControl, WatchOptions } from '../../src/engine/api.js';
import type { RunEvent } from '../../src/engine/events.js';
import type { Store } from '../../src/engine/store.js';
import { watchRecipe } from '../../src/engine/watch.js';
import type { Rig } from './rig.js';

/** A watch whose recipe is the JSON in `recipe.yaml`, and what it told. */
export class Watched {
  readonly told: string[] = [];
  readonly events: RunEvent[] = [];
  readonly summaries: RunSummary[] = [];
  control: WatchControl | undefined;
  private readonly abort = new AbortController();
  private readonly listeners = new Set<() => void>();
  private readonly ended: Promise<void>;

  constructor(rig: Rig, store: Store, options: Partial<WatchOptions<string>> = {}) {
    const tell = (text: string) => {
      this.told.push(text);
      for (const listener of this.listeners) listener();
    };
    this.ended = watchRecipe<string>({
      store,
      signal: this.abort.signal,
      pool: rig.pool,
      threads: 2,
      load: async (): Promise<LoadedRecipe<string>> => {
        const file = `${rig.folder}/recipe.yaml`;
        try {
          const text = (await readFile(file, 'utf8')).replaceAll(/#.*/g, '');
          return { ok: true, recipe: rig.recipe(JSON.parse(text)) };
        } catch (error) {
          return { ok: false, problems: [String(error)], files: [file] };
        }
      },
      onPlan: (plan, files) =>
        tell(
          `${plan.recipe.sample === true ? 'sample' : 'plan'} ${plan.stages.map(({ state }) => state).join(' ')}${files.map((file) => ` ${file.split('/').at(-1)}`).join('')}`,
        ),
      onEvent: (event) => {
        this.events.push(event);
        if (event.event !== 'stage-log')
          tell('stage' in event ? `${event.event} ${event.stage}` : event.event);
      },
      onFinished: (summary) => {
        this.summaries.push(summary);
        tell(`finished ${summary.outcome}`);
      },
      onProblems: () => tell('problems'),
      onMended: () => tell('mended'),
      onIdle: () => tell('idle'),
      onControl: (control) => {
        this.control = control;
      },
      ...options,
    });
    this.ended.catch((error: unknown) => tell(`failed ${error}`));
  }

  /** Waits until `text` was told for the `count`th time. */
  async until(text: string, count = 1): Promise<void> {
    while (this.told.filter((told) => told === text).length < count) {
      await new Promise<void>((resolve) => {
        const listener = () => {
          this.listeners.delete(listener);
          resolve();
        };
        this.listeners.add(listener);
      });
    }
  }

  async end(): Promise<void> {
    this.abort.abort();
    await this.ended;
  }
}
