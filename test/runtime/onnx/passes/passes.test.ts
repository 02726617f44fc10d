/** What every pass makes of a small graph, as printed text; that results stay equal is tested in kernels.test.ts. */
import { describe, expect, it } from 'vitest';
import type { Graph, Value } from '../../../../src/runtime/onnx/graph.js';
import { float, GraphBuilder, int } from '../../../../src/runtime/onnx/graph-builder.js';
import { matMul } from '../../../../src/runtime/onnx/kernels/matrices.js';
import { binary, cast, expand, reshape, unary } from '../../../../src/runtime/onnx/kernels/recording.js';
import { reduce } from '../../../../src/runtime/onnx/kernels/reductions.js';
import { transpose } from '../../../../src/runtime/onnx/kernels/shapes.js';
import { absorbFactors } from '../../../../src/runtime/onnx/passes/absorb-factors.js';
import { eliminateCommonSubexpressions } from '../../../../src/runtime/onnx/passes/eliminate-common-subexpressions.js';
import {
  eliminateDeadCode,
  removeUnusedInputs,
} from '../../../../src/runtime/onnx/passes/eliminate-dead-code.js';
import { foldConstants } from '../../../../src/runtime/onnx/passes/fold-constants.js';
import { fuseGelus, fuseLayerNormalizations } from '../../../../src/runtime/onnx/passes/fuse-activations.js';
import { fuseBiases, fuseMatrixProducts } from '../../../../src/runtime/onnx/passes/fuse-matrix-products.js';
import { fuseUnitVariances } from '../../../../src/runtime/onnx/passes/fuse-unit-variances.js';
import { lowerFusedProducts } from '../../../../src/runtime/onnx/passes/lower-fused-products.js';
import { separateOutputs } from '../../../../src/runtime/onnx/passes/separate-outputs.js';
import { simplify } from '../../../../src/runtime/onnx/passes/simplify.js';
import { sinkExpansions } from '../../../../src/runtime/onnx/passes/sink-expansions.js';
import { printGraph } from '../../../../src/runtime/onnx/print-graph.js';

