/** The figures that people look for first. */
import { figureName, formatFigure, intervalText } from '../figures.js';
import { html, type Markup } from '../html.js';
import type { ReportContent, ReportMetrics } from '../report-content.js';

/** Figures that are shown by default, by what was measured. */
const defaults: Readonly<Record<string, readonly string[]>> = {
  classification: ['macro_f1', 'accuracy', 'expected_calibration_error'],
  'language-model': ['perplexity', 'loss'],
  'bias-audit': ['maximum_flip_rate', 'maximum_equalized_odds_difference'],
  forgetting: ['forgetting'],
};

/** More cards than this are a table. */
const mostCards = 8;

/** Cards with the headline figures; nothing when there is none. */
export function headline({ metrics, headline: wanted }: ReportContent): Markup | undefined {
  const chosen = wanted.length > 0 ? wantedFigures(metrics, wanted) : defaultFigures(metrics);
  if (chosen.length === 0) return undefined;
  const severalStages = new Set(chosen.map(({ from }) => from.name)).size > 1;
  return html`<div class="cards">${chosen.slice(0, mostCards).map(
    ({ name, from }) => html`<div class="card"><div class="label">${figureName(name)}</div>
<div class="value">${formatFigure(from.file.metrics[name])}</div>
<div class="note">${intervalText(from.file.intervals[name]) ?? ''}${severalStages ? html` <span class="from">${from.name}</span>` : ''}</div></div>\n`,
  )}</div>`;
}

interface Chosen {
  readonly name: string;
  readonly from: ReportMetrics;
}

function wantedFigures(metrics: readonly ReportMetrics[], wanted: readonly string[]): readonly Chosen[] {
  return wanted.flatMap((name) =>
    metrics.filter(({ file }) => typeof file.metrics[name] === 'number').map((from) => ({ name, from })),
  );
}

function defaultFigures(metrics: readonly ReportMetrics[]): readonly Chosen[] {
  return metrics.flatMap((from) => {
    const figures = (defaults[from.file.type] ?? []).filter(
      (name) => typeof from.file.metrics[name] === 'number',
    );
    // Where several of a type are compared, one figure of each is enough.
    const alone = metrics.filter(({ file }) => file.type === from.file.type).length === 1;
    return (alone ? figures : figures.slice(0, 1)).map((name) => ({ name, from }));
  });
}
