/**
 * Term lists: which words a bias audit swaps and which it takes for mentions of a group.
 *
 * They are JSON files in `terms/` at the package's root, in two folders: `swaps` and `identity`. A user replaces them
 * with a folder of the same layout; `terms/README.md` describes the files.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../artifacts/user-error.js';

/** Words of several groups that correspond to each other. */
export interface SwapList {
  readonly name: string;
  /** The groups whose words are exchanged, at least two: 'female', 'male'. */
  readonly groups: readonly string[];
  /** One row for each meaning: group -> the words for it, the first being the one that is put in. */
  readonly rows: readonly Readonly<Record<string, readonly string[]>>[];
  /** Words whose counterpart depends on whether a noun follows: 'her' is 'his' or 'him'. */
  readonly ambiguous: readonly AmbiguousTerm[];
  /** Lower-case words that do not start what an owner owns: 'her *and*', 'her *yesterday*'. */
  readonly notBeforeNoun: readonly string[];
  /** Phrases that are left alone: 'French fries'. */
  readonly keep: readonly string[];
  /** Words that are capitalized in the list are only found capitalized. */
  readonly capitalized: boolean;
}

/** A word whose counterpart in another group depends on what follows. */
export interface AmbiguousTerm {
  readonly group: string;
  readonly term: string;
  /** Other group -> its word where a noun phrase follows ('her book' -> 'his book'). */
  readonly beforeNoun: Readonly<Record<string, string>>;
  /** Other group -> its word everywhere else ('saw her.' -> 'saw him.'). */
  readonly otherwise: Readonly<Record<string, string>>;
}

/** Words by which a text mentions a group of people. */
export interface IdentityList {
  readonly name: string;
  /** Group -> its words. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly keep: readonly string[];
  readonly capitalized: boolean;
}

/** All lists of a folder. */
export interface TermLists {
  readonly swaps: readonly SwapList[];
  readonly identities: readonly IdentityList[];
}

/** The folder with the lists that come with roux; the same place seen from src/ and from dist/. */
export function shippedTermsFolder(): string {
  return fileURLToPath(new URL('../../terms/', import.meta.url));
}

/**
 * Reads `swaps/*.json` and `identity/*.json` of a folder, in the order of their names.
 *
 * Either folder may be missing. Throws a `UserError` that names the file and what is wrong with it, or says that there
 * is no list at all.
 */
export function readTermLists(folder: string = shippedTermsFolder()): TermLists {
  const swaps = readFolder(join(folder, 'swaps'), parseSwapList);
  const identities = readFolder(join(folder, 'identity'), parseIdentityList);
  if (swaps.length + identities.length === 0) {
    throw new UserError({
      code: 'terms/none',
      message: 'The folder holds no term lists.',
      file: folder,
      expected: 'JSON files in `swaps/` or `identity/`',
      help: 'Copy the folder `terms` of the roux package and change it.',
    });
  }
  return { swaps, identities };
}

/** Parses a swap list; `file` is named in messages, and gives the list its name. Throws a `UserError`. */
export function parseSwapList(text: string, file: string): SwapList {
  const reader = new ListReader(text, file);
  reader.allowOnly('description', 'groups', 'rows', 'ambiguous', 'not_before_noun', 'keep', 'capitalized');
  const groups = reader.strings('groups');
  if (groups.length < 2) reader.fail('needs at least two `groups`', `${groups.length}`);
  const rows = reader.list('rows').map((row, index) => reader.row(row, `rows[${index}]`, groups));
  const ambiguous = reader.list('ambiguous').map((value, index): AmbiguousTerm => {
    const where = `ambiguous[${index}]`;
    const { group, term, before_noun: beforeNoun, otherwise } = reader.object(value, where);
    if (typeof group !== 'string' || !groups.includes(group) || typeof term !== 'string') {
      return reader.fail(
        `${where} needs a \`term\` and its \`group\`, one of ${groups.join(', ')}`,
        json(value),
      );
    }
    return {
      group,
      term,
      beforeNoun: reader.words(beforeNoun, `${where}.before_noun`, groups),
      otherwise: reader.words(otherwise, `${where}.otherwise`, groups),
    };
  });
  if (rows.length + ambiguous.length === 0) reader.fail('has no `rows`', 'none');
  const list = {
    name: reader.name,
    groups,
    rows,
    ambiguous,
    notBeforeNoun: reader.strings('not_before_noun').map((word) => word.toLowerCase()),
    keep: reader.strings('keep'),
    capitalized: reader.flag('capitalized'),
  };
  refuseSharedTerms(list, reader);
  return list;
}

/** Parses an identity list; `file` is named in messages, and gives the list its name. Throws a `UserError`. */
export function parseIdentityList(text: string, file: string): IdentityList {
  const reader = new ListReader(text, file);
  reader.allowOnly('description', 'groups', 'keep', 'capitalized');
  const groups = reader.row(reader.value('groups'), 'groups');
  if (Object.keys(groups).length === 0) reader.fail('has no `groups`', 'none');
  return {
    name: reader.name,
    groups,
    keep: reader.strings('keep'),
    capitalized: reader.flag('capitalized'),
  };
}

function readFolder<List>(folder: string, parse: (text: string, file: string) => List): List[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
    throw cause;
  }
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => parse(readFileSync(join(folder, name), 'utf8'), join(folder, name)));
}

