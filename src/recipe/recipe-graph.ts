/**
 * The stages of a recipe and of the recipes that it uses as one graph: every stage with the artifacts that it reads, references
 * to inputs and outputs of sub-recipes followed to the stages behind them. Nothing is multiplied yet.
 */
import { basename } from 'node:path';
import { artifactKinds } from '../artifacts/kinds.js';
import { closest, listOfNames } from '../diagnostics/suggest.js';
import type { InputPort, OutputPort } from '../plugin/define-stage.js';
import type { StageInfo, StageRegistry } from '../plugin/stage-info.js';
import { findStageType } from './check-stage.js';
import { entriesOf, excerptOf, type MapEntry, type Origin, type RecipeNode, valueAt } from './recipe-node.js';
import type { Selector } from './selector.js';
import { stageOrder } from './stage-order.js';
import type { UsedRecipe } from './used-recipe.js';
import {
  type DraftStage,
  findSource,
  inputsName,
  type StagePorts,
  type WiredReference,
  type Wiring,
  wire,
} from './wiring.js';

/** A stage before it is multiplied. */
export interface StageTemplate {
  /** With the prefixes of the recipes that it is in: `prepare/tokens`. */
  readonly name: string;
  readonly localName: string;
  /** As written, params not filled in. */
  readonly entry: MapEntry;
  readonly info: StageInfo;
  readonly recipe: UsedRecipe;
  /** Port -> what it reads. */
  readonly inputs: Readonly<Record<string, readonly TemplateReference[]>>;
}

/** An artifact of another template. */
export interface TemplateReference {
  readonly template: string;
  readonly port: string;
  readonly part?: string;
  /** From the outermost recipe inwards; the first that names an axis counts. */
  readonly selectors: readonly Selector[];
  readonly written: string;
  readonly place: Origin;
}

/**
 * Wires a recipe and those that it uses. Gives the templates, each after those that it reads. A recipe that needs inputs is
 * complained about unless it is looked at as a part of others; then nothing stands behind its inputs.
 */
export function recipeGraph(
  root: UsedRecipe,
  registry: StageRegistry,
  asPart: boolean,
): readonly StageTemplate[] {
  const level = new Level(root, registry, undefined, asPart);
  const templates = level.templates(level.isOrdered());
  const byName = new Map(templates.map((template) => [template.name, template]));
  const order = stageOrder(
    templates.map(({ name, inputs }) => ({
      name,
      edges: Object.values(inputs).flatMap((list) =>
        list.map(({ template, place }) => ({ from: template, place })),
      ),
    })),
    root.diagnostics,
  );
  return order.flatMap((name) => byName.get(name) ?? []);
}

/** One recipe of the tree, wired in itself. */
class Level {
  /** What the recipe takes and makes, seen from outside. */
  readonly ports: StagePorts;
  readonly #drafts = new Map<string, DraftStage>();
  readonly #parts = new Map<string, Level>();
  readonly #infos = new Map<string, StageInfo>();
  readonly #wirings = new Map<string, Wiring>();
  readonly #outputs = new Map<string, WiredReference>();
  readonly #isOrdered: boolean;

