/** Serializes models to ONNX's protobuf format. Field numbers are those of onnx.proto3. */

import { ProtobufWriter } from '../protobuf-writer.js';
import {
  ONNX_DATA_TYPES,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from './model.js';

/** The version of the intermediate representation; 9 goes with operator sets 19 and 20 and reads everything before. */
export const ONNX_IR_VERSION = 9;

/** What one protobuf message can hold; larger models need external data, which is not supported. */
const MAXIMUM_BYTES = 2 ** 31 - 1;

const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7 } as const;

/** The bytes of an `.onnx` file. Throws when the model is larger than protobuf's 2 GiB. */
export function writeOnnx(model: OnnxModel): Uint8Array {
  const writer = new ProtobufWriter();
  writer.integer(1, ONNX_IR_VERSION);
  writer.string(2, model.producerName);
  writer.message(7, (graph) => writeGraph(graph, model));
  for (const [domain, version] of Object.entries(model.opsets)) {
    writer.message(8, (opset) => {
      opset.string(1, domain);
      opset.integer(2, version);
    });
  }
  for (const [key, value] of Object.entries(model.metadata ?? {})) {
    writer.message(14, (entry) => {
      entry.string(1, key);
      entry.string(2, value);
    });
  }
  if (writer.length > MAXIMUM_BYTES) {
    throw new Error(
      `the ONNX model '${model.graphName}' has ${writer.length} bytes; one file holds ${MAXIMUM_BYTES}`,
    );
  }
  return writer.finish();
}

function writeGraph(graph: ProtobufWriter, model: OnnxModel): void {
  for (const node of model.nodes) graph.message(1, (message) => writeNode(message, node));
  graph.string(2, model.graphName);
  for (const [name, tensor] of Object.entries(model.initializers)) {
    graph.message(5, (message) => writeTensor(message, tensor, name));
  }
  for (const input of model.inputs) graph.message(11, (message) => writeValueInfo(message, input));
  for (const output of model.sequenceOutputs ?? [])
    graph.message(12, (message) => writeSequenceInfo(message, output));
  for (const output of model.outputs) graph.message(12, (message) => writeValueInfo(message, output));
}

function writeNode(message: ProtobufWriter, node: OnnxNode): void {
  for (const input of node.inputs) message.string(1, input);
  for (const output of node.outputs) message.string(2, output);
  if (node.name !== undefined) message.string(3, node.name);
  message.string(4, node.op);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    message.message(5, (nested) => writeAttribute(nested, name, attribute));
  }
  if (node.domain !== '') message.string(7, node.domain);
}

function writeAttribute(message: ProtobufWriter, name: string, attribute: OnnxAttribute): void {
  message.string(1, name);
  switch (attribute.type) {
    case 'float':
      message.float(2, attribute.value);
      break;
    case 'int':
      message.integer(3, attribute.value);
      break;
    case 'string':
      message.string(4, attribute.value);
      break;
    case 'tensor':
      message.message(5, (nested) => writeTensor(nested, attribute.value, ''));
      break;
    case 'floats':
      message.floats(7, attribute.value);
      break;
    case 'ints':
      message.integers(8, attribute.value);
      break;
  }
  message.integer(20, ATTRIBUTE_TYPE[attribute.type]);
}

function writeTensor(message: ProtobufWriter, tensor: OnnxTensor, name: string): void {
  message.integers(1, tensor.shape);
  message.integer(2, ONNX_DATA_TYPES[tensor.dtype]);
  if (name !== '') message.string(8, name);
  const { buffer, byteOffset, byteLength } = tensor.data;
  message.bytes(9, new Uint8Array(buffer, byteOffset, byteLength));
}

function writeValueInfo(message: ProtobufWriter, info: OnnxValueInfo): void {
  message.string(1, info.name);
  message.message(2, (type) => {
    type.message(1, (tensorType) => {
      tensorType.integer(1, ONNX_DATA_TYPES[info.dtype]);
      tensorType.message(2, (shape) => {
        for (const dimension of info.shape) {
          shape.message(1, (message) => {
            if (typeof dimension === 'number') message.integer(1, dimension);
            else message.string(2, dimension);
          });
        }
      });
    });
  });
}

function writeSequenceInfo(message: ProtobufWriter, { name, dtype }: Omit<OnnxValueInfo, 'shape'>): void {
  message.string(1, name);
  message.message(2, (type) => {
    type.message(4, (sequence) => {
      sequence.message(1, (element) => {
        element.message(1, (tensorType) => tensorType.integer(1, ONNX_DATA_TYPES[dtype]));
      });
    });
  });
}
