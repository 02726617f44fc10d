/** What an elementwise program does where an array is zero. */
import type { ElementwiseOp, ElementwiseProgram, Operand } from './elementwise.js';

/** A program with fewer arrays and outputs, and which of the old ones they are. */
export interface PartialProgram {
  readonly program: ElementwiseProgram;
  readonly arrays: readonly number[];
  readonly outputs: readonly number[];
}

/** A program in which one array is zero everywhere. */
export function withoutArray(program: ElementwiseProgram, array: number): PartialProgram {
  const outputs = program.outputs.map((_, index) => index);
  return specialize(program, new Set([array]), outputs);
}

/**
 * What is left to do where an array is zero and so is the state, the outputs in `state`: arrays that stay zero then.
 *
 * For AdamW: nothing, or the weight's decay. `undefined` where the state does not stay zero.
 *
 * @param written for each output, the array that it overwrites.
 */
export function idleProgram(
  program: ElementwiseProgram,
  array: number,
  written: readonly number[],
): { readonly idle: PartialProgram; readonly state: readonly number[] } | undefined {
  // The largest set of arrays that stay zero: begin with those that depend on no other one, as moments do and weights
  // do not, and take away those that do not stay zero.
  let state = new Set(
    written.filter((own, index) => {
      const reads = arraysOf(program, program.outputs[index] ?? ONE);
      return own >= 0 && [...reads].every((other) => other === own || !written.includes(other));
    }),
  );
  for (;;) {
    const known = knownValues(program, new Set([array, ...state]));
    const kept = new Set(
      [...state].filter((candidate) => isZero(known(program.outputs[written.indexOf(candidate)] ?? ONE))),
    );
    if (kept.size === state.size) break;
    state = kept;
  }
  if (state.size === 0) return undefined;
  const zero = new Set([array, ...state]);
  const known = knownValues(program, zero);
  const changed = program.outputs.flatMap((output, index) => {
    const own = written[index] ?? -1;
    const result = known(output);
    const isSame = result.kind === 'array' && result.index === own;
    return state.has(own) || isSame ? [] : [index];
  });
  return { idle: specialize(program, zero, changed), state: [...state] };
}

/** The arrays that an operand is computed from. */
function arraysOf(program: ElementwiseProgram, operand: Operand): ReadonlySet<number> {
  const found = new Set<number>();
  const seen = new Set<number>();
  const visit = (current: Operand): void => {
    if (current.kind === 'array') found.add(current.index);
    if (current.kind !== 'step' || seen.has(current.index)) return;
    seen.add(current.index);
    program.steps[current.index]?.operands.forEach(visit);
  };
  visit(operand);
  return found;
}

const ZERO: Operand = { kind: 'constant', value: 0 };
const ONE: Operand = { kind: 'constant', value: 1 };

function isZero(operand: Operand | undefined): boolean {
  return operand?.kind === 'constant' && operand.value === 0;
}

/** What operands are when some arrays are zero and numbers are finite: zero, or another operand that they are equal to. */
function knownValues(program: ElementwiseProgram, zero: ReadonlySet<number>): (operand: Operand) => Operand {
  const steps: Operand[] = [];
  const known = (operand: Operand): Operand => {
    if (operand.kind === 'array') return zero.has(operand.index) ? ZERO : operand;
    return operand.kind === 'step' ? (steps[operand.index] ?? operand) : operand;
  };
  program.steps.forEach(({ op, operands }, index) => {
    const [a, b] = operands.map(known);
    steps.push(reduced(op, a, b) ?? { kind: 'step', index });
  });
  return known;
}

/** What an operation gives, where zeros decide it. */
function reduced(op: ElementwiseOp, a: Operand | undefined, b: Operand | undefined): Operand | undefined {
  switch (op) {
    case 'Mul':
      return isZero(a) || isZero(b) ? ZERO : undefined;
    case 'Div':
      return isZero(a) && !isZero(b) ? ZERO : undefined;
    case 'Add':
      return isZero(a) && isZero(b) ? ZERO : undefined;
    case 'Sub':
      return isZero(b) ? a : undefined;
    case 'Sqrt':
    case 'Neg':
    case 'Abs':
    case 'Sign':
      return isZero(a) ? ZERO : undefined;
    default:
      return undefined;
  }
}

/** Leaves out what is known, and the steps and arrays that nothing needs any more. */
function specialize(
  program: ElementwiseProgram,
  zero: ReadonlySet<number>,
  outputs: readonly number[],
): PartialProgram {
  const arrays: number[] = [];
  const steps: ElementwiseProgram['steps'][number][] = [];
  const moved = new Map<number, number>();
  const knownOf = knownValues(program, zero);
  const translate = (operand: Operand): Operand => {
    const known = knownOf(operand);
    if (known.kind === 'array') {
      const index = arrays.indexOf(known.index);
      return { kind: 'array', index: index === -1 ? arrays.push(known.index) - 1 : index };
    }
    if (known.kind !== 'step') return known;
    const done = moved.get(known.index);
    if (done !== undefined) return { kind: 'step', index: done };
    const step = program.steps[known.index];
    if (step === undefined) throw new Error('a program refers to a step that it does not have');
    const operands = step.operands.map(translate);
    const index = steps.push({ op: step.op, operands }) - 1;
    moved.set(known.index, index);
    return { kind: 'step', index };
  };
  const results = outputs.map((index) => translate(program.outputs[index] ?? ZERO));
  return {
    program: { arrays: arrays.length, scalars: program.scalars, steps, outputs: results },
    arrays,
    outputs,
  };
}