/** A term in two rows would have two counterparts; which one is meant only the list's author knows. */
function refuseSharedTerms(list: SwapList, reader: ListReader): void {
  const seen = new Map<string, string>();
  for (const { group, term } of list.ambiguous) seen.set(term.toLowerCase(), `ambiguous, ${group}`);
  const ambiguous = new Set(seen.keys());
  list.rows.forEach((row, index) => {
    for (const [group, terms] of Object.entries(row)) {
      for (const term of terms) {
        const key = term.toLowerCase();
        const other = seen.get(key);
        if (ambiguous.has(key)) continue;
        if (other !== undefined)
          reader.fail(`lists '${term}' twice`, `${other} and rows[${index}], ${group}`);
        seen.set(key, `rows[${index}], ${group}`);
      }
    }
  });
}

function json(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

/** Takes a list apart and says what is wrong where; the one place that handles foreign JSON. */
class ListReader {
  readonly name: string;
  readonly #file: string;
  readonly #content: Readonly<Record<string, unknown>>;

  constructor(text: string, file: string) {
    this.#file = file;
    this.name = (file.split(/[/\\]/u).at(-1) ?? file).replace(/\.json$/u, '');
    let content: unknown;
    try {
      content = JSON.parse(text);
    } catch (cause) {
      this.fail('is not JSON', cause instanceof Error ? cause.message : String(cause));
    }
    this.#content = this.object(content, 'the file');
  }

  fail(what: string, found: string): never {
    throw new UserError({
      code: 'terms/invalid',
      message: `The term list ${what}.`,
      file: this.#file,
      found,
      help: 'terms/README.md in the roux package describes the format.',
    });
  }

  allowOnly(...names: readonly string[]): void {
    const unknown = Object.keys(this.#content).filter((key) => !names.includes(key));
    if (unknown.length > 0) this.fail(`has unknown keys (known: ${names.join(', ')})`, unknown.join(', '));
  }

  value(key: string): unknown {
    return this.#content[key];
  }

  flag(key: string): boolean {
    const value = this.#content[key] ?? false;
    return typeof value === 'boolean' ? value : this.fail(`needs true or false as \`${key}\``, json(value));
  }

  list(key: string): readonly unknown[] {
    const value = this.#content[key] ?? [];
    return Array.isArray(value) ? value : this.fail(`needs an array as \`${key}\``, json(value));
  }

  strings(key: string): readonly string[] {
    return this.list(key).map((value) =>
      typeof value === 'string' && value.trim() !== ''
        ? value
        : this.fail(`needs words in \`${key}\``, json(value)),
    );
  }

  object(value: unknown, where: string): Readonly<Record<string, unknown>> {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return Object.fromEntries(Object.entries(value));
    }
    return this.fail(`needs an object at ${where}`, json(value));
  }

  /** group -> one word or several. */
  row(
    value: unknown,
    where: string,
    groups?: readonly string[],
  ): Readonly<Record<string, readonly string[]>> {
    const entries = Object.entries(this.object(value, where)).map(([group, terms]): [string, string[]] => {
      if (groups && !groups.includes(group)) this.fail(`has an unknown group at ${where}`, group);
      const words = (Array.isArray(terms) ? terms : [terms]).map((term: unknown) =>
        typeof term === 'string' && /[\p{L}\p{N}]/u.test(term)
          ? term
          : this.fail(`needs words at ${where}.${group}`, json(term)),
      );
      return words.length > 0 ? [group, words] : this.fail(`needs words at ${where}.${group}`, 'none');
    });
    return Object.fromEntries(entries);
  }

  /** group -> one word. */
  words(value: unknown, where: string, groups: readonly string[]): Readonly<Record<string, string>> {
    return Object.fromEntries(
      Object.entries(this.row(value, where, groups)).map(([group, terms]) => [group, terms[0] ?? '']),
    );
  }
}
