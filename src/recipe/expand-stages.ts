/** Templates -> the stages of the checked recipe: each stage that depends on something that varies, once per variant. */
import { availableParallelism } from 'node:os';
import type { Diagnostics } from '../diagnostics/diagnostic.js';
import type { RuntimeName } from '../runtime/runtime.js';
import { type Axis, type Variant, variantName, variantsOf } from './axis.js';
import { checkStageValues, type StageValues } from './check-stage.js';
import type { CheckedStage, InputReference } from './checked-recipe.js';
import type { StageTemplate, TemplateReference } from './recipe-graph.js';
import {
  entriesOf,
  excerptOf,
  locationOf,
  type MapEntry,
  type MapNode,
  type RecipeNode,
  valueAt,
} from './recipe-node.js';
import { runtimeNames } from './runtime-names.js';
import { checkSelectors, selected, selectedVariants } from './selector.js';
import type { UsedRecipe } from './used-recipe.js';

/** What the command line says about all stages. */
export interface StageOverrides {
  readonly seed?: number;
  readonly runtime?: RuntimeName;
  readonly threads?: number;
}

/** A stage, and its text with everything filled in. */
export interface ExpandedStage {
  readonly stage: CheckedStage;
  readonly node: RecipeNode;
  readonly template: StageTemplate;
  /** What seed, runtime and threads come from: a text of a recipe, the command line, or nothing. */
  readonly resources: Readonly<Record<ResourceName, InheritedValue>>;
}

type ResourceName = 'seed' | 'runtime' | 'threads';

/** A value of a recipe, or what the command line says; undefined where nobody says anything. */
type InheritedValue = RecipeNode | string | number | undefined;

/** Multiplies the templates, which stand each after those that it reads. */
export function expandStages(
  templates: readonly StageTemplate[],
  overrides: StageOverrides,
  diagnostics: Diagnostics,
): readonly ExpandedStage[] {
  return new Expansion(overrides, diagnostics).expand(templates);
}

/** More stages than this are a mistake in a matrix. */
const maximumStages = 100_000;

/** What a stage's random numbers start from where neither recipe nor command line says. */
const defaultSeed = 0;

class Expansion {
  /** Template -> what it varies with, in the order in which the axes were first met. */
  readonly #axes = new Map<string, readonly Axis[]>();
  readonly #order = new Map<Axis, number>();

  constructor(
    readonly overrides: StageOverrides,
    readonly diagnostics: Diagnostics,
  ) {}

