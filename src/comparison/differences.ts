/** What was done differently in runs: stages, settings, wiring, and what else makes results. */
import type { ComparedRun, ComparedStage } from './compared-run.js';

/** One thing that is not the same in all runs. */
export interface Difference {
  readonly stage: string;
  /** `stage`: not every run has it; `trait`: a version, seed, runtime, code or file. */
  readonly what: 'stage' | 'type' | 'setting' | 'input' | 'trait';
  /** The setting ('layers[0].name'), the port, or the trait; the stage's name for `stage`. */
  readonly name: string;
  /** One per run; `undefined` where it is not set. */
  readonly values: readonly unknown[];
}

/** Everything that differs, in the order of the stages. */
export function findDifferences(runs: readonly ComparedRun[]): readonly Difference[] {
  return stageNames(runs).flatMap((name) => {
    const stages = runs.map((run) => run.stages.find((stage) => stage.name === name));
    const here = stages.filter((stage) => stage !== undefined);
    if (here.length < runs.length) {
      const values = stages.map((stage) => stage?.type);
      return [{ stage: name, what: 'stage' as const, name, values }];
    }
    return stageDifferences(name, here);
  });
}

/** The names of all stages, in the order of the first run that has them. */
export function stageNames(runs: readonly ComparedRun[]): readonly string[] {
  return [...new Set(runs.flatMap(({ stages }) => stages.map(({ name }) => name)))];
}

function stageDifferences(stage: string, stages: readonly ComparedStage[]): readonly Difference[] {
  const differing = (
    what: Difference['what'],
    tables: readonly ReadonlyMap<string, unknown>[],
  ): readonly Difference[] =>
    [...new Set(tables.flatMap((table) => [...table.keys()]))]
      .map((name) => ({ stage, what, name, values: tables.map((table) => table.get(name)) }))
      .filter(({ values }) => values.some((value) => !isSame(value, values[0])));
  return [
    ...differing(
      'type',
      stages.map(({ type }) => new Map([['uses', type]])),
    ),
    ...differing(
      'setting',
      stages.map(({ settings }) => leaves(settings)),
    ),
    ...differing(
      'input',
      stages.map(
        ({ inputs }) => new Map(Object.entries(inputs).map(([port, list]) => [port, list.join(', ')])),
      ),
    ),
    // A run that did not come to this stage, or whose result is gone, says nothing of how it was made.
    ...(stages.every(({ traits }) => Object.keys(traits).length > 0)
      ? differing(
          'trait',
          stages.map(({ traits }) => new Map(Object.entries(traits))),
        )
      : []),
  ];
}

/** The plain values inside settings, by a name like 'split.train' or 'layers[0]'. */
function leaves(value: unknown, name = '', found = new Map<string, unknown>()): ReadonlyMap<string, unknown> {
  const members: readonly (readonly [string, unknown])[] = Array.isArray(value)
    ? value.map((item, index) => [`${name}[${index}]`, item])
    : typeof value === 'object' && value !== null
      ? Object.entries(value).map(([key, item]) => [name === '' ? key : `${name}.${key}`, item])
      : [];
  if (members.length === 0 && name !== '') found.set(name, value);
  for (const [inner, member] of members) leaves(member, inner, found);
  return found;
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
