/**
 * The counterfactual half of a bias audit: from texts to variants, and from their probabilities to measures.
 */
import type { Random } from '../data/random.js';
import type { BootstrapOptions } from '../metrics/bootstrap.js';
import { mostProbable } from '../metrics/most-probable.js';
import {
  type CounterfactualMetrics,
  type CounterfactualPrediction,
  counterfactualMetrics,
} from './counterfactual.js';
import { createTermSwapper, type Replacement, type SwapVariant } from './swap-terms.js';
import type { SwapList } from './term-lists.js';

/** A text to classify. */
export interface AuditText {
  readonly text: string;
  /** The second text of a pair. */
  readonly textPair?: string | undefined;
}

/** A text that is audited. */
export interface AuditExample extends AuditText {
  readonly id: string;
  /** The true class; examples without one do not enter group metrics. */
  readonly label?: number | undefined;
  /** Values of the columns that are compared. */
  readonly columns?: Readonly<Record<string, string | number | boolean | null>> | undefined;
}

/** Term lists that are swapped together in one variant. */
export interface SwapGroup {
  readonly name: string;
  readonly lists: readonly SwapList[];
}

/** A variant that changed the prediction most, with its texts. */
export interface WorstExample {
  readonly id: string;
  readonly text: string;
  readonly textPair?: string;
  readonly changedText: string;
  readonly changedTextPair?: string;
  /** What was replaced, in the order of the text. */
  readonly replacements: readonly Pick<Replacement, 'found' | 'replacement'>[];
  readonly predicted: string;
  readonly changedPredicted: string;
  readonly flipped: boolean;
  /** The change of the score, with its sign. */
  readonly shift: number;
}

/** What swapping one group of terms does. */
export interface CounterfactualAudit {
  readonly name: string;
  /** Null when no text contains its terms. */
  readonly metrics: Omit<CounterfactualMetrics, 'worst'> | null;
  readonly worst: readonly WorstExample[];
}

/** A counterfactual of an example. */
export interface ExampleVariant {
  /** The index of the example. */
  readonly example: number;
  readonly swap: SwapVariant;
  readonly changed: AuditText;
}

/** Variants with what the classifier said of them. */
export interface ClassifiedVariants {
  readonly examples: readonly AuditExample[];
  readonly variants: readonly ExampleVariant[];
  /** Probabilities of each example, and of each variant. */
  readonly originals: readonly ArrayLike<number>[];
  readonly changed: readonly ArrayLike<number>[];
}

/** How variants are measured. */
export interface SwapAuditOptions {
  readonly labelNames: readonly string[];
  /** The class whose probability is the score; see `CounterfactualOptions`. */
  readonly positiveClass?: number | undefined;
  readonly bootstrap: BootstrapOptions | undefined;
  /** How many of the worst variants are listed. */
  readonly worst: number;
}

/**
 * The counterfactuals of every example under one group of terms.
 *
 * Which ones are kept where there are more than `maximumVariants` is drawn for each example on its own, by its id: one
 * more example changes nothing for the others.
 */
export function swapVariants(
  examples: readonly AuditExample[],
  group: SwapGroup,
  { maximumVariants, random }: { readonly maximumVariants: number; readonly random: Random },
): readonly ExampleVariant[] {
  const swap = createTermSwapper(group.lists);
  const stream = random.fork(`swaps ${group.name}`);
  return examples.flatMap((example, index) =>
    swap(joinedTexts(example), { maximumVariants, random: stream.fork(example.id) }).map((variant) => {
      if (example.textPair === undefined)
        return { example: index, swap: variant, changed: { text: variant.text } };
      const [text = '', ...rest] = variant.text.split(PAIR_SEPARATOR);
      return { example: index, swap: variant, changed: { text, textPair: rest.join(PAIR_SEPARATOR) } };
    }),
  );
}

/** Measures the counterfactuals of one group of terms and puts texts to the worst of them. */
export function auditSwaps(
  name: string,
  { examples, variants, originals, changed }: ClassifiedVariants,
  options: SwapAuditOptions,
): CounterfactualAudit {
  const predictions = variants.map(
    ({ example, swap }, index): CounterfactualPrediction => ({
      example,
      groups: swap.groups,
      mentioned: swap.mentioned,
      original: originals[example] ?? [],
      changed: changed[index] ?? [],
    }),
  );
  const measured = counterfactualMetrics(predictions, {
    positiveClass: options.positiveClass,
    bootstrap: options.bootstrap,
    worst: options.worst,
  });
  if (measured === null) return { name, metrics: null, worst: [] };
  const { worst, ...metrics } = measured;
  const label = (row: ArrayLike<number> | undefined) => options.labelNames[mostProbable(row ?? [])] ?? '';
  return {
    name,
    metrics,
    worst: worst.flatMap(({ index, example, flipped, shift }) => {
      const original = examples[example];
      const variant = variants[index];
      if (original === undefined || variant === undefined) return [];
      return {
        id: original.id,
        text: original.text,
        ...(original.textPair === undefined ? {} : { textPair: original.textPair }),
        changedText: variant.changed.text,
        ...(variant.changed.textPair === undefined ? {} : { changedTextPair: variant.changed.textPair }),
        replacements: variant.swap.replacements.map(({ found, replacement }) => ({ found, replacement })),
        predicted: label(originals[example]),
        changedPredicted: label(changed[index]),
        flipped,
        shift,
      };
    }),
  };
}

/** Both texts of a pair as one, for matching; no phrase and no rule about the next word reaches across. */
export function joinedTexts({ text, textPair }: AuditText): string {
  return textPair === undefined ? text : text + PAIR_SEPARATOR + textPair;
}

const PAIR_SEPARATOR = '\n\u241E\n';
