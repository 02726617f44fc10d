/** The tiny models and examples of test/reference/tiny_bert.py. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TokenSplit } from '../../src/artifacts/tokens.js';
import { JsonFields } from '../../src/formats/json.js';
import { readSafetensors, toFloat32 } from '../../src/formats/safetensors.js';
import type { Architecture } from '../../src/models/architecture.js';
import { createArchitecture } from '../../src/models/families.js';
import type { HostTensor, NamedHostTensors } from '../../src/runtime/runtime.js';
import type { BatchPlan } from '../../src/training/batches.js';
import { collate, exampleLengths } from '../../src/training/collate.js';
import type { ObjectiveData } from '../../src/training/objective.js';

export interface TinyExample {
  readonly ids: readonly number[];
  readonly types: readonly number[];
  readonly label?: number;
}

export interface MaskedTinyExample extends TinyExample {
  readonly positions: readonly number[];
  readonly labels: readonly number[];
}

export async function tinyModel(
  name: 'tiny-classifier' | 'tiny-masked-language-model',
): Promise<{ readonly architecture: Architecture; readonly weights: NamedHostTensors }> {
  const folder = fileURLToPath(new URL(`../fixtures/training/${name}/`, import.meta.url));
  const config: object = JSON.parse(readFileSync(`${folder}config.json`, 'utf8'));
  const architecture = createArchitecture(new JsonFields(config, 'config.json'));
  const weights: Record<string, HostTensor> = {};
  for (const [stored, tensor] of await readSafetensors(`${folder}model.safetensors`)) {
    const parameter = architecture.parameterName(stored);
    if (parameter === null) continue;
    weights[parameter] = { dtype: 'float32', shape: tensor.shape, data: toFloat32(tensor, stored) };
  }
  return { architecture, weights };
}

export function tokenSplit(examples: readonly TinyExample[]): TokenSplit {
  const offsets = [0];
  for (const { ids } of examples) offsets.push((offsets.at(-1) ?? 0) + ids.length);
  return {
    split: 'train',
    examples: examples.length,
    inputIds: Int32Array.from(examples.flatMap(({ ids }) => ids)),
    tokenTypeIds: Uint8Array.from(examples.flatMap(({ types }) => types)),
    offsets: Int32Array.from(offsets),
    labels: examples.some(({ label }) => label !== undefined)
      ? Int32Array.from(examples, ({ label }) => label ?? -100)
      : null,
    rows: Int32Array.from(examples, (_, row) => row),
  };
}

/** Examples whose masks are given instead of drawn; `capacity` as the objective declares it. */
export function givenMasks(
  examples: readonly MaskedTinyExample[],
  capacity: (length: number, size: number) => number,
): ObjectiveData {
  const split = tokenSplit(examples);
  return {
    lengths: exampleLengths(split),
    batch(plan: BatchPlan) {
      const { inputs, tokens } = collate(split, plan, 0);
      const places = capacity(plan.length, plan.size);
      const positions = new Int32Array(places);
      const labels = new Int32Array(places);
      const weights = new Float32Array(places);
      let used = 0;
      plan.examples.forEach((example, row) => {
        examples[example]?.positions.forEach((position, index) => {
          positions[used] = row * plan.length + position;
          labels[used] = examples[example]?.labels[index] ?? 0;
          weights[used++] = 1;
        });
      });
      return {
        feeds: {
          ...inputs,
          masked_positions: { dtype: 'int32', shape: [places], data: positions },
          masked_labels: { dtype: 'int32', shape: [places], data: labels },
          masked_weights: { dtype: 'float32', shape: [places], data: weights },
        },
        weight: used,
        tokens,
      };
    },
    startEvaluation: () => {
      throw new Error('not evaluated');
    },
  };
}
