import type { Diagnostics } from '../diagnostics/diagnostic.js';
import type { Expectation } from './checked-recipe.js';
import { entriesOf, excerptOf, locationOf, type RecipeNode } from './recipe-node.js';

/** Reads `expect: { macro_f1: ">= 0.90", loss: ["> 0", "< 2"] }`. */
export function readExpectations(
  node: RecipeNode | undefined,
  diagnostics: Diagnostics,
): readonly Expectation[] {
  return entriesOf(node).flatMap(({ name, value }) => {
    const comparisons = value.kind === 'list' ? value.items : [value];
    return comparisons.flatMap((comparison) => readComparison(name, comparison, diagnostics) ?? []);
  });
}

const comparisonPattern = /^\s*(>=|>|<=|<|==|!=)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*$/;

function readComparison(metric: string, node: RecipeNode, diagnostics: Diagnostics): Expectation | undefined {
  // Anything but a text was complained about when the structure was checked.
  if (node.unknown || node.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
  const match = comparisonPattern.exec(node.value);
  const operator = operators.find((candidate) => candidate === match?.[1]);
  if (!match || !operator) {
    const number = /^\s*([-+.\deE]+)\s*%?\s*$/.exec(node.value)?.[1];
    diagnostics.add({
      code: 'expect/syntax',
      message: `the expectation for '${metric}' is no comparison with a number`,
      location: excerptOf(node.origin),
      found: JSON.stringify(node.value),
      expected: 'one of >= > <= < == != and a number',
      help: number === undefined ? "for example '>= 0.90'" : `for example '>= ${number}'`,
    });
    return undefined;
  }
  return { metric, operator, value: Number(match[2]), location: locationOf(node.origin) };
}

const operators = ['>=', '>', '<=', '<', '==', '!='] as const;
