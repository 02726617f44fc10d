/** A graph of stages as an inline SVG, in the classes of the page's style sheet. */
import type { ProvenanceStage } from '../plugin/provenance.js';
import { figureName, formatFigure } from './figures.js';
import { layoutGraph, type PlacedNode, round } from './graph-layout.js';
import { html, type Markup } from './html.js';
import { familyOfKinds, type StageFamily } from './stage-families.js';

/** A stage as it is drawn. */
export interface GraphNode {
  readonly name: string;
  /** The small line below the name. */
  readonly subtitle: string;
  /** What a pointer that rests on the node tells. */
  readonly title: string;
  readonly family: StageFamily;
  /** What will happen to it, where that is to be shown. */
  readonly state?: 'hit' | 'run' | 'waiting';
  /** Where a click leads. */
  readonly href?: string;
  /** The stages above it. */
  readonly inputs: readonly string[];
}

/** Width of a letter of the name and of the small line below it, in pixels; the font is not known, so generously. */
const nameLetter = 8.2;
const smallLetter = 6.6;
const nodeHeight = 46;
const smallestNode = 104;
const widestNode = 230;

/** States in words. */
export const stateWords: Readonly<Record<NonNullable<GraphNode['state']>, string>> = {
  hit: 'cached',
  run: 'to run',
  waiting: 'waiting',
};

/** Draws the stages from top to bottom, every edge once. */
export function drawGraph(nodes: readonly GraphNode[]): Markup {
  const layout = layoutGraph(nodes.map((node) => ({ ...node, width: nodeWidth(node), height: nodeHeight })));
  const { left, width, height } = layout;
  return html`<svg class="graph" viewBox="${left} 0 ${width} ${height}" width="${width}" role="img" aria-label="The stages and how they are connected" xmlns="http://www.w3.org/2000/svg">
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0.8 L7.2 4 L0 7.2 z"/></marker></defs>
${layout.edges.map((path) => html`<path class="edge" d="${path}" marker-end="url(#arrow)"/>`)}
${nodes.map((node) => drawNode(node, layout.nodes.get(node.name)))}
</svg>`;
}

/** The stages of a report's provenance, each leading to its settings, with the first of its figures that people know. */
export function provenanceNodes(stages: readonly ProvenanceStage[]): readonly GraphNode[] {
  return stages.map((stage) => {
    const figure = nodeFigures.find((name) => stage.metrics[name] !== undefined);
    const value = figure === undefined ? undefined : stage.metrics[figure];
    return {
      name: stage.name,
      subtitle: figure === undefined ? stage.type : `${figureName(figure)} ${formatFigure(value)}`,
      title: `${stage.name} (${stage.type})`,
      family: familyOf(stage),
      href: `#${stageAnchor(stage.name)}`,
      inputs: Object.values(stage.inputs)
        .flat()
        .map((input) => input.stage),
    };
  });
}

/** The colour family of a stage, as a class name. */
export function familyOf(stage: ProvenanceStage): StageFamily {
  return familyOfKinds(Object.values(stage.outputs).map(({ kind }) => kind));
}

/** The anchor of a stage's settings. */
export function stageAnchor(name: string): string {
  return `stage-${name}`;
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

function drawNode(node: GraphNode, placed: PlacedNode | undefined): Markup | undefined {
  if (placed === undefined) return undefined;
  const { x, y, width, height } = placed;
  const left = round(x - width / 2);
  const room = width - 24;
  const drawn = html`<g class="node ${node.family} ${node.state ?? ''}">
<title>${node.title}</title>
<rect x="${left}" y="${round(y - height / 2)}" width="${round(width)}" height="${height}" rx="8"/>
<rect class="bar" x="${left}" y="${round(y - 13)}" width="4" height="26" rx="2"/>
<text class="name" x="${round(left + 14)}" y="${round(y - 3)}">${clip(node.name, room / nameLetter)}</text>
<text class="type" x="${round(left + 14)}" y="${round(y + 14)}">${clip(smallLine(node), room / smallLetter)}</text>
</g>`;
  return node.href === undefined ? html`${drawn}\n` : html`<a href="${node.href}">${drawn}</a>\n`;
}

function smallLine({ subtitle, state }: GraphNode): string {
  return state === undefined ? subtitle : `${subtitle} · ${stateWords[state]}`;
}

function nodeWidth(node: GraphNode): number {
  const wanted = Math.max(node.name.length * nameLetter, smallLine(node).length * smallLetter) + 26;
  return Math.min(widestNode, Math.max(smallestNode, wanted));
}

function clip(text: string, letters: number): string {
  const most = Math.max(4, Math.floor(letters));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
