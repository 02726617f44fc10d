/** What a sweep searches: named dimensions, each a list of choices or a range of numbers. */

/** A value of a dimension: any JSON value. */
export type SpaceValue =
  | null
  | boolean
  | number
  | string
  | readonly SpaceValue[]
  | { readonly [key: string]: SpaceValue };

/** One dimension. */
export type Dimension =
  | { readonly kind: 'choice'; readonly values: readonly SpaceValue[] }
  /** Both ends are included; on a `log` scale equal ratios are equally likely, and `minimum` is above 0. */
  | {
      readonly kind: 'range';
      readonly minimum: number;
      readonly maximum: number;
      readonly scale: 'linear' | 'log';
      /** Only whole numbers. */
      readonly whole: boolean;
    };

/** Dimensions by name, in the order in which they were written. */
export type Space = Readonly<Record<string, Dimension>>;

/** A point of a space: a value for every dimension. */
export type Point = Readonly<Record<string, SpaceValue>>;
