/**
 * Elementwise programs as one loop: every array is read once and every result written once, whatever lies in between.
 *
 * ONNX Runtime runs elementwise operations one by one, each a pass over memory. An optimizer's update is a dozen of them
 * over all weights.
 */
import { FunctionWriter, type WasmInstruction, type WasmType } from './function-writer.js';
import { instantiate, type WasmMemory } from './web-assembly.js';

/** The operations, by the names that ONNX gives them. */
export const ELEMENTWISE_OPS = {
  Add: 2,
  Sub: 2,
  Mul: 2,
  Div: 2,
  Max: 2,
  Min: 2,
  Neg: 1,
  Abs: 1,
  Sqrt: 1,
  Reciprocal: 1,
  Sign: 1,
} as const;

/** The name of an operation. */
export type ElementwiseOp = keyof typeof ELEMENTWISE_OPS;

/** An operand: an input array, an input number, a number known beforehand, or the result of an earlier step. */
export type Operand =
  | { readonly kind: 'array' | 'scalar' | 'step'; readonly index: number }
  | { readonly kind: 'constant'; readonly value: number };

/** What is done with each element. */
export interface ElementwiseProgram {
  /** Number of input arrays. */
  readonly arrays: number;
  /** Number of input numbers. */
  readonly scalars: number;
  readonly steps: readonly { readonly op: ElementwiseOp; readonly operands: readonly Operand[] }[];
  /** What is written to each output array. */
  readonly outputs: readonly Operand[];
}

/** True for operations that programs can have. */
export function isElementwiseOp(op: string): op is ElementwiseOp {
  return Object.hasOwn(ELEMENTWISE_OPS, op);
}

/**
 * Runs a program.
 *
 * @param elements how many; they are worked on in groups of 4, so arrays need room for a multiple of 4.
 * @param inputs addresses of the input arrays; an output may be the same array as an input.
 * @param outputs addresses of the output arrays.
 */
export type ElementwiseFunction = (
  elements: number,
  inputs: readonly number[],
  scalars: readonly number[],
  outputs: readonly number[],
) => void;

/** Compiles a program over a memory. Results are those of IEEE 754 single precision, operation by operation. */
export function compileElementwise(program: ElementwiseProgram, memory: WasmMemory): ElementwiseFunction {
  const run = instantiate(writeElementwise(program), memory);
  return (elements, inputs, scalars, outputs) => {
    if (elements > 0) run(Math.ceil(elements / 4) * 16, ...inputs, ...scalars, ...outputs);
  };
}

function writeElementwise({ arrays, scalars, steps, outputs }: ElementwiseProgram): Uint8Array<ArrayBuffer> {
  const repeat = (count: number, type: WasmType) => Array.from({ length: count }, () => type);
  const writer = new FunctionWriter([
    'i32',
    ...repeat(arrays, 'i32'),
    ...repeat(scalars, 'f32'),
    ...repeat(outputs.length, 'i32'),
  ]);
  const [end, firstArray, firstScalar, firstOutput] = [0, 1, 1 + arrays, 1 + arrays + scalars];
  const offset = writer.local('i32');
  const values = {
    array: Array.from({ length: arrays }, () => writer.local('v128')),
    scalar: Array.from({ length: scalars }, () => writer.local('v128')),
    step: steps.map(() => writer.local('v128')),
  };
  const constants = new Map<number, number>();
  const push = (operand: Operand) => {
    const local =
      operand.kind === 'constant' ? constants.get(operand.value) : values[operand.kind][operand.index];
    if (local === undefined) throw new Error(`an elementwise program has no ${operand.kind} like that`);
    writer.get(local);
  };
  for (const operand of [...steps.flatMap((step) => step.operands), ...outputs]) {
    if (operand.kind !== 'constant' || constants.has(operand.value)) continue;
    const local = writer.local('v128');
    constants.set(operand.value, local);
    writer.f32(operand.value).op('f32x4.splat').set(local);
  }
  values.scalar.forEach((local, index) => {
    writer
      .get(firstScalar + index)
      .op('f32x4.splat')
      .set(local);
  });
  writer.doWhile(() => {
    values.array.forEach((local, index) => {
      writer
        .get(firstArray + index)
        .get(offset)
        .op('i32.add')
        .load()
        .set(local);
    });
    steps.forEach(({ op, operands }, index) => {
      writeStep(writer, op, operands, push);
      writer.set(values.step[index] ?? 0);
    });
    outputs.forEach((operand, index) => {
      writer
        .get(firstOutput + index)
        .get(offset)
        .op('i32.add');
      push(operand);
      writer.store();
    });
    writer.get(offset).i32(16).op('i32.add').set(offset);
    writer.get(offset).get(end).op('i32.lt_u');
  });
  return writer.finish();
}

const INSTRUCTIONS: Readonly<Record<Exclude<ElementwiseOp, 'Reciprocal' | 'Sign'>, WasmInstruction>> = {
  Add: 'f32x4.add',
  Sub: 'f32x4.sub',
  Mul: 'f32x4.mul',
  Div: 'f32x4.div',
  Max: 'f32x4.max',
  Min: 'f32x4.min',
  Neg: 'f32x4.neg',
  Abs: 'f32x4.abs',
  Sqrt: 'f32x4.sqrt',
};

function writeStep(
  writer: FunctionWriter,
  op: ElementwiseOp,
  operands: readonly Operand[],
  push: (operand: Operand) => void,
): void {
  if (operands.length !== ELEMENTWISE_OPS[op]) throw new Error(`${op} with ${operands.length} operands`);
  const one = () => writer.f32(1).op('f32x4.splat');
  if (op === 'Reciprocal') one();
  for (const operand of operands) push(operand);
  if (op === 'Reciprocal') writer.op('f32x4.div');
  else if (op === 'Sign') {
    // Where x > 0 the bits of 1, where x < 0 those of -1, else those of 0.
    const zero = () => writer.i32x4(0, 0, 0, 0);
    zero();
    writer.op('f32x4.gt');
    one().op('v128.and');
    for (const operand of operands) push(operand);
    zero();
    writer.op('f32x4.lt');
    one().op('f32x4.neg', 'v128.and', 'v128.or');
  } else writer.op(INSTRUCTIONS[op]);
}
