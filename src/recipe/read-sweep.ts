/** `sweep`: what is searched, how, and what counts. */
import type { Diagnostics } from '../diagnostics/diagnostic.js';
import { didYouMean, listOfNames } from '../diagnostics/suggest.js';
import { ashaBudgets } from '../search/asha.js';
import { gridSize } from '../search/grid.js';
import type { Dimension } from '../search/space.js';
import { checkParam } from './check-param.js';
import type { CheckedStage, CheckedSweep } from './checked-recipe.js';
import type { Interpolation } from './interpolate.js';
import { type Param, paramOfDimension } from './params.js';
import { entriesOf, excerptOf, type MapEntry, type RecipeNode, toJson, valueAt } from './recipe-node.js';
import type { UsedRecipe } from './used-recipe.js';

/** Reads the sweep of a recipe, if it has one. Its structure was checked before; what is wrong beyond that is reported. */
export function readSweep(
  { recipe, interpolation }: UsedRecipe,
  stages: readonly CheckedStage[],
  diagnostics: Diagnostics,
): CheckedSweep | undefined {
  const node = valueAt(recipe, 'sweep');
  if (node?.kind !== 'map') return undefined;
  const { params } = interpolation.scope;
  const space: Record<string, Dimension> = {};
  for (const entry of entriesOf(valueAt(node, 'matrix'))) {
    const name = paramOfDimension(entry.name);
    const param = findParam(name, entry, params, diagnostics);
    const dimension = param && readDimension(entry, param, interpolation, diagnostics);
    if (dimension) space[name] = dimension;
  }
  const stopping = readStopping(valueAt(node, 'early_stopping'), params, space, diagnostics);
  const goal = readGoal(valueAt(node, 'best'), stages, space, diagnostics);
  if (!goal || Object.keys(space).length === 0) return undefined;
  const isGrid = gridSize(space) !== undefined;
  const written = textOf(valueAt(node, 'method'));
  const method =
    (['grid', 'random', 'tpe'] as const).find((name) => name === written) ?? (isGrid ? 'grid' : 'tpe');
  const ranges = entriesOf(valueAt(node, 'matrix')).filter(({ value }) => value.kind === 'map');
  if (method === 'grid' && !isGrid && ranges[0]) {
    diagnostics.add({
      code: 'sweep/grid',
      message: `a grid needs a list of values for '${ranges[0].name}'`,
      location: excerptOf(ranges[0].value.origin),
      help: "list the values, or choose 'method: random' or 'method: tpe'",
    });
  }
  const trials = numberOf(valueAt(node, 'trials')) ?? (method === 'grid' ? undefined : defaultTrials);
  return {
    method,
    ...(trials !== undefined && { trials }),
    seed: numberOf(valueAt(node, 'seed')) ?? 0,
    space,
    goal,
    ...(stopping && { stopping }),
  };
}

/** Trials of a search that nobody gave a number. */
const defaultTrials = 20;
const defaultEta = 3;

function findParam(
  name: string,
  { key }: Pick<MapEntry, 'key'>,
  params: ReadonlyMap<string, Param>,
  diagnostics: Diagnostics,
): Param | undefined {
  const param = params.get(name);
  if (param) return param;
  const help = didYouMean(name, params.keys());
  diagnostics.add({
    code: 'sweep/param',
    message: `there is no parameter '${name}' to search`,
    location: excerptOf(key),
    expected: params.size === 0 ? "a parameter that 'params:' declares" : listOfNames([...params.keys()]),
    ...(help && { help }),
  });
  return undefined;
}

