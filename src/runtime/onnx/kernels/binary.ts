/** Elementwise functions of two operands that broadcast, comparisons and selection. */
import { broadcastShape, type Value } from '../graph.js';
import { type GraphBuilder, int } from '../graph-builder.js';
import type { TraceKernel } from '../kernel.js';
import { binary, cast, reshape, unary, where } from './recording.js';

const ARITHMETIC: Readonly<Record<string, string>> = {
  Add: 'Add',
  AddV2: 'Add',
  Sub: 'Sub',
  Multiply: 'Mul',
  RealDiv: 'Div',
  Maximum: 'Max',
  Minimum: 'Min',
  Pow: 'Pow',
  BitwiseAnd: 'BitwiseAnd',
};

const COMPARISON: Readonly<Record<string, string>> = {
  Equal: 'Equal',
  Greater: 'Greater',
  GreaterEqual: 'GreaterOrEqual',
  Less: 'Less',
  LessEqual: 'LessOrEqual',
};

/** All kernels of this family. */
export const BINARY_KERNELS: readonly TraceKernel[] = [
  ...Object.entries(ARITHMETIC).map(([name, op]) =>
    kernel(name, (graph, a, b) => binary(graph, op, asNumber(graph, a), asNumber(graph, b))),
  ),
  ...Object.entries(COMPARISON).map(([name, op]) =>
    kernel(name, (graph, a, b) => binary(graph, op, asNumber(graph, a), asNumber(graph, b), 'bool')),
  ),
  kernel('NotEqual', (graph, a, b) =>
    unary(graph, 'Not', binary(graph, 'Equal', asNumber(graph, a), asNumber(graph, b), 'bool')),
  ),
  kernel('LogicalAnd', (graph, a, b) => binary(graph, 'And', cast(graph, a, 'bool'), cast(graph, b, 'bool'))),
  kernel('LogicalOr', (graph, a, b) => binary(graph, 'Or', cast(graph, a, 'bool'), cast(graph, b, 'bool'))),
  kernel('SquaredDifference', (graph, a, b) => {
    const difference = binary(graph, 'Sub', a, b);
    return binary(graph, 'Mul', difference, difference);
  }),
  kernel('FloorDiv', floorDivide),
  kernel('Mod', floorModulo),
  kernel('Atan2', arcTangent2),
  {
    name: 'Prelu',
    record: (call) => {
      const x = call.input('x');
      return call.graph.emit({
        op: 'PRelu',
        inputs: [x, call.input('alpha')],
        dtype: x.dtype,
        shape: x.shape,
      });
    },
  },
  {
    name: 'AddN',
    record: (call) => {
      const [first, ...rest] = call.list();
      if (first === undefined) throw new Error('addN of no tensors');
      return rest.reduce((sum, value) => binary(call.graph, 'Add', sum, value), first);
    },
  },
  {
    name: 'Select',
    record: (call) => {
      const { graph } = call;
      const yes = call.input('t');
      const condition = cast(graph, call.input('condition'), 'bool');
      // A condition of rank 1 selects whole rows.
      const selectsRows = condition.shape.length === 1 && yes.shape.length > 1;
      const shape = [...condition.shape, ...yes.shape.slice(1).map(() => 1)];
      return where(graph, selectsRows ? reshape(graph, condition, shape) : condition, yes, call.input('e'));
    },
  },
];

function kernel(name: string, record: (graph: GraphBuilder, a: Value, b: Value) => Value): TraceKernel {
  return { name, record: (call) => record(call.graph, call.input('a'), call.input('b')) };
}

function asNumber(graph: GraphBuilder, x: Value): Value {
  return x.dtype === 'bool' ? cast(graph, x, 'int32') : x;
}

/** floor(a / b), as int32 also for floats; for integers (a - a mod b) / b, which is exact. */
function floorDivide(graph: GraphBuilder, a: Value, b: Value): Value {
  if (a.dtype === 'float32') return cast(graph, unary(graph, 'Floor', binary(graph, 'Div', a, b)), 'int32');
  return binary(graph, 'Div', binary(graph, 'Sub', a, floorModulo(graph, a, b)), b);
}

/** The remainder that has the divisor's sign. ONNX's Mod has it for integers; for floats it follows the dividend. */
function floorModulo(graph: GraphBuilder, a: Value, b: Value): Value {
  if (a.dtype !== 'float32') return binary(graph, 'Mod', a, b);
  const zero = graph.scalar('float32', 0);
  const remainder = fmod(graph, a, b);
  const sameSign = binary(
    graph,
    'Equal',
    binary(graph, 'Less', a, zero, 'bool'),
    binary(graph, 'Less', b, zero, 'bool'),
    'bool',
  );
  return where(graph, sameSign, remainder, fmod(graph, binary(graph, 'Add', remainder, b), b));
}

function fmod(graph: GraphBuilder, a: Value, b: Value): Value {
  const shape = broadcastShape(a.shape, b.shape);
  return graph.emit({ op: 'Mod', inputs: [a, b], dtype: a.dtype, shape, attributes: { fmod: int(1) } });
}

/** The angle of the point (b, a), from the arc tangent of the ratio and the signs. */
function arcTangent2(graph: GraphBuilder, a: Value, b: Value): Value {
  const zero = graph.scalar('float32', 0);
  const number = (value: number) => graph.scalar('float32', value);
  const angle = unary(graph, 'Atan', binary(graph, 'Div', a, b));
  const aPositive = binary(graph, 'Greater', a, zero, 'bool');
  const aNegative = binary(graph, 'Less', a, zero, 'bool');
  const left = binary(graph, 'Add', angle, where(graph, aNegative, number(-Math.PI), number(Math.PI)));
  const vertical = where(
    graph,
    aPositive,
    number(Math.PI / 2),
    where(graph, aNegative, number(-Math.PI / 2), zero),
  );
  const bPositive = binary(graph, 'Greater', b, zero, 'bool');
  const bNegative = binary(graph, 'Less', b, zero, 'bool');
  return where(graph, bPositive, angle, where(graph, bNegative, left, vertical));
}
