/**
 * TensorFlow.js, loaded as the CommonJS module that it is.
 *
 * Where an ES module imports it, Node first looks through its megabytes of source for the names that it exports and for
 * the module format that they are written in, which takes longer than running it. So everything of it that roux uses is
 * named here; types come as they are.
 */
import { createRequire } from 'node:module';
import type * as tfjs from '@tensorflow/tfjs';

export type * from '@tensorflow/tfjs';

/** Classes are values and types; what is exported by name hides the type of that name. */
export type DataStorage<T> = tfjs.DataStorage<T>;
export type KernelBackend = tfjs.KernelBackend;

/** The values are those of the one instance in the process, which packages that import it see, too. */
export const {
  DataStorage,
  KernelBackend,
  add,
  addN,
  argMax,
  cast,
  concat,
  cumsum,
  customGrad,
  div,
  enableProdMode,
  engine,
  erf,
  exp,
  findBackend,
  gather,
  getKernelsForBackend,
  grads,
  keep,
  lessEqual,
  logSoftmax,
  matMul,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  oneHot,
  ones,
  pad,
  registerBackend,
  registerKernel,
  relu,
  reshape,
  rsqrt,
  scalar,
  setBackend,
  sign,
  slice,
  slice_util,
  softmax,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  tensor,
  tensor1d,
  tidy,
  transpose,
  unregisterKernel,
  util,
  valueAndGrads,
  zerosLike,
}: typeof tfjs = createRequire(import.meta.url)('@tensorflow/tfjs');
