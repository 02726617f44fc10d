/** All kernels of the tracing backend. A new one goes into the file of its family; a new family goes into this list. */
import type { TraceKernel } from '../kernel.js';
import { BINARY_KERNELS } from './binary.js';
import { CREATION_KERNELS } from './creation.js';
import { INDEXING_KERNELS } from './indexing.js';
import { MATRIX_KERNELS } from './matrices.js';
import { REDUCTION_KERNELS } from './reductions.js';
import { SHAPE_KERNELS } from './shapes.js';
import { SOFTMAX_KERNELS } from './softmax.js';
import { UNARY_KERNELS } from './unary.js';

/** Every TensorFlow.js kernel that can be traced. */
export const TRACE_KERNELS: readonly TraceKernel[] = [
  ...UNARY_KERNELS,
  ...BINARY_KERNELS,
  ...REDUCTION_KERNELS,
  ...SHAPE_KERNELS,
  ...INDEXING_KERNELS,
  ...CREATION_KERNELS,
  ...MATRIX_KERNELS,
  ...SOFTMAX_KERNELS,
];
