/** The model that a recipe trained: `recipe.yaml` or `recipe.yaml:stage`. */
import type { RunRecord, StoredResult } from '../engine/api.js';
import type { StoredArtifact } from '../engine/result-record.js';
import type { Store } from '../engine/store.js';
import { CommandLineError } from './exit-codes.js';

/** Kinds of artifacts that can classify; of one stage the first one counts. */
const modelKinds: readonly string[] = ['export', 'model'];

/** Splits `recipes/spam.yaml:train`; undefined when the text names no recipe. */
export function parseTrainedModel(
  written: string,
): { readonly recipe: string; readonly stage?: string } | undefined {
  const match = /^(.+\.ya?ml)(?::([A-Za-z][\w-]*))?$/.exec(written);
  const [, recipe, stage] = match ?? [];
  return recipe === undefined ? undefined : { recipe, ...(stage !== undefined && { stage }) };
}

/**
 * The folder of the model from the newest run of a recipe: the named stage's, or that of the last stage with an export or
 * a model. Throws a `CommandLineError` when the recipe was not run or no stage has one.
 */
export function findTrainedModel(
  recipe: string,
  stage: string | undefined,
  known: {
    readonly store: Store;
    readonly runs: readonly RunRecord[];
    readonly results: readonly StoredResult[];
  },
): string {
  const runs = known.runs.filter((run) => run.recipe === recipe);
  if (runs.length === 0) throw new CommandLineError(`${recipe} was not run yet`, 'roux run makes its models');
  const records = new Map(known.results.map(({ key, record }) => [key, record]));
  for (const run of runs) {
    const models = run.stages.flatMap(({ name, key }) => {
      const artifact = modelOf(Object.values(records.get(key ?? '')?.outputs ?? {}));
      return artifact !== undefined && (stage === undefined || name === stage) ? [artifact] : [];
    });
    const chosen = models.findLast(({ kind }) => kind === 'export') ?? models.at(-1);
    if (chosen !== undefined) return known.store.artifactFolder(chosen.digest);
  }
  const names = [...new Set(runs.flatMap((run) => run.stages.map(({ name }) => name)))];
  throw stage !== undefined && !names.includes(stage)
    ? new CommandLineError(`${recipe} has no stage ${stage}`, `stages: ${names.join(', ')}`)
    : new CommandLineError(
        `${stage === undefined ? recipe : `stage ${stage}`} has made no model that is still in the store`,
        'roux run makes it again',
      );
}

function modelOf(outputs: readonly StoredArtifact[]): StoredArtifact | undefined {
  return modelKinds.flatMap((kind) => outputs.filter((output) => output.kind === kind))[0];
}
