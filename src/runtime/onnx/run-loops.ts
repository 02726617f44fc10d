/** The loops of a function (`passes/split-updates.ts`), bound to the memory that they work on. */
import * as ort from 'onnxruntime-node';
import type { NamedHostTensors } from '../runtime.js';
import type { Arena } from '../wasm/arena.js';
import { type Port, sizeOf } from './graph.js';
import type { OnnxVariables } from './onnx-variables.js';
import { ROW_INPUT } from './passes/compact-rows.js';
import type { UpdateLoop } from './passes/split-updates.js';
import { bindRowLoop, type DistinctIds, distinctIds } from './row-loop.js';

/** Loops that can be run. */
export interface BoundLoops {
  /** The tensors that receive what the graph computes for the loops, by name of the graph's output. */
  readonly fetches: Readonly<Record<string, ort.Tensor>>;
  /** What the graph must be fed besides the function's own inputs. */
  prepare(feeds: NamedHostTensors): Readonly<Record<string, ort.Tensor>>;
  /** Updates the variables, once the graph has been run with the same feeds. */
  run(feeds: NamedHostTensors): void;
}

/** Loops of a function that has none. */
export const NO_LOOPS: BoundLoops = { fetches: {}, prepare: () => ({}), run: () => undefined };

/** An array that loops read besides variables, and its number of elements. */
export interface LoopOperand {
  readonly name: string;
  readonly elements: number;
}

/** The arrays and numbers besides variables that loops read: inputs of the function and `outputs` of the graph. */
export function loopOperands(loops: readonly UpdateLoop[], outputs: readonly Port[]): readonly LoopOperand[] {
  const shapes = new Map(outputs.map(({ name, value }) => [name, value.shape]));
  const operands = new Map<string, number>();
  for (const { arrays, scalars, elements } of loops) {
    for (const name of arrays) operands.set(name, sizeOf(shapes.get(name) ?? [elements]));
    for (const name of scalars) operands.set(name, 1);
  }
  return [...operands]
    .filter(([name]) => !name.startsWith('variable:'))
    .map(([name, elements]) => ({ name, elements }));
}

/** Gives loops memory: `addresses` are those of their operands. `outputs` are those of the graph. */
export function bindLoops(
  loops: readonly UpdateLoop[],
  addresses: readonly number[],
  outputs: readonly Port[],
  variables: OnnxVariables,
  arena: Arena,
): BoundLoops {
  const fetches: Record<string, ort.Tensor> = {};
  const copies: ((feeds: NamedHostTensors) => void)[] = [];
  const shapes = new Map(outputs.map(({ name, value }) => [name, value.shape]));
  const placed = new Map<string, number>();
  loopOperands(loops, outputs).forEach(({ name, elements }, index) => {
    const address = addresses[index];
    if (address === undefined) throw new Error(`the operand '${name}' of a loop has no memory`);
    placed.set(name, address);
    const memory = arena.floats(address, elements);
    if (name.startsWith('in:')) copies.push((feeds) => memory.set(feedOf(feeds, name).data));
    else fetches[name] = new ort.Tensor('float32', memory, shapes.get(name) ?? [elements]);
  });
  const addressOf = (name: string): number =>
    placed.get(name) ?? variables.address(name.slice('variable:'.length));

  const distinct = new Map<string, DistinctIds>();
  const rowInputs = [...new Set(loops.flatMap(({ rows }) => (rows === undefined ? [] : [rows.input])))];
  const runs = loops.map((loop) => {
    const inputs = loop.arrays.map(addressOf);
    const written = loop.variables.map((name) => variables.address(name));
    const memory = loop.scalars.map((name) => arena.floats(addressOf(name), 1));
    const scalars = () => memory.map(([scalar = 0]) => scalar);
    const { rows } = loop;
    if (rows !== undefined) {
      const run = bindRowLoop(loop, rows, inputs, written, variables);
      return () => run(distinct.get(rows.input) ?? { ids: [], places: new Int32Array() }, scalars());
    }
    const run = variables.loop(loop.program);
    return () => {
      variables.forgetRows(loop.variables);
      run(loop.elements, inputs, scalars(), written);
    };
  });
  return {
    fetches,
    prepare: (feeds) =>
      Object.fromEntries(
        rowInputs.map((input) => {
          const found = distinctIds(feedOf(feeds, input));
          distinct.set(input, found);
          const name = ROW_INPUT + input.slice('in:'.length);
          return [name, new ort.Tensor('int32', found.places, [found.places.length, 1])];
        }),
      ),
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