/** A value from outside (environment, profile, params file, command line) takes the place of all that would be tried. */
function readDimension(
  { name, value }: MapEntry,
  param: Param,
  interpolation: Interpolation,
  diagnostics: Diagnostics,
): Dimension | undefined {
  const { declaration, value: set } = param;
  const isFixed = set?.layer !== undefined && set.layer !== 'default' && set.layer !== 'sweep';
  if (isFixed) return { kind: 'choice', values: [toJson(interpolation.valueOf(param))] };
  if (value.kind === 'list') {
    for (const item of value.items) checkParam(declaration, { ...item, layer: 'sweep' }, diagnostics);
    return value.items.length === 0 ? undefined : { kind: 'choice', values: value.items.map(toJson) };
  }
  const lower = valueAt(value, 'minimum');
  const upper = valueAt(value, 'maximum');
  const minimum = numberOf(lower);
  const maximum = numberOf(upper);
  if (!lower || !upper || minimum === undefined || maximum === undefined) return undefined;
  for (const end of [lower, upper]) checkParam(declaration, { ...end, layer: 'sweep' }, diagnostics);
  const scale = textOf(valueAt(value, 'scale')) === 'log' ? 'log' : 'linear';
  const type = textOf(valueAt(value, 'type'));
  const whole = type === undefined ? declaration.types.every((one) => one === 'integer') : type === 'integer';
  const isEmpty = minimum > maximum || (scale === 'log' && minimum <= 0);
  if (isEmpty || (whole && Math.ceil(minimum) > Math.floor(maximum))) {
    diagnostics.add({
      code: 'sweep/range',
      message:
        scale === 'log' && minimum <= 0
          ? `the range of '${name}' on a log scale begins above 0`
          : `the range of '${name}' has no number in it`,
      location: excerptOf((scale === 'log' && minimum <= 0 ? lower : upper).origin),
      found: `from ${minimum} to ${maximum}`,
    });
    return undefined;
  }
  return {
    kind: 'range',
    minimum: whole ? Math.ceil(minimum) : minimum,
    maximum: whole ? Math.floor(maximum) : maximum,
    scale,
    whole,
  };
}

function readStopping(
  node: RecipeNode | undefined,
  params: ReadonlyMap<string, Param>,
  space: Readonly<Record<string, Dimension>>,
  diagnostics: Diagnostics,
): CheckedSweep['stopping'] {
  const budget = valueAt(node, 'budget');
  const param = textOf(budget);
  const lower = valueAt(node, 'minimum');
  const upper = valueAt(node, 'maximum');
  const minimum = numberOf(lower);
  const maximum = numberOf(upper);
  if (!budget || param === undefined || !lower || !upper || minimum === undefined || maximum === undefined) {
    return undefined;
  }
  const declared = findParam(param, { key: budget.origin }, params, diagnostics);
  if (!declared) return undefined;
  if (Object.hasOwn(space, param)) {
    diagnostics.add({
      code: 'sweep/budget',
      message: `'${param}' cannot be searched and be the budget as well`,
      location: excerptOf(budget.origin),
    });
  }
  if (!(minimum < maximum)) {
    diagnostics.add({
      code: 'sweep/budget',
      message: 'the whole budget is above the smallest one',
      location: excerptOf(upper.origin),
      found: `from ${minimum} to ${maximum}`,
    });
    return undefined;
  }
  for (const end of [lower, upper]) {
    checkParam(declared.declaration, { ...end, layer: 'sweep' }, diagnostics);
  }
  const eta = numberOf(valueAt(node, 'eta')) ?? defaultEta;
  return { param, eta, budgets: ashaBudgets(minimum, maximum, eta) };
}

function readGoal(
  node: RecipeNode | undefined,
  stages: readonly CheckedStage[],
  space: Readonly<Record<string, Dimension>>,
  diagnostics: Diagnostics,
): CheckedSweep['goal'] | undefined {
  const place = valueAt(node, 'stage');
  const stage = textOf(place);
  const metric = textOf(valueAt(node, 'metric'));
  if (!place || stage === undefined || metric === undefined) return undefined;
  const meant = stages.filter(({ name, groups = [] }) => name === stage || groups.includes(stage));
  // Without stages there are mistakes enough.
  if (meant.length === 0 && stages.length > 0) {
    const names = [...new Set(stages.flatMap(({ name, groups = [] }) => [...groups, name]))];
    const help = didYouMean(stage, names);
    diagnostics.add({
      code: 'sweep/goal',
      message: `there is no stage '${stage}' to judge trials by`,
      location: excerptOf(place.origin),
      expected: listOfNames(names),
      ...(help && { help }),
    });
  }
  const others = meant.length > 1 && meant.some((one) => !isSearched(one, space));
  if (others) {
    diagnostics.add({
      code: 'sweep/goal',
      message: `'${stage}' means several stages, and one counts`,
      location: excerptOf(place.origin),
      found: listOfNames(
        meant.map(({ name }) => name),
        'and',
      ),
    });
  }
  return { stage, metric, mode: textOf(valueAt(node, 'mode')) === 'min' ? 'min' : 'max' };
}

/** All that the stage varies with is searched, so in a trial there is one of it. */
function isSearched({ variant = {} }: CheckedStage, space: Readonly<Record<string, Dimension>>): boolean {
  const axes = Object.keys(variant);
  return axes.length > 0 && axes.every((axis) => Object.hasOwn(space, axis));
}

function textOf(node: RecipeNode | undefined): string | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
}

function numberOf(node: RecipeNode | undefined): number | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'number' ? node.value : undefined;
}
