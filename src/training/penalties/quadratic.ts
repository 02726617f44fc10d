/**
 * Quadratic penalties that hold weights near their old values.
 *
 * EWC (Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", 2017, equation 3):
 *
 *     L(theta) = L_new(theta) + sum_i lambda / 2 F_i (theta_i - theta*_i)^2
 *
 * Several penalties are one: their curvatures lambda F add up to A, their anchors are averaged with these weights, and
 * what is left does not depend on theta. The step therefore costs the same for one penalty as for ten: per parameter
 * tensor one subtraction and two products. The gradient A (theta - anchor) is written down, not differentiated.
 */

import { UserError } from '../../artifacts/user-error.js';
import type { HostTensor, NamedHostTensors, NamedTensors } from '../../runtime/runtime.js';
import * as tf from '../../runtime/tfjs.js';

/** One penalty: the Fisher information of a task's data, and where the weights were. */
export interface QuadraticPenalty {
  /** Lambda. */
  readonly strength: number;
  /** Diagonal Fisher information by parameter name, float32, not negative. */
  readonly fisher: NamedHostTensors;
  /** Old weights by parameter name, of the same shapes. */
  readonly anchor: NamedHostTensors;
}

/** All penalties of a training, as one. */
export interface CombinedPenalty {
  /** Names of the parameters that it holds. */
  readonly parameters: readonly string[];
  /** Read-only variables of the step: curvature and anchor of each parameter. */
  readonly variables: NamedHostTensors;
  /** What the penalties add up to at the common anchor; a part of the loss without gradient. */
  readonly constant: number;
}

/**
 * Makes one penalty of several.
 *
 * Only parameters that every step can change matter: those of `trainable`, a penalty's others are left out (a frozen
 * weight stays at its value; the head of an old task does not exist in the new model). A parameter with the same name but
 * another shape is a `UserError`, and so is a penalty that shares no parameter with the model.
 */
export function combinePenalties(
  penalties: readonly QuadraticPenalty[],
  model: NamedHostTensors,
  trainable: readonly string[],
): CombinedPenalty {
  for (const penalty of penalties) requireFit(penalty, model);
  const variables: Record<string, HostTensor> = {};
  const parameters: string[] = [];
  let constant = 0;
  for (const name of trainable) {
    const parts = penalties.flatMap((penalty) => partOf(penalty, name));
    const shape = model[name]?.shape;
    if (parts.length === 0 || shape === undefined) continue;
    const { curvature, anchor, rest } = combine(parts);
    parameters.push(name);
    variables[curvatureName(name)] = { dtype: 'float32', shape, data: curvature };
    variables[anchorName(name)] = { dtype: 'float32', shape, data: anchor };
    constant += rest;
  }
  return { parameters, variables, constant };
}

/** The penalty's value and gradients inside a traced function. */
export function penaltyAndGradients(
  penalty: CombinedPenalty,
  parameters: NamedTensors,
  variables: NamedTensors,
): { readonly value: tf.Scalar; readonly gradients: Record<string, tf.Tensor> } {
  const gradients: Record<string, tf.Tensor> = {};
  const values: tf.Tensor[] = [tf.scalar(penalty.constant)];
  for (const name of penalty.parameters) {
    const distance = tf.sub(at(parameters, name), at(variables, anchorName(name)));
    const gradient = tf.mul(at(variables, curvatureName(name)), distance);
    gradients[name] = gradient;
    values.push(tf.sum(tf.mul(gradient, distance)).mul(0.5));
  }
  return { value: tf.addN(values).asScalar(), gradients };
}

/** The sum of several penalties at given weights, computed in double precision on the host. */
export function penaltyValue(penalties: readonly QuadraticPenalty[], weights: NamedHostTensors): number {
  let total = 0;
  for (const { strength, fisher, anchor } of penalties) {
    for (const [name, information] of Object.entries(fisher)) {
      const old = anchor[name];
      const now = weights[name];
      if (old === undefined || now === undefined) continue;
      for (let index = 0; index < information.data.length; index++) {
        const distance = (now.data[index] ?? 0) - (old.data[index] ?? 0);
        total += (strength / 2) * (information.data[index] ?? 0) * distance * distance;
      }
    }
  }
  return total;
}

interface Part {
  readonly strength: number;
  readonly fisher: ArrayLike<number>;
  readonly anchor: ArrayLike<number>;
}

function partOf({ strength, fisher, anchor }: QuadraticPenalty, name: string): readonly Part[] {
  const information = fisher[name];
  const old = anchor[name];
  if (information === undefined || old === undefined) return [];
  return [{ strength, fisher: information.data, anchor: old.data }];
}

function combine(parts: readonly Part[]) {
  const length = parts[0]?.fisher.length ?? 0;
  const curvature = new Float32Array(length);
  const anchor = new Float32Array(length);
  let rest = 0;
  for (let index = 0; index < length; index++) {
    let weight = 0;
    let weighted = 0;
    let square = 0;
    for (const part of parts) {
      const own = part.strength * (part.fisher[index] ?? 0);
      const old = part.anchor[index] ?? 0;
      weight += own;
      weighted += own * old;
      square += own * old * old;
    }
    curvature[index] = weight;
    // Where nothing holds the weight the anchor is of no account, but it must be a number.
    anchor[index] = weight > 0 ? weighted / weight : (parts[0]?.anchor[index] ?? 0);
    if (parts.length > 1 && weight > 0) rest += Math.max(0, square - (weighted * weighted) / weight) / 2;
  }
  return { curvature, anchor, rest };
}

function requireFit({ fisher, anchor }: QuadraticPenalty, model: NamedHostTensors): void {
  const shared = Object.keys(fisher).filter((name) => model[name] !== undefined);
  if (shared.length === 0) {
    throw new UserError({
      code: 'penalty/no-shared-parameter',
      message: 'The penalty and the model have no parameter in common.',
      found: `a penalty on ${nameSome(Object.keys(fisher))}`,
      expected: `parameters of the model: ${nameSome(Object.keys(model))}`,
      help: 'A penalty holds the weights of one architecture; estimate it with the model that training starts from.',
    });
  }
  for (const name of shared) {
    for (const [what, tensor] of [
      ['Fisher information', fisher[name]],
      ['anchor', anchor[name]],
    ] as const) {
      const expected = model[name]?.shape.join(' x ');
      const found = tensor?.shape.join(' x ') ?? 'nothing';
      if (found !== expected) {
        throw new UserError({
          code: 'penalty/shape',
          message: `The penalty's ${what} does not fit the parameter ${name} of the model.`,
          found,
          expected: String(expected),
          help: 'Estimate the penalty with the model that training starts from.',
        });
      }
    }
  }
}

function nameSome(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown || 'nothing';
}

function curvatureName(parameter: string): string {
  return `penalty_curvature/${parameter}`;
}

function anchorName(parameter: string): string {
  return `penalty_anchor/${parameter}`;
}

function at(tensors: NamedTensors, name: string): tf.Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new Error(`the penalty has no tensor '${name}'`);
  return tensor;
}
