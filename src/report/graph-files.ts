/** A graph of stages for other programs: a standalone SVG, Mermaid, DOT. */
import { printable } from '../diagnostics/printable-text.js';
import { drawGraph, type GraphNode, stateWords } from './graph.js';
import { html, Markup } from './html.js';
import { colorsOf, graphStyle } from './style.js';

/** What a graph can be written as. */
export type GraphFormat = 'svg' | 'mermaid' | 'dot';

/** The colours of states, as the style sheet has them in the light. */
const stateColors: typeof stateWords = { hit: '#2b59c3', run: '#c4521c', waiting: '#946c0a' };

/** Writes a graph. */
export function formatGraph(nodes: readonly GraphNode[], format: GraphFormat): string {
  switch (format) {
    case 'svg':
      return standaloneSvg(nodes);
    case 'mermaid':
      return mermaid(nodes);
    case 'dot':
      return dot(nodes);
  }
}

/** The drawing with its own colours, light or dark as the viewer wishes. */
function standaloneSvg(nodes: readonly GraphNode[]): string {
  const style = new Markup(
    `<style>svg{${colorsOf('light')}background:var(--bg)}` +
      `@media (prefers-color-scheme:dark){svg{${colorsOf('dark')}}}${graphStyle}</style>`,
  );
  const drawn = drawGraph(nodes).text.replace('<defs>', () => `${style.text}\n<defs>`);
  return `${drawn}\n`;
}

function mermaid(nodes: readonly GraphNode[]): string {
  const ids = new Map(nodes.map(({ name }, index) => [name, `s${index}`]));
  const lines = ['flowchart TD'];
  for (const node of nodes) {
    const state = node.state === undefined ? '' : `<br/>${stateWords[node.state]}`;
    const label = `${mermaidText(node.name)}<br/><small>${mermaidText(node.subtitle)}</small>${state}`;
    lines.push(`  ${ids.get(node.name)}["${label}"]${node.state === undefined ? '' : `:::${node.state}`}`);
  }
  for (const [from, to] of edgesOf(nodes)) lines.push(`  ${ids.get(from)} --> ${ids.get(to)}`);
  if (nodes.some(({ state }) => state !== undefined)) {
    for (const [name, color] of Object.entries(stateColors)) {
      lines.push(`  classDef ${name} stroke:${color},stroke-width:2px`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function dot(nodes: readonly GraphNode[]): string {
  const lines = [
    'digraph roux {',
    '  rankdir=TB;',
    '  node [shape=box, style=rounded, fontname="Helvetica"];',
    ...nodes.map(({ name, subtitle, state }) => {
      const said = state === undefined ? '' : `\\n${stateWords[state]}`;
      const color = state === undefined ? '' : `, color="${stateColors[state]}", penwidth=2`;
      return `  ${quoted(name)} [label="${escaped(name)}\\n${escaped(subtitle)}${said}"${color}];`;
    }),
    ...edgesOf(nodes).map(([from, to]) => `  ${quoted(from)} -> ${quoted(to)};`),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

/** Every edge once. */
function edgesOf(nodes: readonly GraphNode[]): readonly (readonly [from: string, to: string])[] {
  const names = new Set(nodes.map(({ name }) => name));
  return nodes.flatMap(({ name, inputs }) =>
    [...new Set(inputs)].filter((input) => names.has(input)).map((input) => [input, name] as const),
  );
}

function quoted(text: string): string {
  return `"${escaped(text)}"`;
}

function escaped(text: string): string {
  return printable(text.replaceAll(/[\r\n]+/g, ' '))
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"');
}

/** Mermaid reads HTML in labels, and ends them at a quotation mark. */
function mermaidText(text: string): string {
  return html`${printable(text.replaceAll(/[\r\n]+/g, ' '))}`.text;
}
