/** The losses of several trainings in one chart. */
import { drawChart } from '../chart.js';
import { html, type Markup } from '../html.js';
import { columns, type Section, section } from '../sections/section.js';
import { series } from '../sections/training.js';
import type { ComparisonContent, RunCurve } from './comparison-content.js';
import { runColor, runLetter } from './run-letters.js';

/** Points of one line: few enough that several lines do not hide each other. */
const mostPoints = 50;

/** The section; nothing where no run has a curve. */
export async function curvesSection({ curves }: ComparisonContent): Promise<Section | undefined> {
  const filled = curves.filter(({ rows }) => rows.length > 0);
  if (filled.length === 0) return undefined;
  const blocks: Markup[] = [];
  for (const [index, stage] of [...new Set(filled.map((curve) => curve.stage))].entries()) {
    const ofStage = filled.filter((curve) => curve.stage === stage);
    const training = await overlay(ofStage, 'training loss', `curves${index}a`, ({ loss }) => loss);
    const validation = await overlay(
      ofStage,
      'validation loss',
      `curves${index}b`,
      (row) => row.validation?.loss,
    );
    if (training !== undefined || validation !== undefined) {
      blocks.push(html`<h3>${stage}</h3>${columns(training, validation)}`);
    }
  }
  return blocks.length === 0 ? undefined : section('training', 'Training', undefined, blocks);
}

async function overlay(
  curves: readonly RunCurve[],
  title: string,
  id: string,
  value: (row: RunCurve['rows'][number]) => number | undefined,
): Promise<Markup | undefined> {
  const points = curves.flatMap(({ run, rows }) => series(rows, runLetter(run), value, mostPoints));
  if (new Set(points.map(({ step }) => step)).size < 2) return undefined;
  const runs = [...new Set(curves.map(({ run }) => run))];
  const few = points.length <= 30 * runs.length;
  const encoding = {
    x: { field: 'step', type: 'quantitative', axis: { title: 'step', grid: false, tickMinStep: 1 } },
    y: {
      field: 'value',
      type: 'quantitative',
      axis: { title, tickCount: 5 },
      scale: { zero: false, nice: true },
    },
    color: {
      field: 'series',
      type: 'nominal',
      scale: { domain: runs.map(runLetter), range: runs.map(runColor) },
    },
  };
  return drawChart(
    {
      data: { values: points },
      layer: [
        { mark: { type: 'line', strokeWidth: 2, interpolate: 'monotone' }, encoding },
        ...(few ? [{ mark: { type: 'circle', size: 36, opacity: 1 }, encoding }] : []),
      ],
    },
    { id, label: `${title} of every run by step` },
  );
}
