/** Tensors that are made from numbers alone. */
import { elementType, type TraceKernel } from '../kernel.js';
import { uniform } from './recording.js';

/** All kernels of this family. */
export const CREATION_KERNELS: readonly TraceKernel[] = [
  {
    name: 'Fill',
    record: (call) => {
      const dtype = call.has('dtype') ? elementType(call.text('dtype')) : 'float32';
      return uniform(call.graph, dtype, call.numbers('shape'), call.number('value'));
    },
  },
  {
    name: 'Range',
    record: (call) => {
      const [start, stop, step] = [call.number('start'), call.number('stop'), call.numberOr('step', 1)];
      const length = Math.max(0, Math.ceil((stop - start) / step));
      const numbers = Array.from({ length }, (_, index) => start + index * step);
      const isFloat = !call.has('dtype') || call.text('dtype') === 'float32';
      return isFloat
        ? call.graph.constant('float32', [length], Float32Array.from(numbers))
        : call.graph.constant('int32', [length], Int32Array.from(numbers));
    },
  },
  {
    name: 'LinSpace',
    record: (call) => {
      const [start, stop, count] = [call.number('start'), call.number('stop'), call.number('num')];
      const step = count > 1 ? (stop - start) / (count - 1) : 0;
      const numbers = Float32Array.from({ length: count }, (_, index) => start + index * step);
      return call.graph.constant('float32', [count], numbers);
    },
  },
];
