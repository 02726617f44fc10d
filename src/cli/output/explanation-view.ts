/** An explanation as a tree of text. */
import { relative } from 'node:path';
import {
  type KeyPart,
  type ResultOrigin,
  rootCauses,
  type StageExplanation,
} from '../../engine/explanation.js';
import type { RunReason } from '../../engine/plan.js';
import type { CheckedRecipe } from '../../recipe/checked-recipe.js';
import { formatDuration } from './format-value.js';
import { plainReason, withLocation } from './plan-table.js';
import { formatStart } from './run-list.js';
import type { Terminal } from './terminal.js';
import { oneLine, wrap } from './terminal-text.js';

/** Digits of a digest that tell it from others. */
const shortDigest = 8;

/** The explanation as lines: the stage, what differs, below every difference that comes from a stage that stage; the causes. */
export function formatExplanation(
  explanation: StageExplanation,
  recipe: CheckedRecipe,
  terminal: Terminal,
): readonly string[] {
  const { colors, directory } = terminal;
  const lines = [
    ...stageLines(explanation, { recipe, terminal, depth: 0 }),
    ...sameLines(explanation, terminal),
  ];
  const roots = rootCauses(explanation).filter(({ reason }) => reason.kind !== 'first-run');
  if (explanation.causes.length > 0 && roots.length > 0) {
    lines.push('', colors.bold(roots.length === 1 ? 'It goes back to' : 'It goes back to all of'));
    for (const { stage, reason } of roots) {
      lines.push(`  ${colors.cyan(oneLine(stage))}  ${withLocation(reason, directory)}`);
    }
  }
  return lines;
}

/** The explanation with what it goes back to, for `--json`. */
export function explanationAsJson(explanation: StageExplanation): unknown {
  return { ...explanation, rootCauses: rootCauses(explanation) };
}

interface Place {
  readonly recipe: CheckedRecipe;
  readonly terminal: Terminal;
  readonly depth: number;
}

function stageLines(explanation: StageExplanation, place: Place): readonly string[] {
  const { terminal, depth } = place;
  const { colors } = terminal;
  const indent = '  '.repeat(depth);
  const name =
    depth === 0 ? colors.bold(oneLine(explanation.stage)) : colors.cyan(oneLine(explanation.stage));
  const lines = [`${indent}${name}  ${stateText(explanation, place)}`];
  const causes = new Map(explanation.causes.map((cause) => [cause.stage, cause]));
  const below = (stage: string | undefined): readonly string[] => {
    const cause = stage === undefined ? undefined : causes.get(stage);
    if (stage === undefined || cause === undefined) return [];
    causes.delete(stage);
    return stageLines(cause, { ...place, depth: depth + 2 });
  };
  for (const reason of explanation.reasons) {
    lines.push(...reasonLines(reason, `${indent}  `, terminal), ...below(reason.stage));
  }
  for (const cause of [...causes.keys()]) lines.push(...below(cause));
  return lines;
}

function stateText(explanation: StageExplanation, { recipe, terminal }: Place): string {
  const { colors } = terminal;
  const { state, comparedWith, reasons, origin, waitsFor } = explanation;
  const differ = reasons.length > 0;
  switch (state) {
    case 'run': {
      const what = comparedWith === 'last' && differ ? 'what differs from its last result:' : '';
      return `${colors.green('has to run')}${what === '' ? '' : `; ${what}`}`;
    }
    case 'waiting': {
      const first = `${colors.yellow('waits')} for ${waitsFor.map(oneLine).join(', ')}`;
      const own = differ && comparedWith === 'last';
      return own
        ? `${first}, and differs from its last result itself:`
        : `${first}; it is cached after all if that makes the same bytes as before`;
    }
    case 'hit': {
      const from = origin === undefined ? '' : `; ${originText(origin, recipe, terminal)}`;
      if (!differ) return `${colors.cyan('is cached')}${from}`;
      return comparedWith === 'last'
        ? `${colors.cyan('is cached')}${from}; its last result was another one, from which differs:`
        : `${colors.cyan('is cached')}${from}; what had changed since the result before:`;
    }
  }
}

function originText(origin: ResultOrigin, recipe: CheckedRecipe, { directory }: Terminal): string {
  const took = `in ${formatDuration(origin.durationMs)}`;
  const when = `${formatStart(origin.finishedAt)} UTC`;
  if (origin.run === undefined) return `made ${when} ${took}`;
  const elsewhere =
    origin.recipe === undefined || origin.recipe === recipe.file
      ? ''
      : ` of ${oneLine(relative(directory, origin.recipe) || origin.recipe)}`;
  return `made by run ${oneLine(origin.run)}${elsewhere} ${took}`;
}

function reasonLines(reason: RunReason, indent: string, terminal: Terminal): readonly string[] {
  const text = reason.location === undefined ? plainReason(reason) : withLocation(reason, terminal.directory);
  const [first = '', ...rest] = wrap(text, Math.max(40, terminal.columns - indent.length - 2));
  return [`${indent}- ${first}`, ...rest.map((line) => `${indent}  ${line}`)];
}

function sameLines({ equal, state }: StageExplanation, terminal: Terminal): readonly string[] {
  if (equal.length === 0) return [];
  const { colors } = terminal;
  const text = equal.map((part) => partText(part)).join('; ');
  const lead = state === 'hit' ? 'the same as then: ' : 'unchanged: ';
  return ['', ...wrap(lead + text, terminal.columns - 2).map((line) => colors.dim(`  ${line}`))];
}

function partText({ text, digest }: KeyPart): string {
  return digest === undefined ? oneLine(text) : `${oneLine(text)} (${digest.slice(0, shortDigest)})`;
}
