/** The data sets: splits and labels. */
import { formatCount, formatShare } from '../figures.js';
import { html, type Markup } from '../html.js';
import type { ReportDataset } from '../report-content.js';
import { type Section, section, table } from './section.js';

/** More labels than this are only counted. */
const mostLabels = 24;

/** The section of all data sets; nothing when there are none. */
export function dataSection(datasets: readonly ReportDataset[]): Section | undefined {
  if (datasets.length === 0) return undefined;
  return section('data', 'Data', undefined, datasets.map(datasetBlock));
}

function datasetBlock({ name, labels, splits, statistics }: ReportDataset): Markup {
  const shown = labels !== null && labels.length <= mostLabels ? labels : [];
  const rows = Object.entries(splits).map(([split, { rows: count, labelCounts }]) => [
    split,
    formatCount(count),
    ...shown.map((_, index) => {
      const ofLabel = labelCounts?.[index];
      return ofLabel === undefined
        ? '–'
        : html`${formatCount(ofLabel)} <small>${count === 0 ? '' : formatShare(ofLabel / count)}</small>`;
    }),
  ]);
  const figures = Object.entries(statistics).filter(([, value]) => typeof value === 'number');
  return html`<h3>${name}</h3>${labels !== null && shown.length === 0 ? html`<p class="lead">${labels.length} labels</p>` : ''}
${table(['split', 'rows', ...shown], rows, { numeric: Array.from({ length: shown.length + 1 }, (_, index) => index + 1) })}
${
  figures.length > 0 &&
  html`<p class="facts">${figures.map(
    ([figure, value]) =>
      html`<span>${figure.replaceAll('_', ' ')} <b>${typeof value === 'number' ? formatCount(value) : ''}</b></span> `,
  )}</p>`
}`;
}
