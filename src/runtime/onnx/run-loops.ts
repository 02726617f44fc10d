/** The loops of a function (`passes/split-updates.ts`), bound to the memory that they work on. */
import * as ort from 'onnxruntime-node';
import type { NamedHostTensors } from '../runtime.js';
import type { Arena } from '../wasm/arena.js';
import type { NamedValue } from './graph.js';
import type { OnnxVariables } from './onnx-variables.js';
import type { UpdateLoop } from './passes/split-updates.js';

/** Loops that can be run. */
export interface BoundLoops {
  /** The tensors that receive what the graph computes for the loops, by name of the graph's output. */
  readonly fetches: Readonly<Record<string, ort.Tensor>>;
  /** Updates the variables, once the graph has been run with the same feeds. */
  run(feeds: NamedHostTensors): void;
}

/** An array that loops read besides variables, and its number of elements. */
export interface LoopOperand {
  readonly name: string;
  readonly elements: number;
}

/** The arrays and numbers besides variables that loops read: inputs of the function and outputs of the graph. */
export function loopOperands(loops: readonly UpdateLoop[]): readonly LoopOperand[] {
  const operands = new Map<string, number>();
  for (const { arrays, scalars, elements } of loops) {
    for (const name of arrays) if (!name.startsWith('variable:')) operands.set(name, elements);
    for (const name of scalars) if (!name.startsWith('variable:')) operands.set(name, 1);
  }
  return [...operands].map(([name, elements]) => ({ name, elements }));
}

/** Gives loops memory: `addresses` are those of their operands. `outputs` are those of the graph. */
export function bindLoops(
  loops: readonly UpdateLoop[],
  addresses: readonly number[],
  outputs: readonly NamedValue[],
  variables: OnnxVariables,
  arena: Arena,
): BoundLoops {
  const fetches: Record<string, ort.Tensor> = {};
  const copies: ((feeds: NamedHostTensors) => void)[] = [];
  const shapes = new Map(outputs.map(({ name, value }) => [name, value.shape]));
  const placed = new Map<string, number>();
  loopOperands(loops).forEach(({ name, elements }, index) => {
    const address = addresses[index];
    if (address === undefined) throw new Error(`the operand '${name}' of a loop has no memory`);
    placed.set(name, address);
    const memory = arena.floats(address, elements);
    if (name.startsWith('in:')) copies.push((feeds) => memory.set(feedOf(feeds, name).data));
    else fetches[name] = new ort.Tensor('float32', memory, shapes.get(name) ?? [elements]);
  });
  const addressOf = (name: string): number =>
    placed.get(name) ?? variables.address(name.slice('variable:'.length));

  const runs = loops.map((loop) => {
    const run = variables.loop(loop.program);
    const inputs = loop.arrays.map(addressOf);
    const written = loop.variables.map((name) => variables.address(name));
    const scalars = loop.scalars.map((name) => arena.floats(addressOf(name), 1));
    return () =>
      run(
        loop.elements,
        inputs,
        scalars.map(([scalar = 0]) => scalar),
        written,
      );
  });
  return {
    fetches,
    run: (feeds) => {
      for (const copy of copies) copy(feeds);
      for (const run of runs) run();
    },
  };
}

function feedOf(feeds: NamedHostTensors, name: string) {
  const feed = feeds[name.slice('in:'.length)];
  if (feed === undefined) throw new Error(`no input '${name}'`);
  return feed;
}
