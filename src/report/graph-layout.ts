/** Where the nodes and edges of a graph go: dagre's layout, from top to bottom. */
import dagre from '@dagrejs/dagre';

/** A node to place. */
export interface LayoutNode {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Names of the nodes above it; those that are not in the graph are left out. */
  readonly inputs: readonly string[];
}

/** A node in its place; `x` and `y` are its middle. */
export interface PlacedNode {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A graph in its place, in pixels. */
export interface GraphLayout {
  /** The left edge of the drawing; below 0 where edges bend around the graph. */
  readonly left: number;
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, PlacedNode>;
  /** Paths in the language of SVG's `d`. */
  readonly edges: readonly string[];
}

/** Room beside the outermost edge. */
const edgeMargin = 4;

/** Lays a graph out; the same graph in the same order gives the same numbers. */
export function layoutGraph(nodes: readonly LayoutNode[]): GraphLayout {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: 18, ranksep: 34, marginx: 4, marginy: 4 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { name, width, height } of nodes) graph.setNode(name, { width, height });
  for (const { name, inputs } of nodes) {
    for (const input of inputs) if (graph.hasNode(input)) graph.setEdge(input, name);
  }
  dagre.layout(graph);
  const { width: layoutWidth = 0, height = 0 } = graph.graph();
  const points: readonly (readonly Point[])[] = graph
    .edges()
    .map((edge: { readonly v: string; readonly w: string }): readonly Point[] => graph.edge(edge).points);
  // dagre bends edges around nodes without counting the bends in its width.
  const bends = points.flat().map(({ x }) => x);
  const left = Math.min(0, ...bends.map((x) => x - edgeMargin));
  return {
    left: round(left),
    width: round(Math.max(layoutWidth, ...bends.map((x) => x + edgeMargin)) - left),
    height: round(height),
    nodes: new Map(nodes.map(({ name }) => [name, graph.node(name)])),
    edges: points.map(curve),
  };
}

/** Tenths of a pixel. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A smooth path through dagre's points: lines into the middles, bent at the points. */
function curve(points: readonly Point[]): string {
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
