/** What a stage's result means for its recipe: expectations, and what it was the last time. */
import type { CheckedRecipe, CheckedStage } from '../recipe/checked-recipe.js';
import { rememberContents } from './content-changes.js';
import type { StageFailure } from './events.js';
import { checkExpectations } from './expectations.js';
import { readHistory, writeHistory } from './history.js';
import type { KeyData } from './key-data.js';
import type { ResultRecord } from './result-record.js';
import type { Store } from './store.js';

/** A result, judged. */
export interface Conclusion {
  /** An `expect` that does not hold. */
  readonly failure?: StageFailure;
  /** The artifacts are those of the stage's last run. */
  readonly sameAsBefore: boolean;
  readonly previousMetrics?: Readonly<Record<string, number>>;
}

/** Judges a result, and remembers it as the stage's last one. */
export async function concludeStage(
  store: Store,
  recipe: CheckedRecipe,
  stage: CheckedStage,
  data: KeyData,
  record: ResultRecord,
): Promise<Conclusion> {
  const previous = await readHistory(store, recipe, stage);
  if (previous?.key !== record.key) {
    await writeHistory(store, recipe, stage, data, record, previous);
    await rememberContents(store, stage, data);
  }
  const failure = checkExpectations(stage, record.metrics);
  return {
    ...(failure === undefined ? {} : { failure }),
    sameAsBefore:
      previous !== undefined &&
      Object.entries(record.outputs).every(([port, { digest }]) => previous.outputs[port] === digest),
    ...(previous === undefined ? {} : { previousMetrics: previous.metrics }),
  };
}
