/** `fillRandomMask` on vectors: the same bits, made eight at a time. */
import { HASH, maskKeys, maskThreshold } from '../random-mask.js';
import { FunctionWriter } from './function-writer.js';
import { instantiate, type WasmMemory } from './web-assembly.js';

/**
 * Fills float32 elements with 0 or `value`.
 *
 * @param elements how many; room is needed for a multiple of 8.
 */
export type MaskFunction = (
  address: number,
  elements: number,
  mask: {
    readonly keepProbability: number;
    readonly seed: number;
    readonly site: number;
    readonly value: number;
  },
) => void;

/** Compiles the generator of masks over a memory. */
export function compileMasks(memory: WasmMemory): MaskFunction {
  const run = instantiate(writeMasks(), memory);
  return (address, elements, { keepProbability, seed, site, value }) => {
    if (elements === 0) return;
    const [key1, key2] = maskKeys(seed, site);
    run(address, address + Math.ceil(elements / 8) * 32, maskThreshold(keepProbability), key1, key2, value);
  };
}

function writeMasks(): Uint8Array<ArrayBuffer> {
  const [address, end, threshold, key1, key2, value] = [0, 1, 2, 3, 4, 5];
  const writer = new FunctionWriter(['i32', 'i32', 'i32', 'i32', 'i32', 'f32']);
  const vector = () => writer.local('v128');
  const [thresholds, keys1, keys2, values, pairs, bits, even, odd] = [
    vector(),
    vector(),
    vector(),
    vector(),
    vector(),
    vector(),
    vector(),
    vector(),
  ];
  writer.get(threshold).op('i32x4.splat').set(thresholds);
  writer.get(key1).op('i32x4.splat').set(keys1);
  writer.get(key2).op('i32x4.splat').set(keys2);
  writer.get(value).op('f32x4.splat').set(values);
  writer.i32x4(0, 1, 2, 3).set(pairs);
  const xorShifted = (shift: number) =>
    writer.get(bits).get(bits).i32(shift).op('i32x4.shr_u', 'v128.xor').set(bits);
  const multiplied = (factor: number) => writer.i32(factor).op('i32x4.splat', 'i32x4.mul').set(bits);
  writer.doWhile(() => {
    const [shift1, shift2, shift3] = HASH.shifts;
    writer.get(pairs).get(keys1).op('v128.xor').set(bits);
    xorShifted(shift1).get(bits);
    multiplied(HASH.factors[0]);
    xorShifted(shift2).get(bits).get(keys2).op('i32x4.add');
    multiplied(HASH.factors[1]);
    xorShifted(shift3);
    writer.get(bits).i32x4(0xffff, 0xffff, 0xffff, 0xffff).op('v128.and').get(thresholds);
    writer.op('i32x4.lt_s').get(values).op('v128.and').set(even);
    writer.get(bits).i32(16).op('i32x4.shr_u').get(thresholds);
    writer.op('i32x4.lt_s').get(values).op('v128.and').set(odd);
    writer.get(address).get(even).get(odd).shuffle(interleaved(0)).store(0);
    writer.get(address).get(even).get(odd).shuffle(interleaved(2)).store(16);
    writer.get(pairs).i32x4(4, 4, 4, 4).op('i32x4.add').set(pairs);
    writer.get(address).i32(32).op('i32.add').set(address);
    writer.get(address).get(end).op('i32.lt_u');
  });
  return writer.finish();
}

/** The bytes of lanes `first` and `first + 1` of two vectors, in turn. */
function interleaved(first: number): number[] {
  return [first, first + 4, first + 1, first + 5].flatMap((lane) =>
    [0, 1, 2, 3].map((byte) => lane * 4 + byte),
  );
}
