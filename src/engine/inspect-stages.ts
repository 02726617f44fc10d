/** What a run would find of every stage, before anything is put into words; what plans and explanations have in common. */
import type { CheckedRecipe, CheckedStage } from '../recipe/checked-recipe.js';
import { explainRun, type KeyedStage, keyStage, lookUp, type PathMemory } from './inspection.js';
import type { RunReason } from './plan.js';
import type { KnownResult } from './provenance.js';
import type { ResultRecord } from './result-record.js';
import { producersOf } from './selection.js';
import type { Store } from './store.js';

/** What was found of a stage. */
export type InspectedStage = { readonly stage: CheckedStage } & (
  | { readonly state: 'hit'; readonly keyed: KeyedStage; readonly record: ResultRecord }
  | { readonly state: 'run'; readonly keyed: KeyedStage; readonly reasons: readonly RunReason[] }
  | { readonly state: 'waiting'; readonly waitsFor: readonly string[] }
);

/** What to look at besides the recipe. */
export interface InspectOptions {
  readonly store: Store;
  /** Stages that run whatever is there. */
  readonly forced?: ReadonlySet<string>;
  readonly paths?: PathMemory;
}

/**
 * Looks at stages, each after those that it takes inputs from, which are among them. Computes nothing but keys. Throws a
 * `UserError` when a file that the recipe names cannot be read.
 */
export async function inspectStages(
  recipe: CheckedRecipe,
  stages: readonly CheckedStage[],
  { store, forced = new Set(), paths = new Map() }: InspectOptions,
): Promise<readonly InspectedStage[]> {
  const results = new Map<string, KnownResult>();
  const inspected: InspectedStage[] = [];
  for (const stage of stages) {
    const waitsFor = producersOf(stage).filter((producer) => !results.has(producer));
    if (waitsFor.length > 0) {
      inspected.push({ state: 'waiting', stage, waitsFor });
      continue;
    }
    const keyed = await keyStage(store, recipe, stage, results, paths);
    const found = await lookUp(store, keyed.key);
    if (forced.has(stage.name)) {
      inspected.push({ state: 'run', stage, keyed, reasons: [{ kind: 'forced', text: 'forced' }] });
    } else if (found.state === 'hit') {
      results.set(stage.name, { record: found.record, data: keyed.data });
      inspected.push({ state: 'hit', stage, keyed, record: found.record });
    } else {
      const reasons = await explainRun(store, recipe, stage, keyed, found.lost, () => false);
      inspected.push({ state: 'run', stage, keyed, reasons });
    }
  }
  return inspected;
}
