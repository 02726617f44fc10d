/**
 * `${params.name}` and `${foreach.name}` in values.
 *
 * A value that is nothing but one reference becomes the parameter with its type; inside a longer text the parameter is
 * written out. `$${` stands for `${`. A parameter's value may refer to other parameters. `${params.data.path}` reaches
 * into a parameter that is a map.
 */
import type { Diagnostics } from '../diagnostics/diagnostic.js';
import { didYouMean, listOfNames } from '../diagnostics/suggest.js';
import { type Axis, noVariant, type Variant } from './axis.js';
import { checkParam } from './check-param.js';
import type { ParamDeclaration } from './param-declaration.js';
import type { Param } from './params.js';
import {
  entriesOf,
  excerptOf,
  type Origin,
  type RecipeNode,
  type ScalarNode,
  valueAt,
} from './recipe-node.js';

/** What references can mean. */
export interface Scope {
  readonly params: ReadonlyMap<string, Param>;
  /** What `${foreach.name}` stands for. */
  readonly items: ReadonlyMap<string, Axis>;
}

/** A parameter's value, references in it filled in and checked. */
interface Resolved {
  readonly node: RecipeNode;
  /** What it varies with. */
  readonly axes: ReadonlySet<Axis>;
}

/** Fills in references, for one variant of the recipe. */
export class Interpolation {
  readonly #resolved = new Map<string, Resolved | 'open'>();
  readonly #used: Set<string>;
  /** The axes that whatever is being worked out varies with, the innermost value last. */
  readonly #traces: Set<Axis>[] = [];
  /** The last one that was asked for: all values of a stage want the same. */
  #varied: Interpolation | undefined;
  /** The number of parameters whose value is being worked out. */
  #open = 0;

  constructor(
    readonly scope: Scope,
    readonly diagnostics: Diagnostics,
    readonly variant: Variant = noVariant,
    readonly parent?: Interpolation,
  ) {
    this.#used = parent ? parent.#used : new Set();
  }

  /** The same references for another variant. What does not vary is not worked out again. */
  for(variant: Variant): Interpolation {
    if (this.parent) return this.parent.for(variant);
    if (variant.size === 0) return this;
    if (this.#varied?.variant !== variant) {
      this.#varied = new Interpolation(this.scope, this.diagnostics, variant, this);
    }
    return this.#varied;
  }

  /** The parameters that nothing has referred to so far. */
  unused(): readonly ParamDeclaration[] {
    return [...this.scope.params.values()].flatMap(({ declaration }) =>
      this.#used.has(declaration.name) ? [] : [declaration],
    );
  }

  /** Works out every parameter, so that wrong ones are found whether or not they are used. */
  check(): void {
    for (const param of this.scope.params.values()) this.#resolve(param, param.declaration.key);
  }

  /** The value of a parameter; an unknown one when it is wrong or missing, which was complained about. */
  valueOf(param: Param): RecipeNode {
    return this.#resolve(param, param.declaration.key).node;
  }

  /** What a value varies with. */
  axesOf(node: RecipeNode): ReadonlySet<Axis> {
    return this.#traced(() => this.fill(node)).axes;
  }

  /** The node with every reference in it filled in. */
  fill(node: RecipeNode): RecipeNode {
    switch (node.kind) {
      case 'scalar':
        return typeof node.value === 'string' && node.value.includes('${')
          ? this.#text(node, node.value)
          : node;
      case 'list': {
        const items = node.items.map((item) => this.fill(item));
        return items.every((item, index) => item === node.items[index]) ? node : { ...node, items };
      }
      case 'map': {
        let isChanged = false;
        const entries = entriesOf(node).map((entry) => {
          const value = this.fill(entry.value);
          isChanged ||= value !== entry.value;
          return [entry.name, value === entry.value ? entry : { ...entry, value }] as const;
        });
        return isChanged ? { ...node, entries: new Map(entries) } : node;
      }
    }
  }