  expand(templates: readonly StageTemplate[]): readonly ExpandedStage[] {
    let count = 0;
    for (const recipe of new Set(templates.map((template) => template.recipe))) {
      for (const axis of rootAxes(recipe)) this.#position(axis);
    }
    for (const template of templates) {
      const axes = this.#axesOf(template);
      this.#axes.set(template.name, axes);
      count += axes.reduce((product, { values }) => product * values.length, 1);
      if (count > maximumStages) {
        this.diagnostics.add({
          code: 'matrix/too-many',
          message: 'the recipe has too many stages when everything that varies is multiplied out',
          location: excerptOf(template.entry.key),
          found: `more than ${maximumStages.toLocaleString('en')}, with this stage once per ${axes.map(({ name }) => name).join(' x ')}`,
        });
        return [];
      }
    }
    return templates.flatMap((template) => [...this.#variants(template)]);
  }

  /** What the stage itself mentions, and what the stages that it reads vary with unless the reference says which. */
  #axesOf({ name, entry, recipe, inputs, info }: StageTemplate): readonly Axis[] {
    const axes = new Set<Axis>();
    for (const key of entriesOf(valueAt(entry.value, 'foreach'))) {
      const axis = recipe.items.get(key.name);
      if (axis) axes.add(axis);
    }
    for (const axis of recipe.interpolation.axesOf(withoutWiring(entry.value))) axes.add(axis);
    for (const axis of inheritedAxes(entry.value, recipe, info)) axes.add(axis);
    for (const [port, references] of Object.entries(inputs)) {
      for (const { template, selectors, place } of references) {
        const own = this.#axes.get(template) ?? [];
        checkSelectors(template, own, selectors, recipe.diagnostics);
        let isGathered = false;
        for (const axis of own) {
          const values = selected(axis, selectors);
          if (!values) axes.add(axis);
          else isGathered ||= values.length > 1;
        }
        if (isGathered && !info.inputs[port]?.many) {
          recipe.diagnostics.add({
            code: 'wiring/too-many',
            message: `the input '${port}' of stage '${name}' takes one artifact`,
            location: excerptOf(place),
            found: `several variants of '${template}'`,
          });
        }
      }
    }
    return [...axes].sort((a, b) => this.#position(a) - this.#position(b));
  }

  #position(axis: Axis): number {
    const known = this.#order.get(axis) ?? this.#order.size;
    this.#order.set(axis, known);
    return known;
  }

  *#variants(template: StageTemplate): Generator<ExpandedStage> {
    const axes = this.#axes.get(template.name) ?? [];
    const { recipe, entry, info } = template;
    const written = withoutWiring(entry.value);
    const isSame = recipe.interpolation.axesOf(written).size === 0;
    const groups = groupsOf(template, axes);
    let first: { readonly node: RecipeNode; readonly values: StageValues } | undefined;
    for (const variant of variantsOf(axes)) {
      const { node, values } = (isSame ? first : undefined) ?? checked(template, written, variant);
      first ??= { node, values };
      const inputs = Object.entries(template.inputs).map(([port, references]) => [
        port,
        references.flatMap((reference) => this.#inputs(reference, variant)),
      ]);
      const resources = this.#sources(node, recipe, variant);
      const stage: CheckedStage = {
        name: variantName(template.name, axes, variant),
        info,
        ...values,
        inputs: Object.fromEntries(inputs),
        ...this.#resources(resources, info, ownOrUsed(node, recipe, 'threads', variant) !== undefined),
        location: locationOf(entry.key),
        ...(groups.length > 0 && { groups }),
        ...(axes.length > 0 && {
          variant: Object.fromEntries(axes.map((axis) => [axis.name, variant.get(axis)?.label ?? ''])),
        }),
      };
      yield { stage, node, template, resources };
    }
  }

  #inputs(reference: TemplateReference, variant: Variant): readonly InputReference[] {
    const { template, port, part, selectors, written, place } = reference;
    const axes = this.#axes.get(template) ?? [];
    const location = locationOf(place);
    return selectedVariants(axes, selectors, variant).map((target) => {
      const stage = variantName(template, axes, target);
      return { stage, port, ...(part !== undefined && { part }), written, location };
    });
  }

  /** What holds for a stage's seed, runtime and threads, and where that comes from. */
  #sources(stage: RecipeNode, recipe: UsedRecipe, variant: Variant): ExpandedStage['resources'] {
    const { seed, runtime, threads } = this.overrides;
    return {
      seed: inherited(stage, recipe, 'seed', seed, variant),
      runtime: inherited(stage, recipe, 'runtime', runtime, variant),
      // A recipe's threads are a limit, not what each of its stages takes.
      threads:
        ownOrUsed(stage, recipe, 'threads', variant) ?? threads ?? valueAt(rootOf(recipe).recipe, 'threads'),
    };
  }

  #resources(
    sources: ExpandedStage['resources'],
    { threads }: StageTemplate['info'],
    isOwn: boolean,
  ): Pick<CheckedStage, 'seed' | 'runtime' | 'threads'> {
    const runtime = textOf(sources.runtime);
    const limit = numberOf(sources.threads) ?? availableParallelism();
    return {
      seed: numberOf(sources.seed) ?? defaultSeed,
      runtime: runtimeNames.find((name) => name === runtime) ?? 'onnx',
      threads: isOwn || threads === 'all' ? limit : Math.min(threads, limit),
    };
  }
}

