/** The plan as a table: what will run, and why. */
import { relative } from 'node:path';
import type { Plan, RunReason, StagePlan } from '../../engine/plan.js';
import { formatTable } from './table.js';
import type { Terminal } from './terminal.js';
import { oneLine } from './terminal-text.js';

/** A plan as lines: stage, type, state and reasons, and a last line with the counts. */
export function formatPlan(plan: Plan, terminal: Terminal): readonly string[] {
  const { colors } = terminal;
  const rows = plan.stages.map((stage) => [
    oneLine(stage.stage.name),
    oneLine(stage.stage.info.type),
    stage.state === 'hit' ? 'cached' : stage.state,
    describe(stage, terminal.directory),
  ]);
  const paintState = (cell: string): string => {
    const state = cell.trim();
    if (state === 'cached') return colors.cyan(cell);
    return state === 'run' ? colors.green(cell) : colors.yellow(cell);
  };
  return [
    ...formatTable([['stage', 'type', 'state', 'because'], ...rows], {
      width: terminal.columns,
      paint: (cell, row, column) => {
        if (row === 0) return colors.dim(cell);
        if (column === 2) return paintState(cell);
        return column === 0 ? cell : colors.dim(cell);
      },
    }),
    '',
    `${countPlan(plan)}.`,
  ];
}

/** '3 of 9 stages to run, 2 more may have to': the plan in a few words. */
export function countPlan(plan: Plan): string {
  const all = plan.stages.length;
  const run = plan.stages.filter((stage) => stage.state === 'run').length;
  const waiting = plan.stages.filter((stage) => stage.state === 'waiting').length;
  const stages = all === 1 ? 'stage' : 'stages';
  if (run + waiting === 0) {
    return all === 1
      ? 'The only stage is cached: nothing to run'
      : `All ${all} stages are cached: nothing to run`;
  }
  const rest =
    waiting === 0 ? '' : `, ${waiting} more ${waiting === 1 ? 'waits' : 'wait'} for what they make`;
  return `${run} of ${all} ${stages} to run${rest}`;
}

/**
 * 'train: learning_rate 5e-5 -> 3e-5; 3 of 9 stages to run': the plan of a generation of `watch` in a line. Before the
 * first change it is the counts alone.
 */
export function planLine(plan: Plan, changedFiles: readonly string[], directory: string): string {
  const written = countPlan(plan);
  const counts = written.charAt(0).toLowerCase() + written.slice(1);
  if (changedFiles.length === 0) return `${oneLine(plan.recipe.name)}: ${counts}`;
  const causes = plan.stages.flatMap((stage) =>
    stage.state === 'run'
      ? [`${oneLine(stage.stage.name)}: ${stage.reasons.map(plainReason).join(', ')}`]
      : [],
  );
  const files = changedFiles.map((file) => oneLine(relative(directory, file) || file)).join(', ');
  return `${causes.length > 0 ? causes.join('; ') : `${files} changed`}; ${counts}`;
}

/** A reason without its location; harmless on a terminal. */
export function plainReason(reason: RunReason): string {
  return oneLine(reason.text);
}

function describe(stage: StagePlan, directory: string): string {
  switch (stage.state) {
    case 'hit':
      return oneLine(stage.record.summary ?? '');
    case 'run':
      return stage.reasons.map((reason) => withLocation(reason, directory)).join('; ');
    case 'waiting':
      return `needs ${stage.waitsFor.map(oneLine).join(', ')}`;
  }
}

/** A reason with the place where its new value is written: 'learning_rate 5e-5 -> 3e-5 (roux.yaml:31)'. */
export function withLocation(reason: RunReason, directory: string): string {
  if (reason.location === undefined) return plainReason(reason);
  const file = relative(directory, reason.location.file) || reason.location.file;
  return `${plainReason(reason)} (${oneLine(file)}:${reason.location.line})`;
}

/** The plan without the code of the stages, for `--json`. */
export function planAsJson(plan: Plan): unknown {
  return {
    recipe: plan.recipe.file,
    ...(plan.recipe.profile !== undefined && { profile: plan.recipe.profile }),
    stages: plan.stages.map((stage) => ({
      name: stage.stage.name,
      type: stage.stage.info.type,
      settings: stage.stage.settings,
      state: stage.state,
      ...stateAsJson(stage),
    })),
  };
}

function stateAsJson(stage: StagePlan): Readonly<Record<string, unknown>> {
  switch (stage.state) {
    case 'hit':
      return { key: stage.key, metrics: stage.record.metrics };
    case 'run':
      return { key: stage.key, reasons: stage.reasons };
    case 'waiting':
      return { waitsFor: stage.waitsFor };
  }
}
