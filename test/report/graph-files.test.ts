import { describe, expect, it } from 'vitest';
import type { GraphNode } from '../../src/report/graph.js';
import { formatGraph } from '../../src/report/graph-files.js';

const node = (name: string, more: Partial<GraphNode> = {}): GraphNode => ({
  name,
  subtitle: 'work',
  title: name,
  family: 'model',
  inputs: [],
  ...more,
});

const plan = [
  node('a', { state: 'hit' }),
  node('b "<x>"\nc', { state: 'run', inputs: ['a', 'a', 'elsewhere'] }),
  node('d', { state: 'waiting', inputs: ['a', 'b "<x>"\nc'] }),
];

describe('a graph', () => {
  it('as Mermaid has each edge once, escaped labels and colours of states', () => {
    expect(formatGraph(plan, 'mermaid')).toBe(
      [
        'flowchart TD',
        '  s0["a<br/><small>work</small><br/>cached"]:::hit',
        '  s1["b &quot;&lt;x&gt;&quot; c<br/><small>work</small><br/>to run"]:::run',
        '  s2["d<br/><small>work</small><br/>waiting"]:::waiting',
        '  s0 --> s1',
        '  s0 --> s2',
        '  s1 --> s2',
        '  classDef hit stroke:#2b59c3,stroke-width:2px',
        '  classDef run stroke:#c4521c,stroke-width:2px',
        '  classDef waiting stroke:#946c0a,stroke-width:2px',
        '',
      ].join('\n'),
    );
    expect(formatGraph([node('a')], 'mermaid')).not.toContain('classDef');
  });

  it('as DOT quotes names', () => {
    const text = formatGraph(plan, 'dot');
    expect(text).toContain(
      '"b \\"<x>\\" c" [label="b \\"<x>\\" c\\nwork\\nto run", color="#c4521c", penwidth=2];',
    );
    expect(text).toContain('"a" -> "d";');
    expect(text.split('->')).toHaveLength(4);
  });

  it('as SVG stands alone, follows light and dark, and loads nothing', () => {
    const text = formatGraph(plan, 'svg');
    expect(text).toMatch(/^<svg .*xmlns="http:\/\/www\.w3\.org\/2000\/svg">/);
    expect(text).toContain('prefers-color-scheme:dark');
    expect(text).toContain('work · to run');
    expect(text).not.toMatch(/<script|<image|href="http|url\((?!#)/);
    expect(text).not.toContain('<x>');
    expect(text.match(/class="edge"/g)).toHaveLength(3);
    expect(formatGraph(plan, 'svg')).toBe(text);
  });
});