/** The operations and outputs of a graph after a pass and the removal of what became unused. */
function rewritten(
  pass: (graph: Graph) => Graph,
  build: (graph: GraphBuilder, x: Value, y: Value) => readonly Value[],
) {
  const builder = new GraphBuilder('g');
  const x = builder.input('x', 'float32', [2, 3]);
  const y = builder.input('y', 'float32', [2, 3]);
  const outputs = build(builder, x, y).map((value, index) => ({ name: `o${index}`, value }));
  const text = printGraph(eliminateDeadCode(pass(builder.finish(outputs))));
  return text
    .split('\n')
    .slice(3)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

const number = (graph: GraphBuilder, value: number) => graph.scalar('float32', value);

describe('eliminateDeadCode', () => {
  it('removes operations that no output needs', () => {
    const lines = rewritten(
      (graph) => graph,
      (graph, x, y) => {
        binary(graph, 'Add', x, y);
        return [binary(graph, 'Mul', x, y)];
      },
    );
    expect(lines).toEqual(['%1: float32[2,3] = Mul($x, $y)', 'output o0 = %1']);
  });

  it('leaves inputs to removeUnusedInputs', () => {
    const builder = new GraphBuilder('g');
    const x = builder.input('x', 'float32', [2]);
    builder.input('y', 'float32', [2]);
    const graph = eliminateDeadCode(builder.finish([{ name: 'o', value: unary(builder, 'Exp', x) }]));
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x', 'y']);
    expect(removeUnusedInputs(graph).inputs.map(({ name }) => name)).toEqual(['x']);
  });
});

describe('eliminateCommonSubexpressions', () => {
  it('computes equal operations once, also with constants that were made apart', () => {
    const lines = rewritten(eliminateCommonSubexpressions, (graph, x) => {
      const constant = () => graph.constant('float32', [3], Float32Array.of(1, 2, 3));
      const [a, b] = [binary(graph, 'Mul', x, constant()), binary(graph, 'Mul', x, constant())];
      return [binary(graph, 'Add', unary(graph, 'Exp', a), unary(graph, 'Exp', b))];
    });
    expect(lines).toEqual([
      '%1: float32[2,3] = Mul($x, [1,2,3])',
      '%2: float32[2,3] = Exp(%1)',
      '%3: float32[2,3] = Add(%2, %2)',
      'output o0 = %3',
    ]);
  });

  it('tells operations with other attributes apart', () => {
    const lines = rewritten(eliminateCommonSubexpressions, (graph, x) => [
      reduce(graph, 'ReduceSum', x, [0], true),
      reduce(graph, 'ReduceSum', x, [0], false),
    ]);
    expect(lines.length).toBe(4);
  });
});

describe('foldConstants', () => {
  it('computes with constants beforehand, broadcasting, in float32', () => {
    const lines = rewritten(foldConstants, (graph, x) => {
      const row = graph.constant('float32', [3], Float32Array.of(1, 2, 3));
      const column = graph.constant('float32', [2, 1], Float32Array.of(10, 20));
      const table = binary(graph, 'Add', row, column);
      const factor = unary(graph, 'Sqrt', binary(graph, 'Mul', number(graph, 2), number(graph, 8)));
      return [binary(graph, 'Mul', binary(graph, 'Add', x, table), factor)];
    });
    expect(lines).toEqual([
      '%1: float32[2,3] = Add($x, [11,12,13,21,22,23])',
      '%2: float32[2,3] = Mul(%1, 4)',
      'output o0 = %2',
    ]);
  });

  it('casts, truncating towards zero', () => {
    const lines = rewritten(foldConstants, (graph) => [
      cast(graph, graph.constant('float32', [3], Float32Array.of(-1.5, 0, 2.7)), 'int32'),
    ]);
    expect(lines).toEqual(['output o0 = [-1,0,2]']);
  });
});

describe('simplify', () => {
  it.each<[string, (graph: GraphBuilder, x: Value, y: Value) => Value, string]>([
    ['x * 1', (g, x) => binary(g, 'Mul', x, number(g, 1)), 'output o0 = $x'],
    ['0 + x', (g, x) => binary(g, 'Add', number(g, 0), x), 'output o0 = $x'],
    ['x - 0', (g, x) => binary(g, 'Sub', x, number(g, 0)), 'output o0 = $x'],
    ['x / 1', (g, x) => binary(g, 'Div', x, number(g, 1)), 'output o0 = $x'],
    ['-(-x)', (g, x) => unary(g, 'Neg', unary(g, 'Neg', x)), 'output o0 = $x'],
    ['x reshaped there and back', (g, x) => reshape(g, reshape(g, x, [6]), [2, 3]), 'output o0 = $x'],
    ['x transposed twice', (g, x) => transpose(g, transpose(g, x, [1, 0]), [1, 0]), 'output o0 = $x'],
    ['x / 4', (g, x) => binary(g, 'Div', x, number(g, 4)), 'Mul($x, 0.25)'],
    ['x * 2 * 3', (g, x) => binary(g, 'Mul', binary(g, 'Mul', x, number(g, 2)), number(g, 3)), 'Mul($x, 6)'],
    ['-x * 2', (g, x) => binary(g, 'Mul', unary(g, 'Neg', x), number(g, 2)), 'Mul($x, -2)'],
    ['x + (-y)', (g, x, y) => binary(g, 'Add', x, unary(g, 'Neg', y)), 'Sub($x, $y)'],
    ['x - (-y)', (g, x, y) => binary(g, 'Sub', x, unary(g, 'Neg', y)), 'Add($x, $y)'],
    [
      'the sum of x * x',
      (g, x) => reduce(g, 'ReduceSum', binary(g, 'Mul', x, x), [1], false),
      'ReduceSumSquare($x, [1]',
    ],
  ])('rewrites %s', (_, build, expected) => {
    const lines = rewritten(simplify, (graph, x, y) => [build(graph, x, y)]);
    expect(lines.length).toBeLessThanOrEqual(2);
    expect(lines[0]).toContain(expected);
  });

  it('leaves a factor of 1 that broadcasts', () => {
    const lines = rewritten(simplify, (graph, x) => [
      binary(graph, 'Mul', x, graph.constant('float32', [1, 1, 1], Float32Array.of(1))),
    ]);
    expect(lines[0]).toContain('float32[1,2,3] = Mul');
  });

  it('leaves the sum of x * y', () => {
    const lines = rewritten(simplify, (graph, x, y) => [
      reduce(graph, 'ReduceSum', binary(graph, 'Mul', x, y), [1], false),
    ]);
    expect(lines.length).toBe(3);
  });
});

describe('sinkExpansions', () => {
  it('drops an expansion that the next operation makes anyway', () => {
    const lines = rewritten(sinkExpansions, (graph, x) => {
      const ones = expand(graph, number(graph, 1), [2, 3]);
      return [binary(graph, 'Mul', x, ones)];
    });
    expect(lines).toEqual(['%1: float32[2,3] = Mul($x, 1)', 'output o0 = %1']);
  });

  it('computes with the small operands and expands the result', () => {
    const lines = rewritten(sinkExpansions, (graph, x) => {
      const column = reduce(graph, 'ReduceSum', x, [1], true);
      const ones = expand(graph, number(graph, 0.5), [2, 3]);
      return [binary(graph, 'Add', unary(graph, 'Exp', binary(graph, 'Mul', column, ones)), x)];
    });
    expect(lines.map((line) => line.replace(/%\d+/g, '%'))).toEqual([
      '%: float32[2,1] = ReduceSum($x, [1], keepdims=1)',
      '%: float32[2,1] = Mul(%, 0.5)',
      '%: float32[2,1] = Exp(%)',
      '%: float32[2,3] = Add(%, $x)',
      'output o0 = %',
    ]);
  });
});

describe('fuseMatrixProducts and fuseBiases', () => {
  const products = (graph: Graph) => fuseBiases(eliminateDeadCode(fuseMatrixProducts(graph)));

  it('take transposes and factors of operands and result into the product', () => {
    const lines = rewritten(products, (graph, x, y) => {
      const left = transpose(graph, binary(graph, 'Mul', x, number(graph, 3)), [1, 0]);
      return [binary(graph, 'Mul', matMul(graph, left, y), number(graph, 0.5))];
    });
    expect(lines.at(-2)).toMatch(/FusedMatMul\(.*transA=1, transB=0, alpha=/);
    expect(lines.filter((line) => line.includes('Transpose'))).toEqual([]);
  });

  it('leave a product alone whose unscaled result is used, too', () => {
    const lines = rewritten(products, (graph, x, y) => {
      const product = matMul(graph, x, y, { transposeB: true });
      return [binary(graph, 'Mul', product, number(graph, 0.5)), product];
    });
    expect(lines.filter((line) => line.includes('Mul('))).toHaveLength(2);
  });

  it('make Gemm of a product and a bias', () => {
    const lines = rewritten(products, (graph, x, y) => {
      const bias = graph.constant('float32', [2], Float32Array.of(1, 2));
      return [binary(graph, 'Add', matMul(graph, x, y, { transposeB: true }), bias)];
    });
    expect(lines).toEqual([
      '%1: float32[2,2] = Gemm($x, $y, [1,2], alpha=1, beta=1, transA=0, transB=1)',
      'output o0 = %1',
    ]);
  });

  it('move a reshape behind the bias', () => {
    const lines = rewritten(products, (graph, x, y) => {
      const bias = graph.constant('float32', [2], Float32Array.of(1, 2));
      const product = reshape(graph, matMul(graph, x, y, { transposeB: true }), [1, 2, 2]);
      return [binary(graph, 'Add', bias, product)];
    });
    expect(lines[0]).toContain('Gemm($x, $y, [1,2]');
    expect(lines[1]).toContain('float32[1,2,2] = Reshape');
  });

  it('can be undone for runtimes that do not know FusedMatMul', () => {
    const lines = rewritten(lowerFusedProducts, (graph, x, y) => [
      matMul(graph, x, y, { transposeB: true, alpha: 0.5 }),
    ]);
    expect(lines.map((line) => line.replace(/%\d+/g, '%'))).toEqual([
      '%: float32[3,2] = Transpose($y, perm=[1,0])',
      '%: float32[2,2] = MatMul($x, %)',
      '%: float32[2,2] = Mul(%, 0.5)',
      'output o0 = %',
    ]);
  });
});

describe('fuseLayerNormalizations', () => {
  function normalize(graph: GraphBuilder, x: Value) {
    const vector = (...numbers: number[]) => graph.constant('float32', [3], Float32Array.from(numbers));
    const centered = binary(graph, 'Sub', x, reduce(graph, 'ReduceMean', x, [1], true));
    const variance = reduce(graph, 'ReduceMean', binary(graph, 'Mul', centered, centered), [1], true);
    const deviation = unary(graph, 'Sqrt', binary(graph, 'Add', variance, number(graph, 0.5)));
    const unit = binary(graph, 'Mul', centered, unary(graph, 'Reciprocal', deviation));
    return {
      unit,
      result: binary(graph, 'Add', binary(graph, 'Mul', unit, vector(1, 2, 3)), vector(4, 5, 6)),
    };
  }

  it('makes one operation of a forward pass', () => {
    const lines = rewritten(fuseLayerNormalizations, (graph, x) => [normalize(graph, x).result]);
    expect(lines).toEqual([
      '%1: float32[2,3] = LayerNormalization($x, [1,2,3], [4,5,6], axis=-1, epsilon=0.5)',
      'output o0 = %1',
    ]);
  });

  it('leaves what a backward pass uses, too', () => {
    const lines = rewritten(fuseLayerNormalizations, (graph, x) => {
      const { unit, result } = normalize(graph, x);
      return [result, unit];
    });
    expect(lines.join()).not.toContain('LayerNormalization');
  });
});

describe('fuseGelus', () => {
  const erfPlusOne = (graph: GraphBuilder, x: Value) =>
    binary(
      graph,
      'Add',
      unary(graph, 'Erf', binary(graph, 'Mul', x, number(graph, Math.SQRT1_2))),
      number(graph, 1),
    );

  it.each<[string, (graph: GraphBuilder, x: Value) => Value]>([
    [
      'x * ((erf + 1) / 2)',
      (g, x) => binary(g, 'Mul', x, binary(g, 'Mul', erfPlusOne(g, x), number(g, 0.5))),
    ],
    [
      '(x / 2) * (erf + 1)',
      (g, x) => binary(g, 'Mul', binary(g, 'Mul', x, number(g, 0.5)), erfPlusOne(g, x)),
    ],
  ])('makes one operation of %s', (_, build) => {
    const lines = rewritten(fuseGelus, (graph, x) => [build(graph, x)]);
    expect(lines).toEqual(['%1: float32[2,3] = com.microsoft.Gelu($x)', 'output o0 = %1']);
  });

  it('leaves products of other operands', () => {
    const lines = rewritten(fuseGelus, (graph, x, y) => [
      binary(graph, 'Mul', y, binary(graph, 'Mul', erfPlusOne(graph, x), number(graph, 0.5))),
    ]);
    expect(lines.join()).not.toContain('Gelu');
  });
});

describe('separateOutputs', () => {
  it('copies outputs that are inputs, constants, or the same as another output', () => {
    const lines = rewritten(separateOutputs, (graph, x) => {
      const sum = binary(graph, 'Add', x, x);
      return [x, number(graph, 2), sum, sum];
    });
    expect(lines.filter((line) => line.includes('Identity'))).toHaveLength(3);
    const outputs = lines.filter((line) => line.startsWith('output')).map((line) => line.split(' = ')[1]);
    expect(new Set(outputs).size).toBe(4);
  });
});

describe('fuseUnitVariances', () => {
  it('makes what the backward pass of layer normalization reuses in one operation', () => {
    const builder = new GraphBuilder('g');
    const x = builder.input('x', 'float32', [2, 3]);
    const centered = binary(builder, 'Sub', x, reduce(builder, 'ReduceMean', x, [1], true));
    const variance = reduce(builder, 'ReduceMean', binary(builder, 'Mul', centered, centered), [1], true);
    const sum = binary(builder, 'Add', variance, number(builder, 0.5));
    const inverse = unary(builder, 'Reciprocal', unary(builder, 'Sqrt', sum));
    const unit = binary(builder, 'Mul', centered, inverse);
    const outputs = [
      { name: 'inverse', value: unary(builder, 'Neg', inverse) },
      { name: 'unit', value: unary(builder, 'Neg', unit) },
    ];
    const text = printGraph(eliminateDeadCode(fuseUnitVariances(builder.finish(outputs))));
    expect(text).toBe(`graph g
  input x: float32[2,3]
  %1: float32[2,3], %2: float32[2,1], %3: float32[2,1] = LayerNormalization($x, [1,1,1], axis=-1, epsilon=0.5)
  %4: float32[2,1] = Neg(%3)
  %5: float32[2,3] = Neg(%1)
  output inverse = %4
  output unit = %5
`);
  });
});

describe('absorbFactors', () => {
  it('takes factors of operands into matrix products, also those with a bias', () => {
    const lines = rewritten(absorbFactors, (graph, x, y) => {
      const scaled = binary(graph, 'Mul', x, number(graph, 0.5));
      const attributes = { alpha: float(2), beta: float(1), transA: int(0), transB: int(1) };
      const inputs = [scaled, y, graph.constant('float32', [2], Float32Array.of(1, 2))];
      return [graph.emit({ op: 'Gemm', inputs, dtype: 'float32', shape: [2, 2], attributes })];
    });
    expect(lines).toEqual([
      '%1: float32[2,2] = Gemm($x, $y, [1,2], alpha=1, beta=1, transA=0, transB=1)',
      'output o0 = %1',
    ]);
  });

  it('moves factors out of products and behind sums', () => {
    const lines = rewritten(absorbFactors, (graph, x, y) => [
      reduce(
        graph,
        'ReduceSum',
        binary(graph, 'Mul', binary(graph, 'Mul', x, y), number(graph, 0.5)),
        [0],
        false,
      ),
      binary(graph, 'Mul', x, binary(graph, 'Mul', unary(graph, 'Exp', y), number(graph, 0.25))),
    ]);
    expect(lines).toEqual([
      '%1: float32[2,3] = Mul($x, $y)',
      '%2: float32[3] = ReduceSum(%1, [0], keepdims=0)',
      '%3: float32[3] = Mul(%2, 0.5)',
      '%4: float32[2,3] = Exp($y)',
      '%5: float32[2,3] = Mul($x, %4)',
      '%6: float32[2,3] = Mul(%5, 0.25)',
      'output o0 = %3',
      'output o1 = %6',
    ]);
  });
});
