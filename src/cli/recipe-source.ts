/** Recipe and store as the command line names them. */

import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { SourceText } from '../diagnostics/source-text.js';
import { didYouMean, listOfNames } from '../diagnostics/suggest.js';
import type { LoadedRecipe } from '../engine/api.js';
import { stagesByName } from '../engine/selection.js';
import type { Store } from '../engine/store.js';
import type { JsonObject } from '../plugin/stage-info.js';
import type { CheckRecipeOptions } from '../recipe/check-recipe.js';
import type { CheckedRecipe } from '../recipe/checked-recipe.js';
import { findRecipe } from './find-recipe.js';
import type { Terminal } from './output/terminal.js';
import type { RecipeOptions, RecipeValueOptions, SelectionOptions } from './recipe-options.js';

/** The file that the command line means; throws a `CommandLineError` when there is none. */
export function recipeFile(written: string | undefined, terminal: Terminal): string {
  return findRecipe(written, terminal.directory);
}

/** Reads and checks a recipe, with the values of a trial where it is swept, or as a part of others; for `watchRecipe` and `runSweep`. */
export async function readRecipe(
  file: string,
  options: RecipeValueOptions & SelectionOptions,
  how: { readonly trial?: JsonObject; readonly asPart?: boolean } = {},
): Promise<LoadedRecipe<Diagnostic>> {
  const { recallRecipe } = await import('../recipe/recalled-recipe.js');
  const checked = await recallRecipe({ ...checkOptions(file, options), ...how });
  if (!checked.ok) return { ok: false, problems: checked.error, files: checked.files };
  const problems = unknownStages(checked.value, options);
  return problems.length === 0
    ? { ok: true, recipe: checked.value }
    : { ok: false, problems, files: checked.value.files };
}

/** What the command line says of a recipe, in the words of the checker. */
export function checkOptions(file: string, options: RecipeValueOptions): CheckRecipeOptions {
  return {
    file,
    ...(options.set !== undefined && { set: options.set }),
    ...(options.params !== undefined && { paramsFiles: options.params }),
    ...(options.profile !== undefined && { profile: options.profile }),
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.runtime !== undefined && { runtime: options.runtime }),
    ...(options.threads !== undefined && { threads: options.threads }),
  };
}

/** Stages that `--only` and the like name and the recipe does not have. */
export function unknownStages(
  recipe: CheckedRecipe,
  { only = [], until = [], force = [] }: SelectionOptions,
): readonly Diagnostic[] {
  const names = [...new Set(recipe.stages.flatMap(({ name, groups = [] }) => [name, ...groups]))];
  const meant = stagesByName(recipe);
  const written = Object.entries({ only, until, force }).flatMap(([option, values]) =>
    values.map((value) => [option, value] as const),
  );
  return written
    .filter(([, name]) => meant(name).length === 0)
    .map(([option, name]) => {
      const source = new SourceText('<command line>', `--${option} ${name}`, '.');
      const help = didYouMean(name, names);
      return {
        code: 'command/unknown-stage',
        severity: 'error',
        message: `the recipe has no stage '${name}'`,
        location: source.excerpt(option.length + 3, source.text.length),
        expected: listOfNames(names),
        ...(help && { help }),
        related: [],
      };
    });
}

/** Reads and checks a recipe; what is wrong with it is printed, and then there is none. Warnings are printed, too. */
export async function loadRecipe(
  written: string | undefined,
  options: RecipeOptions & SelectionOptions,
  output: { readonly terminal: Terminal; readonly json: boolean },
): Promise<CheckedRecipe | undefined> {
  const { terminal, json } = output;
  const loaded = await readRecipe(recipeFile(written, terminal), options);
  const diagnostics = loaded.ok ? (loaded.recipe.warnings ?? []) : loaded.problems;
  if (json) await printDiagnostics(diagnostics, output);
  else if (diagnostics.length > 0) terminal.printError(await formatProblems(diagnostics, terminal));
  return loaded.ok ? loaded.recipe : undefined;
}

/** Prints diagnostics as an event or as text, without a word on what follows from them. */
export async function printDiagnostics(
  diagnostics: readonly Diagnostic[],
  { terminal, json }: { readonly terminal: Terminal; readonly json: boolean },
): Promise<void> {
  if (diagnostics.length === 0) return;
  if (json) terminal.print(JSON.stringify({ event: 'diagnostics', diagnostics }));
  else terminal.printError((await formatted(diagnostics, terminal)).trimEnd());
}

/** Diagnostics as text, with what follows from them. */
export async function formatProblems(
  problems: readonly Diagnostic[],
  terminal: Terminal,
  consequence = 'nothing was run',
): Promise<string> {
  const text = await formatted(problems, terminal);
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  return errors === 0
    ? text
    : `${text}\n${errors === 1 ? 'One mistake' : `${errors} mistakes`}; ${consequence}.`;
}

async function formatted(problems: readonly Diagnostic[], { directory, colors }: Terminal): Promise<string> {
  const { formatDiagnostics } = await import('../diagnostics/format-diagnostic.js');
  return formatDiagnostics(problems, {
    folder: directory,
    paint: {
      error: (part) => colors.bold(colors.red(part)),
      warning: (part) => colors.bold(colors.yellow(part)),
      strong: colors.bold,
      faint: colors.dim,
      help: colors.cyan,
    },
  });
}

/**
 * Opens the store that the command line names, and makes it where there is none: `--store`, `ROUX_STORE`, or `.roux` at the
 * project's root.
 */
export async function openProjectStore(options: StoreOptions, terminal: Terminal): Promise<Store> {
  const [{ openStore }, { blamingWord }] = await Promise.all([
    import('../engine/store.js'),
    import('./blame-word.js'),
  ]);
  const folder = await projectStoreFolder(options, terminal);
  return blamingWord(options.store, () => openStore(folder));
}

/** Opens the same store for a command that only reads; `undefined` where there is none yet, and none is made. */
export async function findProjectStore(
  options: StoreOptions,
  terminal: Terminal,
): Promise<Store | undefined> {
  const [{ openExistingStore }, { blamingWord }] = await Promise.all([
    import('../engine/store.js'),
    import('./blame-word.js'),
  ]);
  const folder = await projectStoreFolder(options, terminal);
  return blamingWord(options.store, () => openExistingStore(folder));
}

/** Opens the same store for a command on runs; throws a `CommandLineError` where there is none yet. */
export async function openRunStore(options: StoreOptions, terminal: Terminal): Promise<Store> {
  const store = await findProjectStore(options, terminal);
  if (store === undefined) throw (await import('./named-run.js')).noRunRecorded();
  return store;
}

/** What commander makes of `storeOption`. */
interface StoreOptions {
  readonly store?: string;
}

/** The folder of the store that the command line names, whether it is there or not; absolute. */
export async function projectStoreFolder({ store }: StoreOptions, { directory }: Terminal): Promise<string> {
  const [{ defaultStoreFolder }, { projectRoot }] = await Promise.all([
    import('../engine/store.js'),
    import('../plugin/project-root.js'),
  ]);
  // Commander has taken ROUX_STORE as the option's value when the option is not given.
  return store === undefined
    ? defaultStoreFolder(projectRoot(directory))
    : defaultStoreFolder(directory, store);
}