  constructor(
    readonly used: UsedRecipe,
    readonly registry: StageRegistry,
    readonly outer?: Level,
    readonly asPart = false,
  ) {
    const { recipe, diagnostics } = used;
    const inputs = this.#knownInputs(readInputs(valueAt(recipe, 'inputs')));
    for (const entry of entriesOf(valueAt(recipe, 'stages'))) {
      this.#drafts.set(entry.name, { name: entry.name, entry, info: this.#portsOf(entry) });
    }
    const section = recipe.entries.get('inputs');
    const clash = section && this.#drafts.get(inputsName);
    if (clash) {
      diagnostics.add({
        code: 'subrecipe/name',
        message: `a recipe with 'inputs' cannot have a stage of that name`,
        location: excerptOf(clash.entry.key),
        related: [{ location: excerptOf(section.key), message: 'the inputs' }],
      });
    }
    const stages = new Map(this.#drafts);
    if (section) {
      const outputs = Object.fromEntries(
        Object.entries(inputs).map(([name, { kind, description }]): [string, OutputPort] => [
          name,
          { kind: String(kind), description },
        ]),
      );
      stages.set(inputsName, {
        name: inputsName,
        entry: section,
        info: { type: inputsName, inputs: {}, outputs },
      });
    }
    for (const [name, draft] of this.#drafts) this.#wirings.set(name, wire(draft, stages, diagnostics));
    const before = diagnostics.errors().length;
    stageOrder(
      [...this.#drafts.keys()].map((name) => ({ name, edges: this.#wirings.get(name)?.edges ?? [] })),
      diagnostics,
    );
    this.#isOrdered = diagnostics.errors().length === before;
    const outputs = this.#readOutputs(stages);
    this.ports = { type: textOf(used.use && valueAt(used.use.stage.value, 'uses')) ?? '', inputs, outputs };
    if (!used.use && !asPart) this.#checkRoot(inputs);
  }

  /** Whether no stage here or below reads itself, by way of others or not; then references can be followed. */
  isOrdered(): boolean {
    return this.#isOrdered && [...this.#parts.values()].every((part) => part.isOrdered());
  }

  /** All stages below, with their references followed, or with none of them: a circle has no end, its stages have settings. */
  templates(isFollowed: boolean): readonly StageTemplate[] {
    return [...this.#drafts].flatMap(([localName]) => {
      const part = this.#parts.get(localName);
      if (part) return part.templates(isFollowed);
      const info = this.#infos.get(localName);
      const written = valueAt(this.used.written, 'stages');
      const original = written?.kind === 'map' ? written.entries.get(localName) : undefined;
      if (!info || !original) return [];
      const wired = isFollowed ? (this.#wirings.get(localName)?.inputs ?? {}) : {};
      const inputs = Object.entries(wired).map(([port, references]) => {
        const followed = references.flatMap((reference) => this.follow(reference, []));
        this.#checkGiven(localName, info, port, references, followed);
        return [port, followed] as const;
      });
      const name = `${this.used.prefix}${localName}`;
      return [
        { name, localName, entry: original, info, recipe: this.used, inputs: Object.fromEntries(inputs) },
      ];
    });
  }

  /** The stages behind a reference of this recipe. */
  follow(reference: WiredReference, outside: readonly Selector[]): readonly TemplateReference[] {
    const { stage, port, part, written, place } = reference;
    const selectors = [...outside, ...reference.selectors];
    if (stage === inputsName && !this.#drafts.has(inputsName)) {
      const given = this.outer?.inputsOf(this.used.use?.stage.name ?? '', port) ?? [];
      return given.flatMap((one) =>
        (this.outer?.follow(one, selectors) ?? []).map((target) => ({ ...target, ...(part && { part }) })),
      );
    }
    const inner = this.#parts.get(stage);
    if (!inner) {
      const template = `${this.used.prefix}${stage}`;
      return [{ template, port, ...(part !== undefined && { part }), selectors, written, place }];
    }
    const output = inner.#outputs.get(port);
    if (!output) return [];
    return inner
      .follow(output, selectors)
      .map((target) => ({ ...target, written, place, ...(part !== undefined && { part }) }));
  }

  /** What is wired into a port of a stage. */
  inputsOf(stage: string, port: string): readonly WiredReference[] {
    return this.#wirings.get(stage)?.inputs[port] ?? [];
  }

  #portsOf(entry: MapEntry): StagePorts | undefined {
    const { used, registry } = this;
    const part = used.parts.get(entry.name);
    if (part) {
      const level = new Level(part, registry, this);
      this.#parts.set(entry.name, level);
      const expectation = entriesOf(entry.value).find(({ name }) => name === 'expect');
      if (expectation) {
        used.diagnostics.add({
          code: 'subrecipe/expect',
          message: `'${entry.name}' is a recipe and has no metrics of its own`,
          location: excerptOf(expectation.key),
          help: "write 'expect' at a stage of that recipe",
        });
      }
      return level.ports;
    }
    if (used.broken.has(entry.name)) return undefined;
    const uses = valueAt(valueAt(valueAt(used.written, 'stages'), entry.name), 'uses');
    const [axis] = uses ? used.interpolation.axesOf(uses) : [];
    if (axis && uses) this.#mustNotVary('the type of a stage', axis.name, uses.origin, axis.key);
    const wired = valueAt(valueAt(valueAt(used.written, 'stages'), entry.name), 'in');
    for (const reference of wired ? scalarsIn(wired) : []) {
      const [wiredAxis] = used.interpolation.axesOf(reference);
      if (!wiredAxis) continue;
      this.#mustNotVary('what a stage reads', wiredAxis.name, reference.origin, wiredAxis.key);
      break;
    }
    const info = findStageType(entry, registry, used.diagnostics);
    if (info) this.#infos.set(entry.name, info);
    return info;
  }

  #mustNotVary(what: string, axis: string, place: Origin, key: Origin): void {
    this.used.diagnostics.add({
      code: 'matrix/wiring',
      message: `${what} cannot vary with '${axis}'`,
      location: excerptOf(place),
      help: "vary 'with', 'expect', 'seed', 'runtime' or 'threads'; for other graphs write a stage for each, or vary it in a sweep",
      related: [{ location: excerptOf(key), message: `'${axis}' varies here` }],
    });
  }

  /** An input of an unknown kind is taken for one of the nearest kind, so that only its declaration is complained about. */
  #knownInputs(inputs: Readonly<Record<string, InputPort>>): Readonly<Record<string, InputPort>> {
    const { recipe, diagnostics } = this.used;
    const kinds = kindsKnownTo(this.registry);
    const known = Object.entries(inputs).map(([name, port]): [string, InputPort] => {
      const kind = String(port.kind);
      if (kinds.has(kind)) return [name, port];
      const declared = valueAt(valueAt(recipe, 'inputs'), name);
      const place = valueAt(declared, 'kind') ?? declared;
      const near = closest(kind, kinds);
      diagnostics.add({
        code: 'subrecipe/kind',
        message: `no stage type takes or makes the kind '${kind}'`,
        ...(place && { location: excerptOf(place.origin) }),
        expected: listOfNames([...kinds]),
        ...(near !== undefined && { help: `did you mean '${near}'?` }),
      });
      return [name, { ...port, kind: near ?? kind }];
    });
    return Object.fromEntries(known);
  }

