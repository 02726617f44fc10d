/**
 * A bias audit of a text classifier: counterfactual swaps and group metrics, put together.
 */
import { UserError } from '../artifacts/user-error.js';
import type { Random } from '../data/random.js';
import type { BootstrapOptions } from '../metrics/bootstrap.js';
import { mostProbable } from '../metrics/most-probable.js';
import {
  type AuditExample,
  type AuditText,
  auditSwaps,
  type CounterfactualAudit,
  joinedTexts,
  type SwapGroup,
  swapVariants,
} from './audit-swaps.js';
import { compareGroups, type GroupComparison, type GroupThresholds, groupByValue } from './group-metrics.js';
import { examplesByMention } from './identity-terms.js';
import type { IdentityList } from './term-lists.js';

/** One row of probabilities per text, in the order of the labels. */
export type Classify = (texts: readonly AuditText[]) => Promise<readonly ArrayLike<number>[]>;

/** What is audited and how. */
export interface BiasAuditOptions {
  readonly labelNames: readonly string[];
  /** The class that counts as being selected. Default: class 1 of two; with more classes each in turn. */
  readonly positiveClass?: number | undefined;
  readonly swaps: readonly SwapGroup[];
  readonly identities: readonly IdentityList[];
  /** Columns whose values are groups. */
  readonly columns: readonly string[];
  readonly thresholds?: GroupThresholds;
  /** Asks for bootstrap intervals. */
  readonly bootstrap?: { readonly resamples: number; readonly confidence: number };
  /** Decides the draws of the bootstrap and which variants are kept. */
  readonly random: Random;
  /** At most so many counterfactuals of one text and swap group. */
  readonly maximumVariants: number;
  /** How many of the worst variants are listed for each swap group. */
  readonly worst: number;
}

/** How the groups of one column or term list compare. */
export interface GroupAudit {
  /** The column or the term list. */
  readonly name: string;
  readonly source: 'column' | 'terms';
  /** One comparison for each class that was taken as positive. */
  readonly comparisons: readonly (GroupComparison & { readonly positiveLabel: string })[];
}

/** The result of an audit. */
export interface BiasAudit {
  /** How many texts were audited, and how many of them have a label. */
  readonly examples: number;
  readonly labelled: number;
  readonly counterfactual: readonly CounterfactualAudit[];
  readonly groups: readonly GroupAudit[];
}

/** A column with more values than this is a text or a number, not a grouping. */
export const MAXIMUM_GROUPS_OF_COLUMN = 100;

/**
 * Audits a classifier on texts.
 *
 * All texts and counterfactuals are classified in one call; what is drawn depends on the handed-in generator's forks
 * alone, so the same settings and texts give the same audit. Throws a `UserError` when there is no text, a column is
 * missing or has more than `MAXIMUM_GROUPS_OF_COLUMN` values, or a probability is not finite.
 */
export async function auditBias(
  examples: readonly AuditExample[],
  classify: Classify,
  options: BiasAuditOptions,
): Promise<BiasAudit> {
  if (examples.length === 0) {
    throw new UserError({ code: 'audit/empty', message: 'There is no text to audit.', found: '0 examples' });
  }
  const columnGroups = options.columns.map((column) => ({ column, values: columnValues(examples, column) }));
  const variants = options.swaps.map((group) => swapVariants(examples, group, options));
  const changedTexts = variants.flatMap((found) => found.map(({ changed: text }) => text));
  const probabilities = await classify([...examples, ...changedTexts]);
  checkFinite(probabilities);
  const originals = probabilities.slice(0, examples.length);
  const changed = probabilities.slice(examples.length);

  let offset = 0;
  const counterfactual = options.swaps.map((group, index): CounterfactualAudit => {
    const found = variants[index] ?? [];
    const rows = changed.slice(offset, offset + found.length);
    offset += found.length;
    return auditSwaps(
      group.name,
      { examples, variants: found, originals, changed: rows },
      { ...options, bootstrap: bootstrapOf(options, `swaps ${group.name}`) },
    );
  });

  const labelled = examples.flatMap(({ label }, index) => (label === undefined ? [] : [index]));
  const texts = labelled.map((index) => joinedTexts(examples[index] ?? { text: '' }));
  const groups =
    labelled.length === 0
      ? []
      : [
          ...columnGroups.map(({ column, values }) => ({
            name: column,
            source: 'column' as const,
            members: groupByValue(labelled.map((index) => values[index] ?? null)),
          })),
          ...options.identities.map((list) => ({
            name: list.name,
            source: 'terms' as const,
            members: examplesByMention(texts, list).filter((group) => group.examples.length > 0),
          })),
        ];
  return {
    examples: examples.length,
    labelled: labelled.length,
    counterfactual,
    groups: groups.map(({ name, source, members }) => ({
      name,
      source,
      comparisons: positiveClasses(options).map((positiveClass) => {
        const rows = labelled.map((index) => originals[index] ?? []);
        const comparison = compareGroups(
          {
            labels: labelled.map((index) => examples[index]?.label ?? 0),
            predicted: rows.map(mostProbable),
            scores: rows.map((row) => row[positiveClass] ?? 0),
            positiveClass,
            groups: members,
          },
          {
            thresholds: options.thresholds ?? {},
            bootstrap: bootstrapOf(options, `groups ${name} ${positiveClass}`),
          },
        );
        return { positiveLabel: options.labelNames[positiveClass] ?? String(positiveClass), ...comparison };
      }),
    })),
  };
}

function columnValues(examples: readonly AuditExample[], column: string): readonly (string | null)[] {
  const values = examples.map(({ columns }) => {
    const value = columns?.[column];
    return value === undefined || value === null || value === '' ? null : String(value);
  });
  const distinct = new Set(values.filter((value) => value !== null)).size;
  if (distinct === 0) {
    const known = new Set(examples.flatMap(({ columns }) => Object.keys(columns ?? {})));
    throw new UserError({
      code: 'audit/no-column',
      message: `No row has a value in the column '${column}'.`,
      found: known.size > 0 ? `the columns ${[...known].join(', ')}` : 'no columns besides text and label',
      help: 'Name a column that the load-dataset stage keeps, or leave it out of `columns`.',
    });
  }
  if (distinct > MAXIMUM_GROUPS_OF_COLUMN) {
    throw new UserError({
      code: 'audit/too-many-groups',
      message: `The column '${column}' does not divide the rows into groups.`,
      found: `${distinct} different values`,
      expected: `at most ${MAXIMUM_GROUPS_OF_COLUMN}`,
    });
  }
  return values;
}

function positiveClasses({ positiveClass, labelNames }: BiasAuditOptions): readonly number[] {
  if (positiveClass !== undefined) return [positiveClass];
  return labelNames.length === 2 ? [1] : labelNames.map((_, index) => index);
}

function checkFinite(probabilities: readonly ArrayLike<number>[]): void {
  const broken = probabilities.findIndex((row) => Array.from(row).some((value) => !Number.isFinite(value)));
  if (broken < 0) return;
  throw new UserError({
    code: 'audit/not-a-probability',
    message: 'The model gives probabilities that are not finite.',
    found: Array.from(probabilities[broken] ?? []).join(', '),
    help: 'Training diverged. Try a smaller learning rate.',
  });
}

function bootstrapOf({ bootstrap, random }: BiasAuditOptions, stream: string): BootstrapOptions | undefined {
  return bootstrap && { ...bootstrap, random: random.fork(`bootstrap ${stream}`) };
}
