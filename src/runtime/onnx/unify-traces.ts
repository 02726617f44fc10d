import type { OnnxTensorData } from '../../formats/onnx/model.js';
import { type Graph, type GraphNode, type NamedValue, sameShape, type Value } from './graph.js';
import { GraphBuilder, int } from './graph-builder.js';
import { cast, reshape } from './kernels/recording.js';
import {
  isConstant,
  type SizeExpression,
  type SizeSymbol,
  solveRatio,
  solveSize,
} from './size-expression.js';

/** A symbol and where its size can be read when the model runs: an axis of an input of the first trace. */
export interface BoundSymbol extends SizeSymbol {
  readonly input: Value;
  readonly axis: number;
}

/**
 * One graph for all sizes, from traces of the same function at several.
 *
 * The traces must have the same operations; what differs are constants: shapes, ends of slices, ranges, counts. Each
 * is expressed over the symbols and computed in the graph. Throws when a difference cannot be expressed.
 */
export function unifyTraces(traces: readonly Graph[], symbols: readonly BoundSymbol[]): Graph {
  const [first] = traces;
  if (first === undefined) throw new Error('no trace');
  const unifier = new Unifier(traces, first, symbols);
  return unifier.unify();
}

/** A constant operand in every trace. */
interface ConstantFamily {
  readonly values: readonly Value[];
  readonly data: readonly OnnxTensorData[];
}

class Unifier {
  private readonly builder: GraphBuilder;
  /** For each trace: the value of the first trace that stands for a value. */
  private readonly counterparts: readonly Map<Value, Value>[];
  private readonly sizes = new Map<string, Value>();

  constructor(
    private readonly traces: readonly Graph[],
    private readonly first: Graph,
    private readonly symbols: readonly BoundSymbol[],
  ) {
    this.builder = new GraphBuilder(first.name);
    this.counterparts = traces.map(
      (trace) => new Map(trace.inputs.map(({ value }, index) => [value, this.inputAt(index)])),
    );
  }

  unify(): Graph {
    for (const input of this.first.inputs) this.builder.adoptInput(input);
    if (this.traces.some((trace) => trace.nodes.length !== this.first.nodes.length)) {
      throw this.mismatch('the number of operations depends on the sizes');
    }
    this.first.nodes.forEach((node, index) => {
      const family = this.traces.map((trace) => trace.nodes[index] ?? node);
      this.appendNode(node, family);
    });
    return this.builder.finish(this.first.outputs.map((output, index) => this.output(output, index)));
  }

  /** An output that is a constant in each trace may still depend on the sizes. */
  private output({ name, value }: NamedValue, index: number): NamedValue {
    const values = this.traces.map((trace) => trace.outputs[index]?.value ?? value);
    const data = values.flatMap((other, trace) => this.traces[trace]?.constants.get(other) ?? []);
    return { name, value: data.length === values.length ? this.constant({ values, data }, name, 0) : value };
  }

  private appendNode(node: GraphNode, family: readonly GraphNode[]): void {
    const attributes = JSON.stringify(node.attributes);
    const isSame = (other: GraphNode) =>
      other.op === node.op &&
      other.inputs.length === node.inputs.length &&
      JSON.stringify(other.attributes) === attributes;
    if (!family.every(isSame)) throw this.mismatch(`the operation ${node.op} depends on the sizes`);
    const inputs = node.inputs.map((input, position) => {
      if (input === undefined) return undefined;
      const values = family.map((other) => other.inputs[position] ?? input);
      const data = values.flatMap((value, trace) => this.traces[trace]?.constants.get(value) ?? []);
      if (data.length === values.length) return this.constant({ values, data }, node.op, position);
      const fits = values.every((value, trace) => this.counterparts[trace]?.get(value) === input);
      if (!fits) throw this.mismatch(`the operands of ${node.op} depend on the sizes`);
      return input;
    });
    family.forEach((other, trace) => {
      node.outputs.forEach((output, position) => {
        const counterpart = other.outputs[position];
        if (counterpart !== undefined) this.counterparts[trace]?.set(counterpart, output);
      });
    });
    this.builder.append({ ...node, inputs });
  }

  private constant(family: ConstantFamily, user: string, position: number): Value {
    const { values, data } = family;
    const [value] = values;
    const [content] = data;
    if (value === undefined || content === undefined) throw new Error('a constant without data');
    const sameShapes = values.every((other) => sameShape(other.shape, value.shape));
    if (sameShapes && data.every((other) => sameNumbers(other, content))) {
      if (this.builder.constantData(value) === undefined) this.builder.adoptConstant(value, content);
      return value;
    }
    if (sameShapes && value.dtype === 'float32' && content.length === 1) return this.ratio(family, value);
    if (sameShapes && value.dtype !== 'float32') {
      return this.integers(family, value, user === 'Reshape' && position === 1);
    }
    return this.range(family, value, user);
  }

  /** A vector of integers, some of which depend on sizes. */
  private integers({ data }: ConstantFamily, value: Value, isTargetShape: boolean): Value {
    const length = data[0]?.length ?? 0;
    const expressions = Array.from({ length }, (_, index) =>
      this.solve(data.map((numbers) => Number(numbers[index]))),
    );
    const symbolic = expressions.flatMap((expression, index) => (isConstant(expression) ? [] : [index]));
    // One dimension of a target shape can be left to ONNX.
    const inferred = isTargetShape ? symbolic.at(-1) : undefined;
    const parts = expressions.map((expression, index) => {
      if (index === inferred) return this.builder.int64([-1]);
      return isConstant(expression)
        ? this.builder.int64([expression.factor + expression.offset])
        : this.size(expression);
    });
    return reshape(this.builder, cast(this.builder, this.concat(parts), value.dtype), value.shape);
  }

