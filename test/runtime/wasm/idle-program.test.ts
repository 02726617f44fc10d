import { describe, expect, it } from 'vitest';
import type { ElementwiseProgram, Operand } from '../../../src/runtime/wasm/elementwise.js';
import { idleProgram, withoutArray } from '../../../src/runtime/wasm/idle-program.js';

const array = (index: number): Operand => ({ kind: 'array', index });
const step = (index: number): Operand => ({ kind: 'step', index });
const scalar: Operand = { kind: 'scalar', index: 0 };

/** m' = m / 2 + g; w' = w * scalar - m' with arrays w, m, g. */
const momentum: ElementwiseProgram = {
  arrays: 3,
  scalars: 1,
  steps: [
    { op: 'Mul', operands: [array(1), { kind: 'constant', value: 0.5 }] },
    { op: 'Add', operands: [step(0), array(2)] },
    { op: 'Mul', operands: [array(0), scalar] },
    { op: 'Sub', operands: [step(2), step(1)] },
  ],
  outputs: [step(3), step(1)],
};

describe('idleProgram', () => {
  it('leaves the decay of weights where gradient and state are zero', () => {
    expect(idleProgram(momentum, 2, [0, 1])).toEqual({
      state: [1],
      idle: {
        program: {
          arrays: 1,
          scalars: 1,
          steps: [{ op: 'Mul', operands: [array(0), scalar] }],
          outputs: [step(0)],
        },
        arrays: [0],
        outputs: [0],
      },
    });
  });

  it('leaves nothing where weights stay as they are', () => {
    const plain: ElementwiseProgram = {
      ...momentum,
      steps: [...momentum.steps.slice(0, 2), { op: 'Sub', operands: [array(0), step(1)] }],
      outputs: [step(2), step(1)],
    };
    expect(idleProgram(plain, 2, [0, 1])?.idle.outputs).toEqual([]);
  });

  it('knows no idle rows where zeros do not stay zero', () => {
    const drifting: ElementwiseProgram = {
      arrays: 2,
      scalars: 0,
      steps: [
        { op: 'Add', operands: [array(0), { kind: 'constant', value: 1 }] },
        { op: 'Add', operands: [step(0), array(1)] },
      ],
      outputs: [step(1)],
    };
    expect(idleProgram(drifting, 1, [0])).toBeUndefined();
  });
});

describe('withoutArray', () => {
  it('puts zero where the array was read', () => {
    const { program, arrays } = withoutArray(momentum, 2);
    expect(arrays).toEqual([0, 1]);
    const added = program.steps.find(({ op }) => op === 'Add');
    expect(added?.operands[1]).toEqual({ kind: 'constant', value: 0 });
  });
});
