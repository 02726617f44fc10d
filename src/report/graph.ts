/** The recipe's graph as an inline SVG. */
import dagre from '@dagrejs/dagre';
import type { ProvenanceStage } from '../plugin/provenance.js';
import { figureName, formatFigure } from './figures.js';
import { html, type Markup } from './html.js';

/** Width of a letter of the name and of the small line below it, in pixels; the font is not known, so generously. */
const nameLetter = 8.2;
const smallLetter = 6.6;
const nodeHeight = 46;

/** Room beside the outermost edge. */
const edgeMargin = 4;
const smallestNode = 104;
const widestNode = 230;

/** What colours a node: what its first output is good for. */
const families: Readonly<Record<string, string>> = {
  dataset: 'data',
  tokens: 'data',
  tokenizer: 'data',
  model: 'model',
  penalty: 'model',
  curve: 'measure',
  metrics: 'measure',
  predictions: 'measure',
  export: 'product',
  report: 'product',
};

/** A training makes a model and a curve: what counts most comes first. */
const familyOrder = ['product', 'model', 'data', 'measure'];

/** Draws the stages from top to bottom, every edge once; each node leads to the stage's settings below. */
export function drawGraph(stages: readonly ProvenanceStage[]): Markup {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: 18, ranksep: 34, marginx: 4, marginy: 4 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const stage of stages) {
    graph.setNode(stage.name, { width: nodeWidth(stage), height: nodeHeight });
  }
  for (const { name, inputs } of stages) {
    for (const { stage } of Object.values(inputs).flat())
      if (graph.hasNode(stage)) graph.setEdge(stage, name);
  }
  dagre.layout(graph);
  const { width: layoutWidth = 0, height = 0 } = graph.graph();
  // dagre bends edges around nodes without counting the bends in its width.
  const bends: readonly number[] = graph
    .edges()
    .flatMap((edge: { readonly v: string; readonly w: string }) =>
      graph.edge(edge).points.map(({ x }: { readonly x: number }) => x),
    );
  const left = Math.min(0, ...bends.map((x) => x - edgeMargin));
  const width = Math.max(layoutWidth, ...bends.map((x) => x + edgeMargin)) - left;
  const edges = graph
    .edges()
    .map(
      (edge: { readonly v: string; readonly w: string }) =>
        html`<path class="edge" d="${curve(graph.edge(edge).points)}" marker-end="url(#arrow)"/>`,
    );
  const nodes = stages.map((stage) => drawNode(stage, graph.node(stage.name)));
  return html`<div class="scroll"><svg class="graph" viewBox="${round(left)} 0 ${round(width)} ${round(height)}" width="${round(width)}" role="img" aria-label="The recipe's stages and how they are connected" xmlns="http://www.w3.org/2000/svg">
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0.8 L7.2 4 L0 7.2 z"/></marker></defs>
${edges}
${nodes}
</svg></div>`;
}

/** The colour family of a stage, as a class name. */
export function familyOf(stage: ProvenanceStage): string {
  const made = Object.values(stage.outputs).map(({ kind }) => families[kind]);
  return familyOrder.find((family) => made.includes(family)) ?? 'other';
}

/** The anchor of a stage's settings. */
export function stageAnchor(name: string): string {
  return `stage-${name}`;
}

function drawNode(
  stage: ProvenanceStage,
  {
    x,
    y,
    width,
    height,
  }: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): Markup {
  const left = round(x - width / 2);
  const top = round(y - height / 2);
  const room = width - 24;
  return html`<a href="#${stageAnchor(stage.name)}"><g class="node ${familyOf(stage)}">
<title>${stage.name} (${stage.type})</title>
<rect x="${left}" y="${top}" width="${round(width)}" height="${height}" rx="8"/>
<rect class="bar" x="${left}" y="${round(y - 13)}" width="4" height="26" rx="2"/>
<text class="name" x="${round(left + 14)}" y="${round(y - 3)}">${clip(stage.name, room / nameLetter)}</text>
<text class="type" x="${round(left + 14)}" y="${round(y + 14)}">${clip(subtitle(stage), room / smallLetter)}</text>
</g></a>
`;
}

/** The stage type, and the first of its figures that people know. */
function subtitle(stage: ProvenanceStage): string {
  const figure = nodeFigures.find((name) => stage.metrics[name] !== undefined);
  return figure === undefined ? stage.type : `${figureName(figure)} ${formatFigure(stage.metrics[figure])}`;
}

const nodeFigures = [
  'macro_f1',
  'accuracy',
  'forgetting',
  'perplexity',
  'maximum_flip_rate',
  'validation_loss',
  'loss',
];

function nodeWidth(stage: ProvenanceStage): number {
  const wanted = Math.max(stage.name.length * nameLetter, subtitle(stage).length * smallLetter) + 26;
  return Math.min(widestNode, Math.max(smallestNode, wanted));
}

/** A smooth path through dagre's points: lines into the middles, bent at the points. */
function curve(points: readonly { readonly x: number; readonly y: number }[]): string {
  const [first, ...rest] = points;
  const last = rest.at(-1);
  if (first === undefined || last === undefined) return '';
  let path = `M${round(first.x)} ${round(first.y)}`;
  rest.slice(0, -1).forEach((point, index) => {
    const next = rest[index + 1] ?? last;
    const end = index === rest.length - 2 ? next : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    path += ` Q${round(point.x)} ${round(point.y)} ${round(end.x)} ${round(end.y)}`;
  });
  return rest.length === 1 ? `${path} L${round(last.x)} ${round(last.y)}` : path;
}

function clip(text: string, letters: number): string {
  const most = Math.max(4, Math.floor(letters));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
