/** Elementwise functions of one operand. */
import type { Value } from '../graph.js';
import { float, type GraphBuilder } from '../graph-builder.js';
import { elementType, type TraceKernel } from '../kernel.js';
import { binary, cast, unary, uniform, where } from './recording.js';

/** Kernels that are one ONNX operation of the same type, for integers too. */
const ANY_NUMBER: Readonly<Record<string, string>> = { Abs: 'Abs', Neg: 'Neg', Sign: 'Sign' };

/** Kernels that are one ONNX operation on float32. */
const FLOAT: Readonly<Record<string, string>> = {
  Acos: 'Acos',
  Acosh: 'Acosh',
  Asin: 'Asin',
  Asinh: 'Asinh',
  Atan: 'Atan',
  Atanh: 'Atanh',
  Ceil: 'Ceil',
  Cos: 'Cos',
  Cosh: 'Cosh',
  Elu: 'Elu',
  Erf: 'Erf',
  Exp: 'Exp',
  Floor: 'Floor',
  Log: 'Log',
  Reciprocal: 'Reciprocal',
  Round: 'Round',
  Selu: 'Selu',
  Sigmoid: 'Sigmoid',
  Sin: 'Sin',
  Sinh: 'Sinh',
  Softplus: 'Softplus',
  Sqrt: 'Sqrt',
  Tan: 'Tan',
  Tanh: 'Tanh',
};

/** Below this magnitude log(1 + x) is computed with the correction for the rounding of 1 + x. */
const LOG1P_CORRECTED_BELOW = 0.5;

/** All kernels of this family. */
export const UNARY_KERNELS: readonly TraceKernel[] = [
  ...Object.entries(ANY_NUMBER).map(([name, op]) => kernel(name, (graph, x) => unary(graph, op, x))),
  ...Object.entries(FLOAT).map(([name, op]) =>
    kernel(name, (graph, x) => unary(graph, op, cast(graph, x, 'float32'))),
  ),
  kernel('Identity', (_, x) => x),
  kernel('LogicalNot', (graph, x) => unary(graph, 'Not', cast(graph, x, 'bool'))),
  kernel('Square', (graph, x) => binary(graph, 'Mul', x, x)),
  kernel('Rsqrt', (graph, x) => unary(graph, 'Reciprocal', unary(graph, 'Sqrt', cast(graph, x, 'float32')))),
  kernel('Relu', (graph, x) => unary(graph, 'Relu', x)),
  kernel('Relu6', (graph, x) => clip(graph, x, 0, 6)),
  kernel('Expm1', expm1),
  kernel('Log1p', log1p),
  kernel('IsNan', (graph, x) => unary(graph, 'IsNaN', cast(graph, x, 'float32'), 'bool')),
  kernel('IsInf', (graph, x) => unary(graph, 'IsInf', cast(graph, x, 'float32'), 'bool')),
  kernel('IsFinite', (graph, x) => {
    const number = cast(graph, x, 'float32');
    const bad = binary(
      graph,
      'Or',
      unary(graph, 'IsNaN', number, 'bool'),
      unary(graph, 'IsInf', number, 'bool'),
    );
    return unary(graph, 'Not', bad);
  }),
  {
    name: 'ClipByValue',
    record: (call) =>
      clip(call.graph, call.input('x'), call.number('clipValueMin'), call.number('clipValueMax')),
  },
  {
    name: 'Cast',
    record: (call) => cast(call.graph, call.input('x'), elementType(call.text('dtype'))),
  },
  {
    name: 'LeakyRelu',
    record: (call) => {
      const x = cast(call.graph, call.input('x'), 'float32');
      const attributes = { alpha: float(call.numberOr('alpha', 0.2)) };
      return call.graph.emit({ op: 'LeakyRelu', inputs: [x], dtype: 'float32', shape: x.shape, attributes });
    },
  },
  {
    name: 'Step',
    record: (call) => {
      const { graph } = call;
      const x = call.input('x');
      const positive = binary(graph, 'Greater', x, graph.scalar(x.dtype, 0), 'bool');
      const alpha = call.numberOr('alpha', 0);
      if (alpha === 0) return cast(graph, positive, x.dtype);
      return where(graph, positive, graph.scalar(x.dtype, 1), graph.scalar(x.dtype, alpha));
    },
  },
  {
    name: 'EluGrad', // y >= 0 ? dy : dy * (y + 1)
    record: (call) => {
      const { graph } = call;
      const y = call.input('y');
      const slope = binary(
        graph,
        'Add',
        binary(graph, 'Min', y, graph.scalar('float32', 0)),
        graph.scalar('float32', 1),
      );
      return binary(graph, 'Mul', call.input('dy'), slope);
    },
  },
  {
    name: 'ZerosLike',
    record: (call) => uniform(call.graph, call.input('x').dtype, call.input('x').shape, 0),
  },
  {
    name: 'OnesLike',
    record: (call) => uniform(call.graph, call.input('x').dtype, call.input('x').shape, 1),
  },
];

function kernel(name: string, record: (graph: GraphBuilder, x: Value) => Value): TraceKernel {
  return { name, record: (call) => record(call.graph, call.input('x')) };
}

function clip(graph: GraphBuilder, x: Value, minimum: number, maximum: number): Value {
  const inputs = [x, graph.scalar(x.dtype, minimum), graph.scalar(x.dtype, maximum)];
  return graph.emit({ op: 'Clip', inputs, dtype: x.dtype, shape: x.shape });
}

/** exp(x) - 1 = 2 sinh(x / 2) exp(x / 2), exact near 0. */
function expm1(graph: GraphBuilder, x: Value): Value {
  const half = binary(graph, 'Mul', x, graph.scalar('float32', 0.5));
  const product = binary(graph, 'Mul', unary(graph, 'Sinh', half), unary(graph, 'Exp', half));
  return binary(graph, 'Mul', product, graph.scalar('float32', 2));
}

/** log(1 + x) = log(u) x / (u - 1) with u = fl(1 + x) (Kahan; Higham, Accuracy and Stability, problem 1.5). */
function log1p(graph: GraphBuilder, x: Value): Value {
  const one = graph.scalar('float32', 1);
  const u = binary(graph, 'Add', x, one);
  const logarithm = unary(graph, 'Log', u);
  const rounded = binary(graph, 'Sub', u, one);
  const corrected = binary(graph, 'Div', binary(graph, 'Mul', logarithm, x), rounded);
  const isZero = binary(graph, 'Equal', rounded, graph.scalar('float32', 0), 'bool');
  const isSmall = binary(
    graph,
    'Less',
    unary(graph, 'Abs', x),
    graph.scalar('float32', LOG1P_CORRECTED_BELOW),
    'bool',
  );
  return where(graph, isZero, x, where(graph, isSmall, corrected, logarithm));
}