function checked(
  { entry, localName, info, recipe }: StageTemplate,
  written: RecipeNode,
  variant: Variant,
): { readonly node: RecipeNode; readonly values: StageValues } {
  const node = recipe.interpolation.for(variant).fill(written);
  // Variants have the same mistakes at the same places; the written name makes them equal.
  const values = checkStageValues({ ...entry, name: localName, value: node }, info, recipe.diagnostics);
  return { node, values };
}

/**
 * What holds for a stage: its own value, that of the stage that its recipe is used as, that of the command line, that of its
 * recipe, and so on outwards.
 */
function inherited(
  stage: RecipeNode,
  recipe: UsedRecipe,
  key: ResourceName,
  override: string | number | undefined,
  variant: Variant,
): InheritedValue {
  const own = ownOrUsed(stage, recipe, key, variant) ?? override;
  if (own !== undefined) return own;
  for (let level: UsedRecipe | undefined = recipe; level; level = level.use?.by) {
    const written = valueAt(level.written, key);
    if (written) return level.interpolation.for(variant).fill(written);
  }
  return undefined;
}

function ownOrUsed(
  stage: RecipeNode,
  recipe: UsedRecipe,
  key: ResourceName,
  variant: Variant,
): RecipeNode | undefined {
  const own = valueAt(stage, key);
  if (own) return own;
  for (let level: UsedRecipe | undefined = recipe; level; level = level.use?.by) {
    const used = level.use && valueAt(level.use.stage.value, key);
    if (used && level.use) return level.use.by.interpolation.for(variant).fill(used);
  }
  return undefined;
}

/** What seed and runtime vary with that a stage has from its recipe or from where that is used, if they matter to it. */
function inheritedAxes(
  stage: RecipeNode,
  recipe: UsedRecipe,
  { seeded, tensors }: StageTemplate['info'],
): readonly Axis[] {
  const axes: Axis[] = [];
  for (const [key, matters] of [
    ['seed', seeded],
    ['runtime', tensors],
  ] as const) {
    if (!matters || valueAt(stage, key)) continue;
    for (let level: UsedRecipe | undefined = recipe; level; level = level.use?.by) {
      const used = level.use && valueAt(level.use.stage.value, key);
      if (used && level.use) axes.push(...level.use.by.interpolation.axesOf(used));
      const written = valueAt(level.written, key);
      if (written) axes.push(...level.interpolation.axesOf(written));
    }
  }
  return axes;
}

/** The axes of a recipe in the order in which they are written, which is the order in names. */
function rootAxes({ interpolation, items }: UsedRecipe): readonly Axis[] {
  const varied = [...interpolation.scope.params.values()].flatMap(({ axis }) => axis ?? []);
  const position = (axis: Axis): number => axis.key.start;
  return [...varied.sort((a, b) => position(a) - position(b)), ...items.values()];
}

/** The names that mean this stage among others: the template's, and those of the recipes around it. */
function groupsOf({ name }: StageTemplate, axes: readonly Axis[]): readonly string[] {
  const parts = name.split('/');
  const around = parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join('/'));
  return axes.length > 0 ? [...around, name] : around;
}

function rootOf(recipe: UsedRecipe): UsedRecipe {
  return recipe.use ? rootOf(recipe.use.by) : recipe;
}

/** A stage without what was worked out for all variants together. */
function withoutWiring(stage: MapEntry['value']): RecipeNode {
  if (stage.kind !== 'map') return stage;
  const kept = [...stage.entries].filter(([name]) => name !== 'in' && name !== 'uses' && name !== 'foreach');
  const node: MapNode = { ...stage, entries: new Map(kept) };
  return node;
}

function numberOf(value: InheritedValue): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'object' && value.kind === 'scalar' && typeof value.value === 'number'
    ? value.value
    : undefined;
}

function textOf(value: InheritedValue): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value.kind === 'scalar' && typeof value.value === 'string'
    ? value.value
    : undefined;
}
