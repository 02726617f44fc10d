/** `expect`: what must hold for a stage's metrics. */
import type { CheckedStage, Expectation } from '../recipe/checked-recipe.js';
import type { StageFailure } from './events.js';

const holds: Readonly<Record<Expectation['operator'], (actual: number, wanted: number) => boolean>> = {
  '>=': (actual, wanted) => actual >= wanted,
  '>': (actual, wanted) => actual > wanted,
  '<=': (actual, wanted) => actual <= wanted,
  '<': (actual, wanted) => actual < wanted,
  '==': (actual, wanted) => actual === wanted,
  '!=': (actual, wanted) => actual !== wanted,
};

/** The failure of a stage whose metrics miss what is expected; `undefined` when all holds. Tells of every miss. */
export function checkExpectations(
  stage: CheckedStage,
  metrics: Readonly<Record<string, number>>,
): StageFailure | undefined {
  const missed = stage.expect.filter(({ metric, operator, value }) => {
    const actual = metrics[metric];
    return actual === undefined || !holds[operator](actual, value);
  });
  const [first] = missed;
  if (first === undefined) return undefined;
  const unknown = missed.some(({ metric }) => metrics[metric] === undefined);
  const tell = (text: (expectation: Expectation) => string) => missed.map(text).join(', ');
  return {
    kind: 'expect',
    code: 'expect/missed',
    message: `${tell(({ metric }) => metric)} ${missed.length === 1 ? 'is' : 'are'} not as expected`,
    found: tell(({ metric }) => `${metric} ${metrics[metric] ?? 'is not among the metrics'}`),
    expected: tell(({ metric, operator, value }) => `${metric} ${operator} ${value}`),
    ...(unknown
      ? { help: `The metrics of ${stage.name}: ${Object.keys(metrics).join(', ') || 'none'}` }
      : {}),
    file: first.location.file,
    line: first.location.line,
    column: first.location.column,
  };
}
