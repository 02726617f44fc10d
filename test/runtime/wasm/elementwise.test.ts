import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arena } from '../../../src/runtime/wasm/arena.js';
import {
  compileElementwise,
  ELEMENTWISE_OPS,
  type ElementwiseOp,
  type Operand,
} from '../../../src/runtime/wasm/elementwise.js';

const { fround } = Math;

/** What each operation is in JavaScript, rounded to float32. */
const REFERENCE: Readonly<Record<ElementwiseOp, (a: number, b: number) => number>> = {
  Add: (a, b) => fround(a + b),
  Sub: (a, b) => fround(a - b),
  Mul: (a, b) => fround(a * b),
  Div: (a, b) => fround(a / b),
  Max: Math.max,
  Min: Math.min,
  Neg: (a) => -a,
  Abs: Math.abs,
  Sqrt: (a) => fround(Math.sqrt(a)),
  Reciprocal: (a) => fround(1 / a),
  Sign: Math.sign,
};

const float = fc.float({ noNaN: true });
const array = (index: number): Operand => ({ kind: 'array', index });

describe('compileElementwise', () => {
  it.each(Object.keys(ELEMENTWISE_OPS) as ElementwiseOp[])('computes %s as IEEE 754 does', (op) => {
    const arena = new Arena(4096);
    const [a, b, c] = [arena.allocate(40), arena.allocate(40), arena.allocate(40)];
    const operands = [array(0), array(1)].slice(0, ELEMENTWISE_OPS[op]);
    const run = compileElementwise(
      { arrays: 2, scalars: 0, steps: [{ op, operands }], outputs: [{ kind: 'step', index: 0 }] },
      arena.memory,
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(float, float), { maxLength: 33 }), (pairs) => {
        arena.floats(a, pairs.length).set(pairs.map(([x]) => x));
        arena.floats(b, pairs.length).set(pairs.map(([, y]) => y));
        run(pairs.length, [a, b], [], [c]);
        // + 0: which of two zeros a sign or a maximum gives is not told apart.
        const expected = pairs.map(([x, y]) => REFERENCE[op](x, y) + 0);
        expect(Array.from(arena.floats(c, pairs.length), (value) => value + 0)).toEqual(expected);
      }),
    );
  });

  it('reads all arrays of an element before it overwrites one of them, and takes scalars and constants', () => {
    const arena = new Arena(4096);
    const [a, b] = [arena.allocate(5), arena.allocate(5)];
    arena.floats(a, 5).set([1, 2, 3, 4, 5]);
    arena.floats(b, 5).set([10, 20, 30, 40, 50]);
    const run = compileElementwise(
      {
        arrays: 2,
        scalars: 1,
        steps: [
          { op: 'Mul', operands: [array(0), { kind: 'scalar', index: 0 }] },
          {
            op: 'Add',
            operands: [
              { kind: 'step', index: 0 },
              { kind: 'constant', value: 0.5 },
            ],
          },
          { op: 'Sub', operands: [array(1), array(0)] },
        ],
        outputs: [
          { kind: 'step', index: 2 },
          { kind: 'step', index: 1 },
        ],
      },
      arena.memory,
    );
    run(5, [a, b], [2], [a, b]);
    expect([...arena.floats(a, 5)]).toEqual([9, 18, 27, 36, 45]);
    expect([...arena.floats(b, 5)]).toEqual([2.5, 4.5, 6.5, 8.5, 10.5]);
  });
});

describe('Arena', () => {
  it('keeps arrays apart, with room for whole vectors behind each', () => {
    const arena = new Arena(Arena.bytesFor(5) + Arena.bytesFor(1));
    const [first, second] = [arena.allocate(5), arena.allocate(1)];
    expect(second - first).toBeGreaterThanOrEqual(32);
    expect(() => arena.allocate(1)).toThrow(RangeError);
    const [third = 0, fourth = 0] = arena.transient([5, 1]) ?? [];
    expect(third).toBeGreaterThanOrEqual(second + 4);
    expect(fourth - third).toBeGreaterThanOrEqual(32);
    expect(arena.transient([2 ** 32])).toBeUndefined();
  });

  it('says what does not fit into 32-bit addresses', () => {
    expect(Arena.canHold(1e9)).toBe(true);
    expect(Arena.canHold(2 ** 32)).toBe(false);
    expect(() => new Arena(2 ** 32)).toThrow(RangeError);
  });
});
