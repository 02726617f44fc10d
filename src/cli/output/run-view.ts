/** One run as text: its stages, why they ran, what they came to. */

import { shortPath } from '../../diagnostics/short-path.js';
import type { RunRecord, RunStageRecord } from '../../engine/api.js';
import type { RunReason } from '../../engine/plan.js';
import type { Product } from '../products.js';
import { formatFailure } from './failure.js';
import { formatDuration, formatNumber } from './format-value.js';
import { plainReason } from './plan-table.js';
import { formatStart } from './run-list.js';
import { formatTable } from './table.js';
import type { Terminal } from './terminal.js';
import { oneLine } from './terminal-text.js';

/** A run with what is known besides its record. */
export interface ShownRun extends RunRecord {
  readonly tags: readonly string[];
  readonly stages: readonly (RunStageRecord & { readonly reasons?: readonly RunReason[] })[];
}

/** A run: its stages with outcome, time, cause and figures; failures; reports and exports. */
export function runView(run: ShownRun, products: readonly Product[], terminal: Terminal): readonly string[] {
  const { colors } = terminal;
  const width = terminal.columns;
  const paint = (cell: string, row: number): string => (row === 0 ? colors.dim(cell) : cell);
  const figures = run.stages.flatMap(({ name, metrics = {} }) => {
    const text = Object.entries(metrics).map(
      ([figure, value]) => `${oneLine(figure)} ${formatNumber(value)}`,
    );
    return text.length === 0 ? [] : [[oneLine(name), text.join(', ')]];
  });
  const lines = [
    headline(run, terminal),
    colors.dim(
      `run ${oneLine(run.id)} of ${oneLine(shortPath(run.recipe, terminal.directory))}, ${formatStart(run.startedAt)} UTC, ${formatVersions(run.versions)}`,
    ),
    '',
    ...formatTable(
      [
        ['stage', 'type', 'state', 'took', 'because'],
        ...run.stages.map((stage) => [
          oneLine(stage.name),
          oneLine(stage.type),
          stage.outcome === 'hit' ? 'cached' : (stage.outcome ?? 'not run'),
          stage.durationMs === undefined ? '' : formatDuration(stage.durationMs),
          (stage.reasons ?? []).map(plainReason).join('; '),
        ]),
      ],
      { width, right: [3], paint },
    ),
  ];
  if (figures.length > 0)
    lines.push('', colors.bold('figures'), ...formatTable(figures, { width, indent: 2 }));
  if (products.length > 0) {
    const rows = products.map(({ stage, path, artifact }) => [
      oneLine(stage),
      `${oneLine(path)} (${oneLine(artifact.kind)})`,
    ]);
    lines.push('', colors.bold('products'), ...formatTable(rows, { width, indent: 2 }));
  }
  for (const { name, failure } of run.stages) {
    if (failure !== undefined) lines.push('', formatFailure(name, failure, terminal));
  }
  return lines;
}

function headline(run: ShownRun, { colors }: Terminal): string {
  const profile = run.profile === undefined ? '' : ` (profile ${oneLine(run.profile)})`;
  const tags = run.tags.length === 0 ? '' : `  ${colors.cyan(run.tags.map(oneLine).join(', '))}`;
  const took = run.durationMs === undefined ? '' : ` in ${formatDuration(run.durationMs)}`;
  return `${colors.bold(oneLine(run.name))}${profile}  ${run.outcome}${took}${tags}`;
}

function formatVersions(versions: Readonly<Record<string, string>>): string {
  return Object.entries(versions)
    .map(([name, version]) => `${oneLine(name)} ${oneLine(version)}`)
    .join(', ');
}
