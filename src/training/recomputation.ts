/**
 * Activation recomputation (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016): the forward pass keeps what its
 * parts hand on, and the backward pass computes each part once more.
 *
 * Every part is a function of its own, forwards and backwards, so that nothing of it is in memory while another one runs.
 * In one graph ONNX Runtime kept the activations nevertheless (docs/adr/0067-activations-are-computed-again-in-parts.md).
 */

import type {
  CompiledFunction,
  HostTensor,
  NamedHostTensors,
  NamedTensors,
  Runtime,
  TensorFunction,
  TensorSpec,
  Variables,
} from '../runtime/runtime.js';
import * as tf from '../runtime/tfjs.js';
import { backward, valueAndGradients } from './gradients.js';
import type { ForwardParts } from './objective.js';
import { accumulate, lossScaleSpec, stepIdentity, type TrainStepOptions } from './train-step.js';

/**
 * Compiles forward and backward pass for batches of one shape, part by part; gradients are added to the accumulated ones. To
 * the caller it is what `compileAccumulation` gives. Dropout's masks are others than in one graph: each part draws its own.
 */
export async function compileRecomputation(
  runtime: Runtime,
  variables: Variables,
  options: TrainStepOptions,
  length: number,
  size: number,
): Promise<CompiledFunction> {
  const { objective } = options;
  const { parts } = objective;
  if (parts === undefined) throw new Error('the objective has no parts');
  const isTrained = new Set(options.trainable);
  const trained = parts.parameters.map((names) => names.filter((name) => isTrained.has(name)));
  const lowest = trained.findIndex((names) => names.length > 0);
  const last = trained.length - 1;
  const shapes = {
    inputs: objective.inputs(length, size),
    features: { shape: [size * length, parts.width], dtype: 'float32' },
  } as const;
  const compile = (name: string, fn: TensorFunction, inputs: Readonly<Record<string, TensorSpec>>) =>
    runtime.compile(fn, {
      name: `${name}-${size}x${length}`,
      inputs,
      variables,
      identity: stepIdentity(options),
    });
  const below = (part: number) => (part === 0 ? {} : { features: shapes.features });

  const forwards: CompiledFunction[] = [];
  const backwards: CompiledFunction[] = [];
  for (let part = 0; part < last; part++) {
    const fn = forwardOf(parts, part);
    forwards.push(await compile(`part-${part}`, fn, { ...shapes.inputs, ...below(part) }));
  }
  for (let part = lowest; part < last; part++) {
    const fn = backwardOf(parts, part, trained[part] ?? [], part > lowest);
    const inputs = { ...shapes.inputs, ...below(part), gradient: shapes.features };
    backwards[part] = await compile(`part-${part}-backward`, fn, inputs);
  }
  const loss = await compile('loss', lossOf(options, parts, trained[last] ?? [], last > lowest), {
    ...shapes.inputs,
    ...below(last),
    ...lossScaleSpec,
  });

  return {
    async run({ loss_scale: scale, ...feeds }, { seed = 0 } = {}) {
      if (scale === undefined) throw new Error('the loss has no scale');
      const handed: HostTensor[] = [];
      const given = (part: number): NamedHostTensors => {
        const features = handed[part - 1];
        return features === undefined ? feeds : { ...feeds, features };
      };
      for (const [part, forward] of forwards.entries()) {
        const { features } = await forward.run(given(part), { seed: seedOf(seed, part) });
        if (features === undefined) throw new Error('a part gave no features');
        handed.push(features);
      }
      const result = await loss.run({ ...given(last), loss_scale: scale }, { seed: seedOf(seed, last) });
      let { gradient } = result;
      for (let part = last - 1; part >= lowest; part--) {
        if (gradient === undefined) throw new Error('a part gave no gradient');
        const outputs = await backwards[part]?.run(
          { ...given(part), gradient },
          { seed: seedOf(seed, part) },
        );
        gradient = outputs?.gradient;
        handed.length = part;
      }
      return result.loss === undefined ? {} : { loss: result.loss };
    },
    dispose() {
      for (const fn of [...forwards, ...Object.values(backwards), loss]) fn.dispose();
    },
  };
}

/** A part draws the same masks forwards and backwards, and other ones than other parts. */
function seedOf(seed: number, part: number): number {
  return (seed + Math.imul(part, GOLDEN)) >>> 0;
}

/** 2^32 over the golden ratio: multiples of it are far apart. */
const GOLDEN = 0x9e3779b1;

function forwardOf(parts: ForwardParts, part: number): TensorFunction {
  return ({ features, ...inputs }, weights) => ({
    outputs: { features: parts.features(part, features as tf.Tensor2D | undefined, inputs, weights) },
  });
}

/** Gives the gradient of the features below, where one is asked for. */
function backwardOf(
  parts: ForwardParts,
  part: number,
  trained: readonly string[],
  handsOn: boolean,
): TensorFunction {
  return ({ features, gradient, ...inputs }, values) => {
    const { below, ...gradients } = backward(
      (tensors) =>
        parts.features(part, (tensors.below ?? features) as tf.Tensor2D | undefined, inputs, {
          ...values,
          ...tensors,
        }),
      { ...weightsNamed(values, trained), ...(handsOn ? { below: features as tf.Tensor } : {}) },
      gradient as tf.Tensor,
    );
    return {
      outputs: below === undefined ? {} : { gradient: below },
      updates: accumulate(gradients, values),
    };
  };
}

function lossOf(
  { objective }: TrainStepOptions,
  parts: ForwardParts,
  trained: readonly string[],
  handsOn: boolean,
): TensorFunction {
  return ({ features, loss_scale: scale, ...inputs }, values) => {
    const { value, gradients } = valueAndGradients(
      (tensors) => {
        const below = (tensors.below ?? features) as tf.Tensor2D;
        const logits = parts.logits(below, inputs, { ...values, ...tensors });
        return tf.mul(objective.lossSum(logits, inputs), scale as tf.Scalar);
      },
      { ...weightsNamed(values, trained), ...(handsOn ? { below: features as tf.Tensor } : {}) },
    );
    const { below, ...own } = gradients;
    return {
      outputs: { loss: value, ...(below === undefined ? {} : { gradient: below }) },
      updates: accumulate(own, values),
    };
  };
}

function weightsNamed(values: NamedTensors, names: readonly string[]): Record<string, tf.Tensor> {
  return Object.fromEntries(names.map((name) => [name, values[name] as tf.Tensor]));
}
