/** Loops over tables whose gradients hold only the rows of a batch (`passes/compact-rows.ts`). */
import type { HostTensor } from '../runtime.js';
import type { ElementwiseFunction } from '../wasm/elementwise.js';
import { idleProgram, type PartialProgram, withoutArray } from '../wasm/idle-program.js';
import type { OnnxVariables } from './onnx-variables.js';
import type { CompactRows, UpdateLoop } from './passes/split-updates.js';

/** The distinct ids of a batch. */
export interface DistinctIds {
  /** In the order in which they occur first. */
  readonly ids: readonly number[];
  /** For every id of the batch its place among the distinct ones. */
  readonly places: Int32Array;
}

/** Finds the distinct ids of an input. */
export function distinctIds({ data }: HostTensor): DistinctIds {
  const known = new Map<number, number>();
  const places = new Int32Array(data.length);
  for (let index = 0; index < data.length; index += 1) {
    const id = data[index] ?? 0;
    let place = known.get(id);
    if (place === undefined) {
      place = known.size;
      known.set(id, place);
    }
    places[index] = place;
  }
  return { ids: [...known.keys()], places };
}

/**
 * A loop that does for every row only what its gradient and its state make necessary.
 *
 * Rows of the batch run the whole program. Other rows have no gradient; where they have a state (moments) that is not zero, it
 * decays and moves the weights, as in any optimizer that knows nothing of rows. Rows that never had a gradient have no
 * state: for AdamW nothing is left to do for them but the decay of weights.
 */
export function bindRowLoop(
  loop: UpdateLoop,
  { array, width }: CompactRows,
  inputs: readonly number[],
  written: readonly number[],
  variables: OnnxVariables,
): (distinct: DistinctIds, scalars: readonly number[]) => void {
  const count = loop.elements / width;
  const overwritten = loop.variables.map((name) => loop.arrays.indexOf(`variable:${name}`));
  const whole = variables.loop(loop.program);
  const part = (partial: PartialProgram) => ({ ...partial, run: variables.loop(partial.program) });
  const withoutGradient = part(withoutArray(loop.program, array));
  const found = idleProgram(loop.program, array, overwritten);
  const idle = found === undefined || found.idle.outputs.length === 0 ? undefined : part(found.idle);
  const state = found?.state.map((index) => (loop.arrays[index] ?? '').slice('variable:'.length)) ?? [];
  const isTouched = new Uint8Array(count);

  const runPart = (
    { run, arrays, outputs }: PartialProgram & { readonly run: ElementwiseFunction },
    first: number,
    end: number,
    scalars: readonly number[],
  ) => {
    const offset = first * width * 4;
    run(
      (end - first) * width,
      arrays.map((index) => (inputs[index] ?? 0) + offset),
      scalars,
      outputs.map((index) => (written[index] ?? 0) + offset),
    );
  };

  return ({ ids }, scalars) => {
    const hasState = found === undefined ? undefined : variables.rowsWithState(loop.variables, state, count);
    ids.forEach((id, place) => {
      const offset = id * width * 4;
      isTouched[id] = 1;
      whole(
        width,
        inputs.map((address, index) => address + (index === array ? place * width * 4 : offset)),
        scalars,
        written.map((address) => address + offset),
      );
    });
    for (let first = 0; first < count; ) {
      const kind = kindOf(first, isTouched, hasState);
      let end = first + 1;
      while (end < count && kindOf(end, isTouched, hasState) === kind) end += 1;
      if (kind === 'state') runPart(withoutGradient, first, end, scalars);
      else if (kind === 'idle' && idle !== undefined) runPart(idle, first, end, scalars);
      first = end;
    }
    for (const id of ids) {
      isTouched[id] = 0;
      if (hasState !== undefined) hasState[id] = 1;
    }
  };
}

function kindOf(
  row: number,
  isTouched: Uint8Array,
  hasState: Uint8Array | undefined,
): 'touched' | 'state' | 'idle' {
  if (isTouched[row] === 1) return 'touched';
  return hasState === undefined || hasState[row] === 1 ? 'state' : 'idle';
}