  private solve(numbers: readonly number[]): SizeExpression {
    const [first = 0] = numbers;
    if (numbers.every((number) => number === first)) {
      return { factor: first, exponents: this.symbols.map(() => 0), offset: 0 };
    }
    const expression = solveSize(numbers, this.symbols);
    if (expression === undefined) throw this.mismatch(`the numbers ${numbers.join(', ')} follow no rule`);
    return expression;
  }

  /** A float32 number that is proportional to sizes or to one over them. */
  private ratio({ data }: ConstantFamily, value: Value): Value {
    const numbers = data.map((content) => Number(content[0]));
    const expression = solveRatio(numbers, this.symbols);
    if (expression === undefined) throw this.mismatch(`the numbers ${numbers.join(', ')} follow no rule`);
    const { builder } = this;
    const shape = [1];
    let result = builder.scalar('float32', expression.factor);
    expression.exponents.forEach((exponent, index) => {
      const op = exponent < 0 ? 'Div' : 'Mul';
      for (let count = 0; count < Math.abs(exponent); count += 1) {
        const size = cast(builder, this.sizeOfSymbol(index), 'float32');
        result = builder.emit({ op, inputs: [result, size], dtype: 'float32', shape });
      }
    });
    return reshape(builder, result, value.shape);
  }

  /** Equally spaced numbers along one axis whose length depends on sizes: positions. */
  private range({ values, data }: ConstantFamily, value: Value, user: string): Value {
    const { builder } = this;
    const axis = value.shape.findIndex((dimension, index) =>
      values.some((other) => other.shape[index] !== dimension),
    );
    const isLine = value.shape.every((dimension, index) => index === axis || dimension === 1);
    const sameRank = values.every((other) => other.shape.length === value.shape.length);
    const start = Number(data[0]?.[0] ?? 0);
    const step = Number(data[0]?.[1] ?? 0) - start;
    const isProgression = data.every((content) =>
      Array.from(content, Number).every((number, index) => number === start + step * index),
    );
    if (axis === -1 || !isLine || !sameRank || !isProgression || value.dtype === 'bool') {
      throw this.mismatch(`a constant of shape [${value.shape}] that ${user} uses follows no rule`);
    }
    const length = this.size(this.solve(values.map((other) => other.shape[axis] ?? 1)));
    const count = reshape(builder, length, []);
    const indices = builder.emit({
      op: 'Range',
      inputs: [builder.scalar('int64', 0), count, builder.scalar('int64', 1)],
      dtype: 'int64',
      shape: [value.shape[axis] ?? 1],
    });
    const line = cast(builder, indices, value.dtype);
    const type = { dtype: value.dtype, shape: line.shape };
    const scaled = builder.emit({ op: 'Mul', inputs: [line, builder.scalar(value.dtype, step)], ...type });
    const shifted = builder.emit({
      op: 'Add',
      inputs: [scaled, builder.scalar(value.dtype, start)],
      ...type,
    });
    const target = builder.int64(value.shape.map((_, index) => (index === axis ? -1 : 1)));
    return builder.emit({ op: 'Reshape', inputs: [shifted, target], dtype: value.dtype, shape: value.shape });
  }

  /** An int64 vector of length 1 that holds a size. */
  private size(expression: SizeExpression): Value {
    const key = JSON.stringify(expression);
    const known = this.sizes.get(key);
    if (known !== undefined) return known;
    const { builder } = this;
    const type = { dtype: 'int64', shape: [1] } as const;
    const factors = expression.exponents.flatMap((exponent, index) =>
      Array.from({ length: exponent }, () => this.sizeOfSymbol(index)),
    );
    const all = expression.factor === 1 ? factors : [...factors, builder.int64([expression.factor])];
    const product = all.reduce((a, b) => builder.emit({ op: 'Mul', inputs: [a, b], ...type }));
    const result =
      expression.offset === 0
        ? product
        : builder.emit({ op: 'Add', inputs: [product, builder.int64([expression.offset])], ...type });
    this.sizes.set(key, result);
    return result;
  }

  private sizeOfSymbol(index: number): Value {
    const symbol = this.symbols[index];
    if (symbol === undefined) throw new Error(`no symbol ${index}`);
    const known = this.sizes.get(symbol.name);
    if (known !== undefined) return known;
    const attributes = { start: int(symbol.axis), end: int(symbol.axis + 1) };
    const size = this.builder.emit({
      op: 'Shape',
      inputs: [symbol.input],
      dtype: 'int64',
      shape: [1],
      attributes,
    });
    this.sizes.set(symbol.name, size);
    return size;
  }

  private concat(parts: readonly Value[]): Value {
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) return only;
    const attributes = { axis: int(0) };
    return this.builder.emit({
      op: 'Concat',
      inputs: parts,
      dtype: 'int64',
      shape: [parts.length],
      attributes,
    });
  }

  private inputAt(index: number): Value {
    const input = this.first.inputs[index];
    if (input === undefined) throw this.mismatch('the number of inputs depends on the sizes');
    return input.value;
  }

  private mismatch(what: string): Error {
    const names = this.symbols.map(({ name }) => name).join(', ');
    return new Error(`'${this.first.name}' cannot be made for any size of ${names}: ${what}`);
  }
}

function sameNumbers(a: OnnxTensorData, b: OnnxTensorData): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (!Object.is(a[index], b[index])) return false;
  return true;
}
