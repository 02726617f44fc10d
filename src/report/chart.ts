/** Charts: vega-lite specifications to SVG that follows the page's colours. */
import type { TopLevelSpec } from 'vega-lite';
import { html, Markup } from './html.js';

/** A vega-lite specification without size and configuration. */
export type ChartSpec = Readonly<Record<string, unknown>>;

/** What a chart is drawn with. */
export interface ChartOptions {
  /** What the chart shows, in a sentence, for those who do not see it. */
  readonly label: string;
  /** Unique on the page; part of the ids inside the SVG. */
  readonly id: string;
  /** Width of the plotting area in pixels; the drawing shrinks with the page. */
  readonly width?: number;
  readonly height?: number;
}

/** Small enough for two charts side by side, and for legible letters on a phone. */
const defaultWidth = 420;
const defaultHeight = 240;

/** The page's own colours, so that charts are right in the light and in the dark. */
const config = {
  background: null,
  font: 'system-ui, sans-serif',
  view: { stroke: null },
  axis: {
    labelColor: 'var(--muted)',
    titleColor: 'var(--muted)',
    titleFontWeight: 'normal',
    labelFontSize: 12,
    titleFontSize: 12,
    gridColor: 'var(--line)',
    domainColor: 'var(--line)',
    tickColor: 'var(--line)',
    titlePadding: 8,
  },
  legend: {
    labelColor: 'var(--ink)',
    labelFontSize: 12,
    title: null,
    orient: 'top',
    symbolType: 'circle',
    labelLimit: 260,
  },
  header: { labelColor: 'var(--ink)', labelFontSize: 13, labelFontWeight: 600, title: null },
  title: { color: 'var(--ink)', fontSize: 13, fontWeight: 600, anchor: 'start' },
  range: { category: ['var(--c1)', 'var(--c2)', 'var(--c3)', 'var(--c4)', 'var(--c5)', 'var(--c6)'] },
  text: { fill: 'var(--ink)', fontSize: 12 },
  rule: { stroke: 'var(--muted)' },
};

/** Draws a chart as a figure with an inline SVG. The same specification gives the same bytes. */
export async function drawChart(spec: ChartSpec, options: ChartOptions): Promise<Markup> {
  const [{ compile }, { parse, View, Warn }] = await Promise.all([import('vega-lite'), import('vega')]);
  const full = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    ...('facet' in spec || 'hconcat' in spec || 'vconcat' in spec
      ? {}
      : { width: options.width ?? defaultWidth, height: options.height ?? defaultHeight }),
    autosize: { type: 'pad' },
    ...spec,
    config,
  };
  const specification: TopLevelSpec = JSON.parse(JSON.stringify(full));
  const compiled = compile(specification);
  const view = new View(parse(compiled.spec), { renderer: 'none', logLevel: Warn });
  try {
    return figure(await view.toSVG(), options);
  } finally {
    view.finalize();
  }
}

function figure(svg: string, { label, id }: ChartOptions): Markup {
  const width = /\bwidth="([\d.]+)"/.exec(svg)?.[1] ?? String(defaultWidth);
  const scaled = svg
    // Vega numbers ids through the whole process; the page must not depend on what was drawn before.
    .replaceAll(/\b(id="|url\(#)([a-z]+)_?(\d+)/g, renumber(id))
    .replace(/<svg\b[^>]*?viewBox="([^"]*)"[^>]*>/, (_, viewBox: string) => {
      return `<svg viewBox="${viewBox}" width="${width}" role="img" aria-label="${html`${label}`.text}" xmlns="http://www.w3.org/2000/svg">`;
    });
  return html`<figure class="chart">${new Markup(scaled)}</figure>`;
}

/** Counts the ids of one drawing from 0, in the order in which they appear. */
function renumber(prefix: string): (match: string, lead: string, name: string, number: string) => string {
  const seen = new Map<string, number>();
  return (_, lead, name, number) => {
    const old = `${name}${number}`;
    const index = seen.get(old) ?? seen.size;
    seen.set(old, index);
    return `${lead}${prefix}-${name}${index}`;
  };
}
