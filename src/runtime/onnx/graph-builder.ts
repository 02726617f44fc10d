import type { OnnxAttribute, OnnxTensorData } from '../../formats/onnx/model.js';
import {
  type Attributes,
  createValue,
  dataFrom,
  type ElementType,
  type Graph,
  type GraphNode,
  type NamedValue,
  sizeOf,
  type Value,
} from './graph.js';

/** What `GraphBuilder.emit` needs to know of an operation with one output. */
export interface Operation {
  readonly op: string;
  readonly domain?: 'com.microsoft' | undefined;
  readonly inputs: readonly (Value | undefined)[];
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly attributes?: Attributes;
}

/** Type and shape of an output. */
export interface OutputType {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
}

/** Appends inputs, constants and operations to a graph that is being made. */
export class GraphBuilder {
  private readonly inputs: NamedValue[] = [];
  private readonly constants = new Map<Value, OnnxTensorData>();
  private readonly nodes: GraphNode[] = [];
  private readonly producers = new Map<Value, GraphNode>();
  private readonly small = new Map<string, Value>();

  constructor(readonly name: string) {}

  /** A new graph input. */
  input(name: string, dtype: ElementType, shape: readonly number[]): Value {
    const value = createValue(dtype, shape);
    this.inputs.push({ name, value });
    return value;
  }

  /** Takes over an input of another graph. */
  adoptInput(input: NamedValue): void {
    this.inputs.push(input);
  }

  /** A constant; the data is kept by reference. */
  constant(dtype: ElementType, shape: readonly number[], data: OnnxTensorData): Value {
    if (data.length !== sizeOf(shape)) throw new Error(`constant [${shape}] with ${data.length} elements`);
    const value = createValue(dtype, shape);
    this.constants.set(value, data);
    return value;
  }

  /** Takes over a constant of another graph. */
  adoptConstant(value: Value, data: OnnxTensorData): void {
    this.constants.set(value, data);
  }

  /** A scalar constant; equal ones are made once. */
  scalar(dtype: ElementType, number: number): Value {
    return this.shared(dtype, [], [number]);
  }

  /** A list of int64: axes, shapes, starts; equal ones are made once. */
  int64(numbers: readonly number[]): Value {
    return this.shared('int64', [numbers.length], numbers);
  }

  /** The data of a constant, or `undefined`. */
  constantData(value: Value): OnnxTensorData | undefined {
    return this.constants.get(value);
  }

  /** The operation that makes a value; `undefined` for inputs and constants. */
  producer(value: Value): GraphNode | undefined {
    return this.producers.get(value);
  }

  /** Appends an operation with one output. */
  emit(operation: Operation): Value {
    const { op, domain, inputs, attributes } = operation;
    const [output] = this.emitMany({ op, domain, inputs, attributes }, [operation]);
    if (output === undefined) throw new Error('an operation has at least one output');
    return output;
  }

  /** Appends an operation with several outputs. */
  emitMany(
    operation: {
      readonly op: string;
      readonly domain?: 'com.microsoft' | undefined;
      readonly inputs: readonly (Value | undefined)[];
      readonly attributes?: Attributes | undefined;
    },
    outputs: readonly OutputType[],
  ): Value[] {
    const values = outputs.map(({ dtype, shape }) => createValue(dtype, shape));
    this.append({
      op: operation.op,
      domain: operation.domain ?? '',
      inputs: operation.inputs,
      outputs: values,
      attributes: operation.attributes ?? {},
    });
    return values;
  }

  /** Appends an operation as it is. */
  append(node: GraphNode): void {
    this.nodes.push(node);
    for (const output of node.outputs) this.producers.set(output, node);
  }

  /** The graph made so far, with the given outputs. */
  finish(outputs: readonly NamedValue[]): Graph {
    return {
      name: this.name,
      inputs: [...this.inputs],
      constants: new Map(this.constants),
      nodes: [...this.nodes],
      outputs: [...outputs],
    };
  }

  private shared(dtype: ElementType, shape: readonly number[], numbers: readonly number[]): Value {
    const key = `${dtype}[${shape}]${numbers.map((number) => (Object.is(number, -0) ? '-0' : number)).join()}`;
    const known = this.small.get(key);
    if (known !== undefined) return known;
    const value = this.constant(dtype, shape, dataFrom(dtype, numbers));
    this.small.set(key, value);
    return value;
  }
}

/** An integer attribute. */
export function int(value: number): OnnxAttribute {
  return { type: 'int', value };
}

/** A float attribute. */
export function float(value: number): OnnxAttribute {
  return { type: 'float', value };
}

/** An attribute that is a list of integers. */
export function ints(value: readonly number[]): OnnxAttribute {
  return { type: 'ints', value };
}

/** A string attribute. */
export function string(value: string): OnnxAttribute {
  return { type: 'string', value };
}
