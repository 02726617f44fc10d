/**
 * Choosing parameters by patterns, as recipes write them.
 *
 * | pattern | chooses |
 * | --- | --- |
 * | `embeddings`, `layers.3`, `pooler`, `classifier`, `masked-language-head` | a group |
 * | `encoder`, `head`, `all` | all layers; the classifier and the masked-language head; everything |
 * | `layers.0-2` | layers from .. to, both included |
 * | `bert.encoder.layer.0.output.dense.bias` | one tensor |
 * | `bert.encoder.layer.0` | every tensor below that name |
 * | `*.LayerNorm.*`, `layers.?` | a glob over tensor names or groups: `*` any characters, `?` one |
 * | `/attention\.(query|key)/` | a regular expression, found anywhere in tensor names |
 * | `all but embeddings, layers.0-2` | everything but what the patterns after it choose |
 */
import { exceptionsOf, expressionOf, layerRangeOf, patternMistake } from '../artifacts/parameter-pattern.js';
import { UserError } from '../artifacts/user-error.js';
import { didYouMean } from '../diagnostics/suggest.js';
import type { Parameter } from './architecture.js';

/**
 * Names of the parameters that at least one pattern chooses.
 *
 * A pattern that chooses nothing is a `UserError`, with a name that may have been meant.
 */
export function selectParameters(
  parameters: readonly Parameter[],
  patterns: readonly string[],
): ReadonlySet<string> {
  const selected = new Set<string>();
  for (const pattern of patterns) {
    for (const name of matching(parameters, pattern.trim())) selected.add(name);
  }
  return selected;
}

const aliases: Readonly<Record<string, (parameter: Parameter) => boolean>> = {
  all: () => true,
  encoder: ({ group }) => group.startsWith('layers.'),
  head: ({ group }) => group === 'classifier' || group === 'masked-language-head',
};

function matching(parameters: readonly Parameter[], pattern: string): readonly string[] {
  const mistake = patternMistake(pattern);
  if (mistake !== undefined) throw new UserError(mistake);
  const exceptions = exceptionsOf(pattern);
  if (exceptions !== undefined) {
    const left = selectParameters(parameters, exceptions);
    return parameters.filter(({ name }) => !left.has(name)).map(({ name }) => name);
  }
  const matches = matcher(pattern);
  const names = parameters.filter(matches).map(({ name }) => name);
  if (names.length === 0) throw unmatched(parameters, pattern);
  return names;
}

function matcher(pattern: string): (parameter: Parameter) => boolean {
  const alias = aliases[pattern];
  if (alias !== undefined) return alias;
  const expression = expressionOf(pattern);
  if (expression !== undefined) {
    const compiled = new RegExp(expression.source, expression.flags);
    return ({ name }) => compiled.test(name);
  }
  const range = layerRangeOf(pattern);
  if (range !== undefined) return inLayers(range.first, range.last);
  if (/[*?]/.test(pattern)) {
    const glob = compileGlob(pattern);
    return ({ name, group }) => glob.test(name) || glob.test(group);
  }
  return ({ name, group }) => group === pattern || name === pattern || name.startsWith(`${pattern}.`);
}

function inLayers(first: number, last: number): (parameter: Parameter) => boolean {
  return ({ group }) => {
    const layer = /^layers\.(\d+)$/.exec(group)?.[1];
    return layer !== undefined && Number(layer) >= first && Number(layer) <= last;
  };
}

function compileGlob(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`);
}

function unmatched(parameters: readonly Parameter[], pattern: string): UserError {
  const groups = [...new Set(parameters.map(({ group }) => group))];
  const meant = didYouMean(pattern, [
    ...groups,
    ...Object.keys(aliases),
    ...parameters.map(({ name }) => name),
  ]);
  return new UserError({
    code: 'freeze/no-match',
    message: `'${pattern}' matches no parameter of the model`,
    expected: [...groups, ...Object.keys(aliases)].join(', '),
    help: meant ?? 'Tensor names, globs (`*.bias`) and regular expressions (`/query/`) are patterns, too.',
  });
}