  #text(node: ScalarNode, text: string): RecipeNode {
    const pieces = splitReferences(text);
    const [only] = pieces;
    if (only?.kind === 'reference' && pieces.length === 1) {
      const value = this.#lookUp(only.name, this.#place(node, only.written));
      return value ? standingIn(node, value) : unknown(node);
    }
    let filled = '';
    let folder: string | undefined;
    let isUnknown = false;
    const parts: RecipeNode[] = [];
    for (const piece of pieces) {
      if (piece.kind === 'text') filled += piece.text;
      else if (piece.kind === 'open') {
        this.diagnostics.add({
          code: 'params/reference',
          message: "'${' is not closed",
          location: excerptOf(this.#place(node, piece.written)),
          help: "close it with '}', or write '$${' for a literal '${'",
        });
        isUnknown = true;
      } else {
        const place = this.#place(node, piece.written);
        const value = this.#lookUp(piece.name, place);
        if (value) parts.push(value);
        const written = value && this.#writtenOut(value, piece.name, place);
        // A path starts from the folder of whatever its beginning came from.
        if (filled === '') folder ??= value?.folder;
        filled += written ?? '';
        isUnknown ||= written === undefined;
      }
      folder ??= node.folder;
    }
    if (filled.length > maximumText) {
      const message = 'the text becomes too long when its parameters are filled in';
      this.diagnostics.add({ code: 'params/too-large', message, location: excerptOf(node.origin) });
      isUnknown = true;
    }
    return isUnknown ? unknown(node) : { ...node, value: filled, folder: folder ?? node.folder, parts };
  }

  #writtenOut(value: RecipeNode, name: string, place: Origin): string | undefined {
    if (value.unknown) return undefined;
    if (value.kind === 'scalar' && value.value !== null) return String(value.value);
    this.diagnostics.add({
      code: 'params/not-a-text',
      message: `'${name}' cannot be part of a longer text`,
      location: excerptOf(place),
      found: value.kind === 'scalar' ? 'null' : `a ${value.kind}`,
      expected: 'a text, a number or a boolean',
      related: [{ location: excerptOf(value.origin), message: 'its value is written here' }],
    });
    return undefined;
  }

  #lookUp(reference: string, place: Origin): RecipeNode | undefined {
    const [scope, name, ...rest] = reference.split('.');
    const isKnown = scope === 'params' || scope === 'foreach';
    if (!isKnown || name === undefined || name === '') {
      const isParam = this.scope.params.has(reference.split('.')[0] ?? '');
      this.diagnostics.add({
        code: 'params/reference',
        message: `'\${${reference}}' refers to nothing`,
        location: excerptOf(place),
        expected: `\${params.NAME}`,
        help: isParam ? `did you mean '\${params.${reference}}'?` : referenceHelp(scope, name),
      });
      return undefined;
    }
    let node = scope === 'params' ? this.#param(name, place) : this.#item(name, place);
    const noun = scope === 'params' ? 'the parameter' : 'the item';
    let path = name;
    for (const key of rest) {
      if (!node || node.unknown) return node;
      const next = valueAt(node, key);
      if (!next) this.#complain(`${noun} '${path}' has no key '${key}'`, key, keysOf(node), place);
      // What set the whole set its parts.
      node = next && node.layer && !next.layer ? { ...next, layer: node.layer } : next;
      path = `${path}.${key}`;
    }
    return node;
  }

  #param(name: string, place: Origin): RecipeNode | undefined {
    const param = this.scope.params.get(name);
    if (!param) {
      this.#complain(`there is no parameter '${name}'`, name, [...this.scope.params.keys()], place);
      return undefined;
    }
    this.#used.add(name);
    const { node, axes } = this.#resolve(param, place);
    this.#note(axes);
    return node;
  }

  #item(name: string, place: Origin): RecipeNode | undefined {
    const axis = this.scope.items.get(name);
    if (!axis) {
      const names = [...this.scope.items.keys()];
      const help = didYouMean(name, names);
      this.diagnostics.add({
        code: 'matrix/unknown',
        message: `no 'foreach' names '${name}'`,
        location: excerptOf(place),
        expected: names.length === 0 ? "a stage's 'foreach'; there is none" : listOfNames(names),
        ...(help && { help }),
      });
      return undefined;
    }
    this.#note([axis]);
    return (this.variant.get(axis) ?? axis.values[0])?.node;
  }

  #resolve(param: Param, place: Origin): Resolved {
    const { declaration } = param;
    const { name } = declaration;
    const known = this.#resolved.get(name) ?? this.#resolvedAbove(name);
    if (known && known !== 'open') return known;
    if (known === 'open' || this.#open >= maximumChain) {
      const message = known
        ? `the parameter '${name}' refers to itself`
        : 'parameters refer to too many others in a row';
      this.diagnostics.add({
        code: 'params/cycle',
        message,
        location: excerptOf(place),
        related: [{ location: excerptOf(declaration.key), message: `'${name}' is declared here` }],
      });
      return { node: { ...nothingAt(place), unknown: true }, axes: new Set() };
    }
    this.#resolved.set(name, 'open');
    this.#open++;
    const resolved = this.#traced(() => checkParam(declaration, this.#value(param, place), this.diagnostics));
    this.#open--;
    this.#resolved.set(name, resolved);
    return resolved;
  }

  #value({ declaration, value, axis, within }: Param, place: Origin): RecipeNode | undefined {
    if (axis) {
      this.#note([axis]);
      return (this.variant.get(axis) ?? axis.values[0])?.node ?? { ...nothingAt(place), unknown: true };
    }
    const written = value ?? declaration.default;
    if (!within || !written) return written && this.fill(written);
    const outside = within.for(this.variant);
    this.#note(outside.axesOf(written));
    return outside.fill(written);
  }

  /** What was worked out without regard to variants holds for all of them if it does not vary. */
  #resolvedAbove(name: string): Resolved | undefined {
    const known = this.parent ? this.parent.#resolved.get(name) : undefined;
    return known && known !== 'open' && known.axes.size === 0 ? known : undefined;
  }

  #note(axes: Iterable<Axis>): void {
    const trace = this.#traces.at(-1);
    if (trace) for (const axis of axes) trace.add(axis);
  }

  #traced(work: () => RecipeNode): Resolved {
    const axes = new Set<Axis>();
    this.#traces.push(axes);
    const node = work();
    this.#traces.pop();
    return { node, axes };
  }

  #complain(message: string, name: string, names: readonly string[], location: Origin): void {
    const help = didYouMean(name, names);
    this.diagnostics.add({
      code: 'params/unknown',
      message,
      location: excerptOf(location),
      expected:
        names.length === 0 ? "a parameter that 'params:' declares; it declares none" : listOfNames(names),
      ...(help && { help }),
    });
  }

  /** The reference itself inside a longer text, where it stands there as it is. */
  #place({ origin }: ScalarNode, written: string): Origin {
    const at = origin.source.text.indexOf(written, origin.start);
    const end = at + written.length;
    return at >= 0 && end <= origin.end ? { source: origin.source, start: at, end } : origin;
  }
}

