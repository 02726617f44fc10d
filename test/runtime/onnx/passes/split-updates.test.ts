import { describe, expect, it } from 'vitest';
import type { Value } from '../../../../src/runtime/onnx/graph.js';
import { GraphBuilder } from '../../../../src/runtime/onnx/graph-builder.js';
import { binary, unary } from '../../../../src/runtime/onnx/kernels/recording.js';
import { reduce } from '../../../../src/runtime/onnx/kernels/reductions.js';
import { splitUpdates } from '../../../../src/runtime/onnx/passes/split-updates.js';
import { printGraph, printLoop } from '../../../../src/runtime/onnx/print-graph.js';

interface Inputs {
  readonly graph: GraphBuilder;
  readonly w: Value;
  readonly m: Value;
  readonly x: Value;
  readonly rate: Value;
}

/** What is left of a graph and the loops, as text. */
function split(build: (inputs: Inputs) => Readonly<Record<string, Value>>): string {
  const graph = new GraphBuilder('g');
  const outputs = build({
    graph,
    w: graph.input('variable:w', 'float32', [2, 3]),
    m: graph.input('variable:m', 'float32', [2, 3]),
    x: graph.input('in:x', 'float32', [2, 3]),
    rate: graph.input('in:rate', 'float32', []),
  });
  const named = Object.entries(outputs).map(([name, value]) => ({ name, value }));
  const result = splitUpdates(graph.finish(named));
  return printGraph(result.graph) + result.loops.map(printLoop).join('');
}

describe('splitUpdates', () => {
  it('takes the updates of a weight and its moment out as one loop; the graph computes the gradient', () => {
    const text = split(({ graph, w, m, x, rate }) => {
      const gradient = unary(graph, 'Exp', x);
      const moment = binary(graph, 'Add', binary(graph, 'Mul', m, graph.scalar('float32', 0.5)), gradient);
      return { 'update:w': binary(graph, 'Sub', w, binary(graph, 'Mul', moment, rate)), 'update:m': moment };
    });
    expect(text).toBe(`graph g
  input in:x: float32[2,3]
  %1: float32[2,3] = Exp($in:x)
  output loop:0 = %1
loop i < 6
  %1 = Mul($variable:m[i], 0.5)
  %2 = Add(%1, $loop:0[i])
  %3 = Mul(%2, $in:rate)
  %4 = Sub($variable:w[i], %3)
  $variable:w[i] = %4
  $variable:m[i] = %2
`);
  });

  it('puts updates that read what another one overwrites into the same loop', () => {
    const text = split(({ graph, w, m }) => ({
      'update:w': binary(graph, 'Mul', m, graph.scalar('float32', 2)),
      'update:m': binary(graph, 'Mul', w, graph.scalar('float32', 3)),
    }));
    // Two loops would read the one that was overwritten.
    expect(text).toBe(`graph g
loop i < 6
  %1 = Mul($variable:m[i], 2)
  %2 = Mul($variable:w[i], 3)
  $variable:w[i] = %1
  $variable:m[i] = %2
`);
  });

  it('leaves in the graph what is read elsewhere, too, or is not elementwise', () => {
    const text = split(({ graph, w, m, x }) => {
      const gradient = binary(graph, 'Mul', x, x);
      return {
        'out:norm': reduce(graph, 'ReduceSum', gradient, [0, 1], false),
        'update:w': binary(graph, 'Sub', w, gradient),
        'update:m': unary(graph, 'Exp', m),
      };
    });
    expect(text).toContain('%1: float32[2,3] = Mul($in:x, $in:x)');
    expect(text).toContain('output loop:0 = %1');
    expect(text).toContain('output update:m');
    expect(text).toContain('$variable:w[i] = %1');
  });
});
