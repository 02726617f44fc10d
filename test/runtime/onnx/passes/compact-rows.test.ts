import { describe, expect, it } from 'vitest';
import { GraphBuilder, int, string } from '../../../../src/runtime/onnx/graph-builder.js';
import { binary, cast, expand, reshape, uniform } from '../../../../src/runtime/onnx/kernels/recording.js';
import { reduce } from '../../../../src/runtime/onnx/kernels/reductions.js';
import { compactRows } from '../../../../src/runtime/onnx/passes/compact-rows.js';
import { eliminateDeadCode } from '../../../../src/runtime/onnx/passes/eliminate-dead-code.js';
import { simplify } from '../../../../src/runtime/onnx/passes/simplify.js';
import { splitUpdates } from '../../../../src/runtime/onnx/passes/split-updates.js';
import { printGraph } from '../../../../src/runtime/onnx/print-graph.js';

/** A table of 100 rows, updated by the rows of 6 ids. */
function lookup(exposesGradient: boolean) {
  const graph = new GraphBuilder('g');
  const table = graph.input('variable:table', 'float32', [100, 4]);
  const ids = graph.input('in:ids', 'int32', [2, 3]);
  const rows = graph.input('in:rows', 'float32', [6, 4]);
  const column = cast(graph, reshape(graph, ids, [6, 1]), 'int64');
  const gradient = graph.emit({
    op: 'ScatterElements',
    inputs: [uniform(graph, 'float32', [100, 4], 0), expand(graph, column, [6, 4]), rows],
    dtype: 'float32',
    shape: [100, 4],
    attributes: { axis: int(0), reduction: string('add') },
  });
  const squares = reduce(graph, 'ReduceSum', binary(graph, 'Mul', gradient, gradient), [0, 1], false);
  const outputs = [
    { name: 'out:norm', value: squares },
    { name: 'update:table', value: binary(graph, 'Sub', table, gradient) },
    ...(exposesGradient ? [{ name: 'out:gradient', value: gradient }] : []),
  ];
  return compactRows(splitUpdates(eliminateDeadCode(simplify(graph.finish(outputs)))));
}

describe('compactRows', () => {
  it('sums the rows of a lookup into as many rows as there were ids', () => {
    const { graph, loops } = lookup(false);
    expect(printGraph(graph)).toBe(`graph g
  input in:rows: float32[6,4]
  input rows:ids: int32[6,1]
  %1: float32[6,4] = Expand(0, [6,4])
  %2: int64[6,1] = Cast($rows:ids, to=7)
  %3: int64[6,4] = Expand(%2, [6,4])
  %4: float32[6,4] = ScatterElements(%1, %3, $in:rows, axis=0, reduction=add)
  %5: float32[] = ReduceSumSquare(%4, [0,1], keepdims=0)
  output out:norm = %5
  output loop:0 = %4
`);
    expect(loops[0]?.rows).toEqual({ array: 1, input: 'in:ids', width: 4 });
  });

  it('leaves gradients alone that the graph needs whole', () => {
    const { graph, loops } = lookup(true);
    expect(printGraph(graph)).toContain('float32[100,4] = ScatterElements');
    expect(loops[0]?.rows).toBeUndefined();
  });
});
