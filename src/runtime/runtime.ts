/**
 * The contract of a tensor runtime: a way to run functions written with TensorFlow.js core ops.
 *
 * Model and training code is written once, as pure functions over tensors. A runtime either traces such a function
 * into a graph and compiles it (`onnx`) or calls it eagerly (`tensorflow`, `wasm`, `cpu`). Values that live from
 * one call to the next (weights, optimizer state) are variables: they stay where the runtime computes and cross to the
 * host only when they are read.
 */
import type { Tensor } from '@tensorflow/tfjs';
import type { Identity } from './identity.js';

/** The names of the runtimes, as written in recipes. */
export type RuntimeName = 'onnx' | 'onnx-cuda' | 'onnx-webgpu' | 'tensorflow' | 'wasm' | 'cpu';

/** Element types that cross the boundary between host and runtime. */
export type DataType = 'float32' | 'int32';

/** A tensor in host memory, in row-major order. */
export type HostTensor =
  | { readonly dtype: 'float32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'int32'; readonly shape: readonly number[]; readonly data: Int32Array };

/** Shape and element type of an input. */
export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype: DataType;
}

/** Shape and element type of an input; a dimension is a size, or the name of one that each run decides. */
export interface InputSpec {
  readonly shape: readonly (number | string)[];
  readonly dtype: DataType;
}

/** Tensors by name; inside a function that is being traced or run eagerly. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** Host tensors by name. */
export type NamedHostTensors = Readonly<Record<string, HostTensor>>;

/** What variables hold at first, by name: the tensors' values, and zeros where there is only a spec. */
export type InitialValues = Readonly<Record<string, HostTensor | TensorSpec>>;

/** What a function gives back: values for the caller, and new values of variables. */
export interface FunctionResult {
  readonly outputs: NamedTensors;
  /** New values of some of the variables, same shape and dtype; they hold from the next call on. */
  readonly updates?: NamedTensors;
}

/** A pure function over tensors: the same inputs, variables and seed give the same result. */
export type TensorFunction = (inputs: NamedTensors, variables: NamedTensors) => FunctionResult;

/** Named tensors that stay in the runtime between calls: weights, optimizer state. */
export interface Variables {
  readonly specs: Readonly<Record<string, TensorSpec>>;
  /** Copies one variable to the host. */
  read(name: string): Promise<HostTensor>;
  /** Replaces one variable's value. Throws when shape or dtype differ. */
  write(name: string, value: HostTensor): void;
  /** Frees the memory. */
  dispose(): void;
}

/** A function made ready for its inputs. */
export interface CompiledFunction {
  /**
   * Runs the function once and applies its updates to the variables.
   *
   * `seed` (an unsigned 32-bit integer, default 0) decides every `randomMask` drawn inside.
   */
  run(feeds: NamedHostTensors, options?: { readonly seed?: number }): Promise<Record<string, HostTensor>>;
  dispose(): void;
}

/** How a function is compiled. */
export interface CompileOptions {
  /** A name for messages, profiles and graph dumps: 'train-step', 'forward'. */
  readonly name: string;
  /**
   * Dimensions with the same name have the same size. Functions with named dimensions draw no masks and update no
   * variables, and nothing that they do but shapes, counts and positions may depend on the sizes.
   */
  readonly inputs: Readonly<Record<string, InputSpec>>;
  /** Three different sizes above 1 of each named dimension that the function can be tried with; default: sizes up to 13. */
  readonly sizes?: Readonly<Record<string, readonly [number, number, number]>> | undefined;
  /** The variables that the function sees; all of them, by name. Several functions can share one set. */
  readonly variables: Variables;
  /**
   * Everything that decides what the function does with its inputs and variables (`identityOf`): the function is then found
   * where one of the same name and identity, for the same inputs and variables, was kept. Absent: it is traced.
   */
  readonly identity?: Identity | undefined;
}

/** One way to run tensor functions. */
export interface Runtime {
  readonly name: RuntimeName;
  /** Everything that can change a result's bytes: name, library version, threads, provider. Part of stage keys. */
  readonly fingerprint: string;
  createVariables(values: InitialValues): Variables;
  compile(fn: TensorFunction, options: CompileOptions): Promise<CompiledFunction>;
  /** Frees sessions and memory. */
  dispose(): Promise<void>;
}

/** Where compiled functions are kept from process to process. */
export interface KeptFunctionsOptions {
  /** The folder, absolute; made when there is none. Only roux's own files may be in it. */
  readonly folder: string;
  /** Tells the code that makes and compiles the functions from any other. */
  readonly code: string;
}

/** What is asked of a runtime when it is opened. */
export interface RuntimeOptions {
  /** CPU threads for one function call, at least 1. */
  readonly threads: number;
  /** Without it nothing is kept. Results are the same. */
  readonly keptFunctions?: KeptFunctionsOptions | undefined;
  /** Is told when something else computes than what was asked for. */
  readonly onFallback?: (message: string) => void;
}
