/**
 * `${params.name}` in values.
 *
 * A value that is nothing but one reference becomes the parameter with its type; inside a longer text the parameter is
 * written out. `$${` stands for `${`. A parameter's value may refer to other parameters. `${params.data.path}` reaches
 * into a parameter that is a map.
 */
import type { Diagnostics } from '../diagnostics/diagnostic.js';
import { didYouMean, listOfNames } from '../diagnostics/suggest.js';
import type { Param } from './params.js';
import {
  entriesOf,
  excerptOf,
  type Origin,
  type RecipeNode,
  type ScalarNode,
  valueAt,
} from './recipe-node.js';

/** Fills in parameters, and keeps count of which were used. */
export class Interpolation {
  readonly #resolved = new Map<string, RecipeNode | 'open'>();
  /** The number of parameters whose value is being worked out. */
  #open = 0;

  constructor(
    readonly params: ReadonlyMap<string, Param>,
    readonly diagnostics: Diagnostics,
  ) {}

  /** The parameters that nothing has referred to so far. */
  unused(): readonly Param[] {
    return [...this.params.values()].filter(({ name }) => !this.#resolved.has(name));
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
      return value ? { ...value, origin: node.origin, from: value } : unknown(node);
    }
    let filled = '';
    let folder: string | undefined;
    let isUnknown = false;
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
    return isUnknown ? unknown(node) : { ...node, value: filled, folder: folder ?? node.folder };
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
    if (scope !== 'params' || name === undefined || name === '') {
      const isParam = this.params.has(reference.split('.')[0] ?? '');
      this.diagnostics.add({
        code: 'params/reference',
        message: `'\${${reference}}' refers to nothing`,
        location: excerptOf(place),
        expected: `\${params.NAME}`,
        help: isParam ? `did you mean '\${params.${reference}}'?` : "write '$${' for a literal '${'",
      });
      return undefined;
    }
    let node = this.#param(name, place);
    let path = name;
    for (const key of rest) {
      if (!node || node.unknown) return node;
      const next = valueAt(node, key);
      if (!next) this.#complain(`the parameter '${path}' has no key '${key}'`, key, keysOf(node), place);
      node = next;
      path = `${path}.${key}`;
    }
    return node;
  }

  #param(name: string, place: Origin): RecipeNode | undefined {
    const param = this.params.get(name);
    if (!param) {
      this.#complain(`there is no parameter '${name}'`, name, [...this.params.keys()], place);
      return undefined;
    }
    const known = this.#resolved.get(name);
    if (known === 'open' || (known === undefined && this.#open >= maximumChain)) {
      const message = known
        ? `the parameter '${name}' refers to itself`
        : 'parameters refer to too many others in a row';
      this.diagnostics.add({
        code: 'params/cycle',
        message,
        location: excerptOf(place),
        related: [{ location: excerptOf(param.declared.key), message: `'${name}' is declared here` }],
      });
      return { ...param.value, unknown: true };
    }
    if (known) return known;
    this.#resolved.set(name, 'open');
    this.#open++;
    const value = this.fill(param.value);
    this.#open--;
    this.#resolved.set(name, value);
    return value;
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

function unknown(node: ScalarNode): RecipeNode {
  return { ...node, value: null, unknown: true };
}
