/** The stages of a run, who reads from whom, and which of them have to be looked at. */
import type { CheckedStage } from '../recipe/checked-recipe.js';
import { producersOf } from './selection.js';
import { makeNode, type NodeState, type QueuedState, type StageNode } from './stage-node.js';

/** A node that waits for resources. */
export type QueuedNode = StageNode & { readonly state: QueuedState };

/**
 * The nodes of a run. Every change of state goes through `move`, so that the stages that it concerns are looked at next, and
 * only they: a run of ten thousand cached stages would otherwise spend its time asking those that wait.
 */
export class StageGraph {
  /** In the recipe's order: every stage after those that it reads from. */
  readonly nodes: readonly StageNode[];
  private readonly byName: ReadonlyMap<string, StageNode>;
  private readonly producers = new Map<StageNode, readonly StageNode[]>();
  private readonly consumers = new Map<StageNode, StageNode[]>();
  private readonly toLookAt: IndexQueue;
  private readonly queued = new Set<StageNode>();
  private unfinished: number;

  constructor(stages: readonly CheckedStage[], forced: ReadonlySet<string>) {
    this.nodes = stages.map((stage, index) => makeNode(stage, index, forced.has(stage.name)));
    this.byName = new Map(this.nodes.map((node) => [node.stage.name, node]));
    this.unfinished = this.nodes.length;
    this.toLookAt = new IndexQueue(this.nodes.length);
    for (const node of this.nodes) {
      const producers = producersOf(node.stage).flatMap((name) => this.byName.get(name) ?? []);
      this.producers.set(node, producers);
      for (const producer of producers) {
        this.consumers.set(producer, [...(this.consumers.get(producer) ?? []), node]);
      }
      if (producers.length === 0) this.toLookAt.add(node.index);
    }
  }

  get isFinished(): boolean {
    return this.unfinished === 0;
  }

  /** Nothing is to be looked at. */
  get isQuiet(): boolean {
    return this.toLookAt.isEmpty;
  }

  /** The node of a stage. */
  find(name: string): StageNode | undefined {
    return this.byName.get(name);
  }

  /** The nodes that a node reads from. */
  producersOf(node: StageNode): readonly StageNode[] {
    return this.producers.get(node) ?? [];
  }

  /** Puts a node into another state; who may be concerned is looked at next. */
  move(node: StageNode, state: NodeState): void {
    if (node.state.state === 'ended') this.unfinished += 1;
    node.state = state;
    if (state.state === 'queued') this.queued.add(node);
    else this.queued.delete(node);
    if (state.state === 'pending') this.toLookAt.add(node.index);
    if (state.state === 'ended') {
      this.unfinished -= 1;
      for (const consumer of this.consumers.get(node) ?? []) this.toLookAt.add(consumer.index);
    }
  }

  /** The next node to look at, the first of the recipe's order; nobody asks for it again until something happens. */
  next(): StageNode | undefined {
    const index = this.toLookAt.takeFirst();
    return index === undefined ? undefined : this.nodes[index];
  }

  /** The nodes that wait for resources, in the recipe's order. */
  waitingForResources(): readonly QueuedNode[] {
    return [...this.queued].filter(isQueued).sort((a, b) => a.index - b.index);
  }
}

function isQueued(node: StageNode): node is QueuedNode {
  return node.state.state === 'queued';
}

/** Numbers below a limit, given out from the smallest on, each once however often it was added. */
class IndexQueue {
  private readonly heap: number[] = [];
  private readonly isIn: Uint8Array;

  constructor(limit: number) {
    this.isIn = new Uint8Array(limit);
  }

  get isEmpty(): boolean {
    return this.heap.length === 0;
  }

  add(index: number): void {
    if (this.isIn[index] === 1) return;
    this.isIn[index] = 1;
    const { heap } = this;
    let at = heap.push(index) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] ?? 0;
      if (above <= index) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = index;
  }

  takeFirst(): number | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return undefined;
    this.isIn[first] = 0;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const child =
        (heap[left + 1] ?? Number.POSITIVE_INFINITY) < (heap[left] ?? Number.POSITIVE_INFINITY)
          ? left + 1
          : left;
      const below = heap[child];
      if (below === undefined || below >= last) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
