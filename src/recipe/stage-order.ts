import type { Diagnostics } from '../diagnostics/diagnostic.js';
import { excerptOf } from './recipe-node.js';
import type { Edge } from './wiring.js';

/** A stage with what it reads. */
export interface OrderedNode {
  readonly name: string;
  readonly edges: readonly Edge[];
}

/**
 * The names of the stages so that each comes after those it reads, otherwise as in the file. Cycles become diagnostics
 * that show the whole loop.
 */
export function stageOrder(stages: readonly OrderedNode[], diagnostics: Diagnostics): readonly string[] {
  const byName = new Map(stages.map((stage) => [stage.name, stage]));
  const state = new Map<string, 'open' | 'done'>();
  const order: string[] = [];
  for (const root of stages) {
    if (state.has(root.name)) continue;
    state.set(root.name, 'open');
    // A path of its own instead of recursion: a chain of stages may be longer than the call stack.
    const path: { readonly stage: OrderedNode; next: number }[] = [{ stage: root, next: 0 }];
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const edge = top.stage.edges[top.next++];
      if (!edge) {
        state.set(top.stage.name, 'done');
        order.push(top.stage.name);
        path.pop();
        continue;
      }
      const from = byName.get(edge.from);
      if (!from || state.get(edge.from) === 'done') continue;
      if (state.get(edge.from) === undefined) {
        state.set(edge.from, 'open');
        path.push({ stage: from, next: 0 });
        continue;
      }
      const start = path.findIndex(({ stage }) => stage.name === edge.from);
      reportCycle(
        path.slice(start).flatMap(({ stage, next }) => {
          const followed = stage.edges[next - 1];
          return followed ? [{ reader: stage.name, edge: followed }] : [];
        }),
        diagnostics,
      );
    }
  }
  return order;
}

interface CycleStep {
  readonly reader: string;
  readonly edge: Edge;
}

function reportCycle(steps: readonly CycleStep[], diagnostics: Diagnostics): void {
  const [first, ...rest] = steps;
  if (!first) return;
  if (rest.length === 0) {
    diagnostics.add({
      code: 'wiring/self',
      message: `stage '${first.reader}' reads itself`,
      location: excerptOf(first.edge.place),
    });
    return;
  }
  const loop = [...steps.map(({ reader }) => reader), first.reader];
  const shown =
    loop.length > longestShown ? [...loop.slice(0, longestShown - 2), '…', ...loop.slice(-1)] : loop;
  diagnostics.add({
    code: 'wiring/cycle',
    message: `stages wait for each other in a circle: ${shown.join(' <- ')}`,
    location: excerptOf(first.edge.place),
    help: 'an arrow points from what a stage reads to the stage; cut one of them',
    related: rest.slice(0, longestShown).map(({ reader, edge }) => ({
      location: excerptOf(edge.place),
      message: `'${reader}' reads '${edge.from}'`,
    })),
  });
}

const longestShown = 10;
