/** Counting parameters by the part of the model that they belong to. */
import type { Parameter } from './architecture.js';

/** A part of a model. */
export interface ParameterGroup {
  /** `embeddings`, `layers.3`, `pooler`, `classifier`, `masked-language-head`. */
  readonly name: string;
  /** Numbers in its weights. */
  readonly size: number;
  /** Those of them that training changes. */
  readonly trainable: number;
}

/** Numbers in a weight. */
export function parameterSize({ shape }: Parameter): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The groups of some parameters, in their order. */
export function parameterGroups(
  parameters: readonly Parameter[],
  frozen: ReadonlySet<string>,
): readonly ParameterGroup[] {
  const groups = new Map<string, ParameterGroup>();
  for (const parameter of parameters) {
    const { name, group } = parameter;
    const size = parameterSize(parameter);
    const sum = groups.get(group) ?? { name: group, size: 0, trainable: 0 };
    groups.set(group, {
      name: group,
      size: sum.size + size,
      trainable: sum.trainable + (frozen.has(name) ? 0 : size),
    });
  }
  return [...groups.values()];
}

/** 1234567 -> '1.23 M'. */
export function formatCount(count: number): string {
  if (count < 1000) return String(count);
  if (count < 1e6) return `${(count / 1e3).toPrecision(3)} k`;
  return `${(count / 1e6).toPrecision(3)} M`;
}
