/**
 * ONNX models as plain data: what `writeOnnx` turns into bytes.
 *
 * The subset of the ONNX intermediate representation (onnx.proto3, IR version 9) that graphs without
 * sub-graphs need: tensors, nodes with scalar or list attributes, symbolic dimensions, metadata.
 */

/** Element types of tensors, named as ONNX Runtime's JavaScript interface names them. */
export type OnnxElementType = 'float32' | 'int32' | 'int64' | 'uint8' | 'bool';

/** The numbers by which `TensorProto.DataType` names the element types. */
export const ONNX_DATA_TYPES: Readonly<Record<OnnxElementType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
};

/** Element data in row-major order; bool is one byte per element, 0 or 1. */
export type OnnxTensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** A constant tensor. */
export interface OnnxTensor {
  readonly dtype: OnnxElementType;
  readonly shape: readonly number[];
  readonly data: OnnxTensorData;
}

/** A node attribute; `int` and `float` are told apart because ONNX does. */
export type OnnxAttribute =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'tensor'; readonly value: OnnxTensor };

/** One operation. An empty input name leaves an optional input out. */
export interface OnnxNode {
  readonly name?: string;
  readonly op: string;
  /** The operator set's domain; `''` is ONNX's own. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** The type of a graph input or output; a dimension is a size or the name of one that is known at run time. */
export interface OnnxValueInfo {
  readonly name: string;
  readonly dtype: OnnxElementType;
  readonly shape: readonly (number | string)[];
}

/** A model: one graph, the operator sets it uses, and free text about it. */
export interface OnnxModel {
  readonly graphName: string;
  readonly producerName: string;
  /** Operator set versions by domain; `''` is ONNX's own. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly OnnxValueInfo[];
  /** Sequences of tensors, which come before the other outputs. */
  readonly sequenceOutputs?: readonly Omit<OnnxValueInfo, 'shape'>[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly initializers: Readonly<Record<string, OnnxTensor>>;
  /** In topological order. */
  readonly nodes: readonly OnnxNode[];
  readonly metadata?: Readonly<Record<string, string>>;
}