  #readOutputs(stages: ReadonlyMap<string, DraftStage>): Readonly<Record<string, OutputPort>> {
    const { recipe, diagnostics } = this.used;
    const ports: [string, OutputPort][] = [];
    for (const entry of entriesOf(valueAt(recipe, 'outputs'))) {
      const from = entry.value.kind === 'map' ? valueAt(entry.value, 'from') : entry.value;
      const reader: DraftStage = { name: '', entry, info: undefined };
      const source = from && findSource(from, reader, stages, diagnostics);
      if (!source) continue;
      const kind = textOf(valueAt(entry.value, 'kind'));
      if (kind !== undefined && kind !== source.kind) {
        diagnostics.add({
          code: 'subrecipe/output',
          message: `the output '${entry.name}' is not what it is declared to be`,
          location: excerptOf(from.origin),
          found: source.kind,
          expected: kind,
        });
      }
      this.#outputs.set(entry.name, source.reference);
      ports.push([
        entry.name,
        { kind: kind ?? source.kind, description: textOf(valueAt(entry.value, 'description')) ?? entry.name },
      ]);
    }
    return Object.fromEntries(ports);
  }

  #checkRoot(inputs: Readonly<Record<string, InputPort>>): void {
    const { recipe, diagnostics } = this.used;
    const needed = neededInputs(recipe);
    const section = recipe.entries.get('inputs');
    if (needed.length === 0 || !section) return;
    const file = basename(section.key.source.file);
    const given = needed.map((name) => `${name}: ${[inputs[name]?.kind].flat().join(' or ')}`);
    diagnostics.add({
      code: 'subrecipe/inputs',
      message: 'the recipe is a part of others and cannot run by itself: it needs inputs',
      location: excerptOf(section.key),
      found: given.join(', '),
      help: `use it as a stage: { uses: ./${file}, in: { ${needed.map((name) => `${name}: STAGE`).join(', ')} } }, or make the inputs optional`,
    });
  }

  /** An optional input of the recipe that was left open may feed only inputs that may be open as well. */
  #checkGiven(
    stage: string,
    info: StageInfo,
    port: string,
    references: readonly WiredReference[],
    followed: readonly TemplateReference[],
  ): void {
    const [first] = references;
    if (this.asPart || followed.length > 0 || first?.stage !== inputsName) return;
    if (info.inputs[port]?.optional) return;
    if (!this.ports.inputs[first.port]?.optional) return;
    this.used.diagnostics.add({
      code: 'subrecipe/open-input',
      message: `stage '${stage}' needs the input '${port}', and nothing was given for '${first.port}'`,
      location: excerptOf(first.place),
    });
  }
}

/** The kinds of roux, and those that only the stage types of plugins take or make. */
function kindsKnownTo(registry: StageRegistry): ReadonlySet<string> {
  const ports = [...registry.values()].flatMap(({ inputs, outputs }) => [
    ...Object.values(inputs),
    ...Object.values(outputs),
  ]);
  return new Set([...Object.keys(artifactKinds), ...ports.flatMap(({ kind }) => kind)]);
}

/** The inputs that a recipe cannot do without. */
export function neededInputs(recipe: RecipeNode): readonly string[] {
  const inputs = Object.entries(readInputs(valueAt(recipe, 'inputs')));
  return inputs.flatMap(([name, { optional }]) => (optional ? [] : [name]));
}

function readInputs(node: RecipeNode | undefined): Readonly<Record<string, InputPort>> {
  return Object.fromEntries(
    entriesOf(node).flatMap(({ name, value }): [string, InputPort][] => {
      const kind = textOf(value.kind === 'map' ? valueAt(value, 'kind') : value);
      if (kind === undefined) return [];
      const description = textOf(valueAt(value, 'description')) ?? name;
      return [
        [name, { kind, description, optional: isTrue(value, 'optional'), many: isTrue(value, 'many') }],
      ];
    }),
  );
}

function scalarsIn(node: RecipeNode): readonly RecipeNode[] {
  if (node.kind === 'scalar') return [node];
  return (node.kind === 'list' ? node.items : entriesOf(node).map(({ value }) => value)).flatMap(scalarsIn);
}

function isTrue(node: RecipeNode, name: string): boolean {
  const value = valueAt(node, name);
  return value?.kind === 'scalar' && value.value === true;
}

function textOf(node: RecipeNode | undefined): string | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
}
