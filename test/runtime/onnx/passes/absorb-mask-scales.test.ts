import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../../src/runtime/onnx/graph-builder.js';
import { binary } from '../../../../src/runtime/onnx/kernels/recording.js';
import { absorbMaskScales } from '../../../../src/runtime/onnx/passes/absorb-mask-scales.js';
import { printGraph } from '../../../../src/runtime/onnx/print-graph.js';

describe('absorbMaskScales', () => {
  const site = { name: 'mask:0', index: 0, shape: [4], keepProbability: 0.5, value: 1 };

  it('draws masks of 0 and the constant that they are multiplied by', () => {
    const graph = new GraphBuilder('g');
    const x = graph.input('in:x', 'float32', [4]);
    const mask = graph.input('mask:0', 'float32', [4]);
    const scaled = binary(graph, 'Mul', mask, graph.scalar('float32', 2));
    const outputs = [{ name: 'out:y', value: binary(graph, 'Mul', x, scaled) }];
    const result = absorbMaskScales(graph.finish(outputs), [site]);
    expect(printGraph(result.graph)).toBe(`graph g
  input in:x: float32[4]
  input mask:0: float32[4]
  %1: float32[4] = Mul($in:x, $mask:0)
  output out:y = %1
`);
    expect(result.maskSites).toEqual([{ ...site, value: 2 }]);
  });

  it('leaves masks alone that are also used as they are', () => {
    const graph = new GraphBuilder('g');
    const mask = graph.input('mask:0', 'float32', [4]);
    const scaled = binary(graph, 'Mul', mask, graph.scalar('float32', 2));
    const finished = graph.finish([{ name: 'out:y', value: binary(graph, 'Add', mask, scaled) }]);
    const result = absorbMaskScales(finished, [site]);
    expect(printGraph(result.graph)).toBe(printGraph(finished));
    expect(result.maskSites).toEqual([site]);
  });
});
