/** The model that a recipe trained: `recipe.yaml` or `recipe.yaml:stage`. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { namesLike } from '../diagnostics/suggest.js';
import type { RunRecord, StoredResult } from '../engine/api.js';
import type { StoredArtifact } from '../engine/result-record.js';
import type { Store } from '../engine/store.js';
import { CommandLineError } from './exit-codes.js';
import { candidateRecipes } from './find-recipe.js';
import { isInStore } from './verified-artifact.js';

/** Kinds of artifacts that can classify; of one stage the first one counts. */
const modelKinds: readonly string[] = ['export', 'model'];

/**
 * Splits `recipes/spam.yaml:train`, or `spam:train` where `findRecipe` finds a recipe of that name; undefined when the text names no
 * recipe. A file or folder that is called as it is written is meant itself.
 */
export function parseTrainedModel(
  written: string,
  directory: string,
): { readonly recipe: string; readonly stage?: string } | undefined {
  const [, recipe, stage] = /^(.+?)(?::([A-Za-z][\w-]*))?$/.exec(written) ?? [];
  if (recipe === undefined) return undefined;
  const isRecipe =
    /\.ya?ml$/.test(recipe) ||
    (!existsSync(resolve(directory, written)) && candidateRecipes(recipe, directory).some(existsSync));
  return isRecipe ? { recipe, ...(stage !== undefined && { stage }) } : undefined;
}

/** A model in the store. */
export interface TrainedModel {
  readonly folder: string;
  readonly stage: string;
  readonly run: RunRecord;
  /** Other runs of the recipe may have made another model: they have other profiles, or are newer without having one. */
  readonly isAmbiguous: boolean;
}

/**
 * The model from the newest run of a recipe with a profile (or without one): the named stage's, or that of the last stage
 * with an export or a model. Throws a `CommandLineError` when there was no such run or no stage has one, a `UserError` when
 * the model is damaged.
 */
export async function findTrainedModel(
  {
    recipe,
    written,
    stage,
    profile,
  }: {
    /** Absolute path. */
    readonly recipe: string;
    /** What the user calls it. */
    readonly written: string;
    readonly stage?: string | undefined;
    readonly profile?: string | undefined;
  },
  known: {
    readonly store: Store;
    readonly runs: readonly RunRecord[];
    readonly results: readonly StoredResult[];
  },
): Promise<TrainedModel> {
  const ofRecipe = known.runs.filter((run) => run.recipe === recipe);
  if (ofRecipe.length === 0) throw neverRun(written);
  const runs = ofRecipe.filter((run) => run.profile === profile);
  if (runs.length === 0) throw noRunOfProfile(written, profile, ofRecipe);
  const records = new Map(known.results.map(({ key, record }) => [key, record]));
  for (const run of runs) {
    const models: { readonly stage: string; readonly artifact: StoredArtifact }[] = [];
    for (const { name, key } of run.stages) {
      if (stage !== undefined && name !== stage) continue;
      const artifact = modelOf(Object.values(records.get(key ?? '')?.outputs ?? {}));
      if (artifact !== undefined) models.push({ stage: name, artifact });
    }
    const chosen = models.findLast(({ artifact }) => artifact.kind === 'export') ?? models.at(-1);
    if (chosen === undefined || !(await isInStore(known.store, chosen.artifact))) continue;
    return {
      folder: known.store.artifactFolder(chosen.artifact.digest),
      stage: chosen.stage,
      run,
      isAmbiguous: run !== runs[0] || runs.length < ofRecipe.length,
    };
  }
  const names = [...new Set(runs.flatMap((run) => run.stages.map(({ name }) => name)))];
  throw stage !== undefined && !names.includes(stage)
    ? new CommandLineError('command/unknown-stage', `${written} has no stage ${stage}`, {
        written: `${written}:${stage}`,
        help: `stages: ${namesLike(stage, names)}`,
      })
    : new CommandLineError(
        'command/no-result',
        `${stage === undefined ? written : `stage ${stage}`} has made no model that is still in the store`,
        { help: 'roux run makes it again' },
      );
}

/** The error of a recipe that was not run yet. */
export function neverRun(recipe: string): CommandLineError {
  return new CommandLineError('command/no-result', `${recipe} was not run yet`, {
    written: recipe,
    help: 'roux run makes its models',
  });
}

function noRunOfProfile(
  recipe: string,
  profile: string | undefined,
  runs: readonly RunRecord[],
): CommandLineError {
  const others = new Set(runs.map((run) => (run.profile === undefined ? 'none' : run.profile)));
  const how = profile === undefined ? 'without a profile' : `with the profile ${profile}`;
  return new CommandLineError('command/no-result', `${recipe} was not run ${how} yet`, {
    help: `profiles that it was run with: ${[...others].join(', ')}; --profile names the one to take`,
  });
}

function modelOf(outputs: readonly StoredArtifact[]): StoredArtifact | undefined {
  return modelKinds.flatMap((kind) => outputs.filter((output) => output.kind === kind))[0];
}
