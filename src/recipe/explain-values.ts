/** Every value of a checked recipe with where it came from: through references, layers, extended recipes and defaults. */
import type { SourceLocation } from '../diagnostics/source-text.js';
import type { Json } from '../plugin/stage-info.js';
import { isList, isObject } from './describe-schema.js';
import type { ExpandedStage } from './expand-stages.js';
import {
  childPointer,
  entriesOf,
  follow,
  locationOf,
  type RecipeNode,
  toJson,
  type ValueLayer,
  valueAt,
} from './recipe-node.js';

/** One step of the way that a value came. */
export interface ValueStep {
  /**
   * `written`: it stands there; `reference`: it stands for the value of the next step; `part`: the same inside of a text;
   * `stage type`: the default of the stage type's schema; `roux`: the default of roux itself; a layer: what set the parameter.
   */
  readonly by: 'written' | 'reference' | 'part' | 'stage type' | 'roux' | ValueLayer;
  readonly location?: SourceLocation;
  /** As written: `${params.epochs}`, or the value. */
  readonly text?: string;
  /** The values that this one was chosen over, the nearest first. */
  readonly instead?: readonly ValueStep[];
}

/** A value with its way, from where it is used to where it comes from. */
export interface ExplainedValue {
  /** `with.epochs`, `seed`, `in.model`, `expect.macro_f1`. */
  readonly name: string;
  /** What the stage is given. */
  readonly value: Json;
  /** As it was written, where that differs: a relative path. */
  readonly written?: Json;
  readonly steps: readonly ValueStep[];
}

/** A stage with all its values. */
export interface ExplainedStage {
  readonly name: string;
  readonly type: string;
  readonly location: SourceLocation;
  readonly values: readonly ExplainedValue[];
}

/** Explains a stage of a checked recipe. */
export function explainStage({ stage, node, resources }: ExpandedStage): ExplainedStage {
  const { name, info, location, settings, inputs } = stage;
  const written = valueAt(node, 'with');
  const values: ExplainedValue[] = [];
  for (const [port, references] of Object.entries(inputs)) {
    for (const reference of references) {
      const source = [reference.stage, reference.port, reference.part].filter((part) => part !== undefined);
      values.push({
        name: `in.${port}`,
        value: source.join('.'),
        steps: [{ by: 'written', location: reference.location, text: reference.written }],
      });
    }
  }
  explainSettings(settings, '', written, values);
  for (const { name: metric, value } of entriesOf(valueAt(node, 'expect'))) {
    values.push({ name: `expect.${metric}`, value: toJson(value), steps: stepsOf(value) });
  }
  for (const key of ['seed', 'runtime', 'threads'] as const) {
    const source = resources[key];
    const isNode = typeof source === 'object';
    const steps: readonly ValueStep[] = isNode
      ? stepsOf(source)
      : [{ by: source === undefined ? 'roux' : 'command line' }];
    values.push({ name: key, value: stage[key], steps });
  }
  return { name, type: info.type, location, values };
}

/** Maps and lists are taken apart as far as something in them was written elsewhere or not at all. */
function explainSettings(
  value: Json,
  pointer: string,
  written: RecipeNode | undefined,
  into: ExplainedValue[],
  lead: readonly ValueStep[] = [],
): void {
  const target = written && follow(written, pointer);
  const node = target?.complete ? target.node : undefined;
  // What is in a list or map of a parameter came by the reference to it.
  const way = node?.from && node.kind !== 'scalar' ? stepsOf(node, false).slice(0, 1) : lead;
  if (isObject(value) && Object.keys(value).length > 0 && (pointer === '' || node?.kind === 'map' || !node)) {
    for (const [name, child] of Object.entries(value)) {
      explainSettings(child, childPointer(pointer, name), written, into, way);
    }
    return;
  }
  if (pointer === '') return;
  if (isList(value) && node?.kind === 'list' && node.items.some((item) => !isPlain(item, node))) {
    value.forEach((child, index) => {
      explainSettings(child, childPointer(pointer, index), written, into, way);
    });
    return;
  }
  const name = `with${pointer.replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~')}`;
  if (!node) {
    into.push({ name, value, steps: [{ by: 'stage type' }] });
    return;
  }
  const json = toJson(node);
  const isOther = JSON.stringify(json) !== JSON.stringify(value);
  into.push({
    name,
    value,
    ...(isOther && { written: json }),
    steps: [...(node.from ? [] : lead), ...stepsOf(node)],
  });
}

function isPlain(item: RecipeNode, list: RecipeNode): boolean {
  return item.kind === 'scalar' && !item.from && !item.parts && item.origin.source === list.origin.source;
}

function stepsOf(node: RecipeNode, withReplaced = true): readonly ValueStep[] {
  const { origin, layer, from, parts = [], instead } = node;
  // `--set epochs=3` and `EPOCHS=3` have no file; all of it says where the value comes from.
  const isTyped = layer === 'environment' || layer === 'command line';
  const written = isTyped ? origin.source.text : origin.source.text.slice(origin.start, origin.end);
  const step: ValueStep = {
    by: layer ?? (from ? 'reference' : 'written'),
    location: locationOf(origin),
    text: written.length > longestText ? `${written.slice(0, longestText)}…` : written,
    ...(instead && withReplaced && { instead: replacedBy(instead) }),
  };
  return [
    step,
    ...(from ? stepsOf(from) : []),
    ...parts.flatMap((part) =>
      stepsOf(part).map((inner): ValueStep => ({ ...inner, by: inner.by === 'written' ? 'part' : inner.by })),
    ),
  ];
}

const longestText = 80;

function replacedBy(node: RecipeNode): readonly ValueStep[] {
  return [...stepsOf(node, false), ...(node.instead ? replacedBy(node.instead) : [])];
}
