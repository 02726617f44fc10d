/** Sizes of a traced graph as expressions over named dimensions. */

/** A dimension whose size is known only when a model runs, and its size in each trace. */
export interface SizeSymbol {
  readonly name: string;
  readonly sizes: readonly number[];
}

/** `factor * symbol1^exponent1 * symbol2^exponent2 * ... + offset`. */
export interface SizeExpression {
  readonly factor: number;
  /** One for each symbol. */
  readonly exponents: readonly number[];
  readonly offset: number;
}

/** Offsets that are tried, nearest first: slices often leave out the first or the last element. */
const OFFSETS = [0, -1, 1, -2, 2] as const;

/** A factor may differ by this much between traces, for factors that are float32 numbers. */
const FLOAT_TOLERANCE = 1e-6;

/** The simplest expression that gives the integers found in the traces, or `undefined`. */
export function solveSize(
  numbers: readonly number[],
  symbols: readonly SizeSymbol[],
): SizeExpression | undefined {
  for (const offset of OFFSETS) {
    for (const exponents of exponentsUpTo(symbols.length, 0, 2)) {
      const factors = numbers.map((number, trace) => (number - offset) / monomial(symbols, exponents, trace));
      const [factor = 0] = factors;
      if (Number.isInteger(factor) && factor > 0 && factors.every((other) => other === factor)) {
        return { factor, exponents, offset };
      }
    }
  }
  return undefined;
}

/** The same for float32 numbers, with negative powers (one over a count) and without offsets. */
export function solveRatio(
  numbers: readonly number[],
  symbols: readonly SizeSymbol[],
): SizeExpression | undefined {
  for (const exponents of exponentsUpTo(symbols.length, -1, 2)) {
    const factors = numbers.map((number, trace) => number / monomial(symbols, exponents, trace));
    const [factor = 0] = factors;
    if (factors.every((other) => Math.abs(other - factor) <= FLOAT_TOLERANCE * Math.abs(factor))) {
      return { factor, exponents, offset: 0 };
    }
  }
  return undefined;
}

/** True when an expression does not depend on any symbol. */
export function isConstant({ exponents }: SizeExpression): boolean {
  return exponents.every((exponent) => exponent === 0);
}

/** An expression as the name of a dimension: `batch`, `2*batch*sequence`. */
export function printSize(
  { factor, exponents, offset }: SizeExpression,
  symbols: readonly SizeSymbol[],
): string {
  const parts = symbols.flatMap(({ name }, index) =>
    Array.from({ length: exponents[index] ?? 0 }, () => name),
  );
  const product = (factor === 1 && parts.length > 0 ? parts : [String(factor), ...parts]).join('*');
  return offset === 0 ? product : `${product}${offset < 0 ? '-' : '+'}${Math.abs(offset)}`;
}

function monomial(symbols: readonly SizeSymbol[], exponents: readonly number[], trace: number): number {
  return symbols.reduce(
    (product, { sizes }, index) => product * (sizes[trace] ?? 1) ** (exponents[index] ?? 0),
    1,
  );
}

/** All lists of exponents, those with the smallest sum of magnitudes first. */
function exponentsUpTo(length: number, lowest: number, highest: number): readonly (readonly number[])[] {
  let lists: readonly (readonly number[])[] = [[]];
  for (let index = 0; index < length; index += 1) {
    lists = lists.flatMap((list) =>
      Array.from({ length: highest - lowest + 1 }, (_, exponent) => [...list, lowest + exponent]),
    );
  }
  const weight = (list: readonly number[]) => list.reduce((sum, exponent) => sum + Math.abs(exponent), 0);
  return lists.toSorted((a, b) => weight(a) - weight(b));
}
