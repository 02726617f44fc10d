/** The random masks of a function: graph inputs that are drawn before every run. */
import * as ort from 'onnxruntime-node';
import { fillRandomMask } from '../random-mask.js';
import type { Arena } from '../wasm/arena.js';
import { compileMasks } from '../wasm/random-mask.js';
import { sizeOf } from './graph.js';
import type { MaskSite } from './trace.js';

/** Masks that can be drawn. */
export interface Masks {
  /** The feeds of a run; they hold until the next one. */
  draw(seed: number): Readonly<Record<string, ort.Tensor>>;
}

/** Gives masks memory: `addresses` in an arena, or arrays of their own. */
export function createMasks(
  sites: readonly MaskSite[],
  arena: Arena | undefined,
  addresses: readonly number[] | undefined,
): Masks {
  const sizes = sites.map(({ shape }) => sizeOf(shape));
  const memory = sizes.map((size, index) => {
    const address = addresses?.[index];
    return arena === undefined || address === undefined
      ? new Float32Array(size)
      : arena.floats(address, size);
  });
  const feeds = Object.fromEntries(
    sites.map(({ name, shape }, index) => [
      name,
      new ort.Tensor('float32', memory[index] ?? new Float32Array(), shape),
    ]),
  );
  const fill = sites.length === 0 || arena === undefined ? undefined : compileMasks(arena.memory);
  return {
    draw: (seed) => {
      sites.forEach(({ keepProbability, value, index: site }, index) => {
        const address = addresses?.[index];
        const target = memory[index];
        if (fill !== undefined && address !== undefined) {
          fill(address, sizes[index] ?? 0, { keepProbability, seed, site, value });
        } else if (target !== undefined) {
          fillRandomMask(target, keepProbability, seed, site);
          if (value !== 1)
            for (let at = 0; at < target.length; at += 1) target[at] = (target[at] ?? 0) * value;
        }
      });
      return feeds;
    },
  };
}