/** Parameters that refer to parameters that refer to parameters: longer chains are refused. */
const maximumChain = 32;
/** Characters of a text after filling in; ten doublings of a name would otherwise fill the memory. */
const maximumText = 1_000_000;

/** What people mean by the contexts of other tools. */
function referenceHelp(scope = '', name = 'NAME'): string {
  if (scope === 'matrix') return `'matrix' varies params, so its values are \${params.${name}}`;
  if (scope === 'item' || scope === 'foreach')
    return `a stage's foreach: { NAME: [...] } gives \${foreach.NAME}`;
  if (scope === 'env') return `declare a param that the variable may set: { type: string, env: ${name} }`;
  return "write '$${' for a literal '${'";
}

type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'reference'; readonly name: string; readonly written: string }
  | { readonly kind: 'open'; readonly written: string };

function splitReferences(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let literal = '';
  let at = 0;
  while (at < text.length) {
    const next = text.indexOf('${', at);
    if (next < 0) break;
    if (next > at && text[next - 1] === '$') {
      literal += `${text.slice(at, next - 1)}\${`;
      at = next + 2;
      continue;
    }
    literal += text.slice(at, next);
    const end = text.indexOf('}', next);
    if (literal !== '') pieces.push({ kind: 'text', text: literal });
    literal = '';
    if (end < 0) return [...pieces, { kind: 'open', written: text.slice(next) }];
    const written = text.slice(next, end + 1);
    pieces.push({ kind: 'reference', name: written.slice(2, -1).trim(), written });
    at = end + 1;
  }
  literal += text.slice(at);
  return literal === '' ? pieces : [...pieces, { kind: 'text', text: literal }];
}

function keysOf(node: RecipeNode): readonly string[] {
  return entriesOf(node).map(({ name }) => name);
}

/** The value of a parameter, where a reference to it was written. */
function standingIn(reference: ScalarNode, value: RecipeNode): RecipeNode {
  const { layer: _, instead: __, ...plain } = value;
  const { layer, instead } = reference;
  return {
    ...plain,
    origin: reference.origin,
    from: value,
    ...(layer && { layer }),
    ...(instead && { instead }),
  };
}

function nothingAt(origin: Origin): ScalarNode {
  return { kind: 'scalar', value: null, origin, folder: origin.source.folder };
}

function unknown(node: ScalarNode): RecipeNode {
  return { ...node, value: null, unknown: true };
}
