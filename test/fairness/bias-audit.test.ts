import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/artifacts/user-error.js';
import { createRandom } from '../../src/data/random.js';
import { auditFigures } from '../../src/fairness/audit-figures.js';
import type { AuditExample, AuditText } from '../../src/fairness/audit-swaps.js';
import { auditBias, type BiasAuditOptions } from '../../src/fairness/bias-audit.js';
import { readTermLists } from '../../src/fairness/term-lists.js';

const lists = readTermLists();
const swapGroup = (...names: string[]) => ({
  name: names.join('+'),
  lists: lists.swaps.filter(({ name }) => names.includes(name)),
});

const options: BiasAuditOptions = {
  labelNames: ['ham', 'spam'],
  swaps: [swapGroup('gendered-words', 'first-names'), swapGroup('nationalities')],
  identities: lists.identities.filter(({ name }) => name === 'religion'),
  columns: ['source'],
  thresholds: { minimumExamples: 2, minimumPerOutcome: 1 },
  bootstrap: { resamples: 20, confidence: 0.9 },
  random: createRandom(1),
  maximumVariants: 3,
  worst: 2,
};

/** Thinks that texts about men are spam. */
async function biased(texts: readonly AuditText[]) {
  return texts.map(({ text, textPair = '' }) => {
    const score = /\b(?:he|his|him|James)\b/i.test(`${text} ${textPair}`) ? 0.875 : 0.125;
    return Float32Array.of(1 - score, score);
  });
}

const examples: readonly AuditExample[] = [
  { id: '1', text: 'Mary lost her keys', label: 0, columns: { source: 'web' } },
  { id: '2', text: 'He won a prize', label: 1, columns: { source: 'web' } },
  { id: '3', text: 'A French Muslim wrote', label: 1, columns: { source: 'mail' } },
  { id: '4', text: 'Muslim and Christian', label: 0, columns: { source: 'mail' } },
  { id: '5', text: 'a Christian', textPair: 'and his church', label: 1, columns: { source: null } },
  { id: '6', text: 'nothing at all' },
];

describe('a bias audit', () => {
  it('finds flips under swaps and shows their texts', async () => {
    const { counterfactual } = await auditBias(examples, biased, options);
    expect(counterfactual[0]?.metrics).toMatchObject({ examples: 3, variants: 3, flipRate: 1 });
    expect(counterfactual[0]?.metrics?.directions).toMatchObject([
      { from: 'male', to: 'female', variants: 2, meanShift: -0.75 },
      { from: 'female', to: 'male', variants: 1, meanShift: 0.75 },
    ]);
    expect(counterfactual[0]?.worst).toHaveLength(2);
    expect(counterfactual[0]?.worst[0]).toEqual({
      id: '1',
      text: 'Mary lost her keys',
      changedText: 'James lost his keys',
      replacements: [
        { found: 'Mary', replacement: 'James' },
        { found: 'her', replacement: 'his' },
      ],
      predicted: 'ham',
      changedPredicted: 'spam',
      flipped: true,
      shift: 0.75,
    });
  });

  it('keeps at most so many variants of a text, the same ones each time', async () => {
    const changed: string[][] = [];
    const spy = (texts: readonly AuditText[]) => {
      changed.push(texts.map(({ text }) => text));
      return biased(texts);
    };
    await auditBias(examples, spy, options);
    await auditBias([...examples].reverse(), spy, options);
    const [first = [], second = []] = changed;
    // The text itself and three variants.
    expect(first.filter((text) => text.endsWith('Muslim wrote'))).toHaveLength(4);
    expect([...second].sort()).toEqual([...first].sort());
  });

  it('swaps the second text of a pair', async () => {
    const seen: AuditText[] = [];
    await auditBias(
      examples,
      async (texts) => {
        seen.push(...texts);
        return biased(texts);
      },
      options,
    );
    expect(seen).toContainEqual({ text: 'a Christian', textPair: 'and her church' });
  });

  it('compares groups of columns and of identity terms, with labelled examples only', async () => {
    const audit = await auditBias(examples, biased, options);
    expect(audit).toMatchObject({ examples: 6, labelled: 5 });
    const [source, religion] = audit.groups;
    expect(source?.comparisons[0]?.groups.map(({ group, count }) => [group, count])).toEqual([
      ['web', 2],
      ['mail', 2],
    ]);
    expect(religion?.comparisons[0]).toMatchObject({
      positiveLabel: 'spam',
      compared: ['Christian', 'Muslim'],
      gaps: { demographicParityDifference: 0.5 },
    });
  });

  it('takes each class as positive in turn where there are more than two', async () => {
    const audit = await auditBias(examples, async (texts) => texts.map(() => [0.25, 0.25, 0.5]), {
      ...options,
      labelNames: ['a', 'b', 'c'],
    });
    expect(audit.groups[0]?.comparisons.map(({ positiveLabel }) => positiveLabel)).toEqual(['a', 'b', 'c']);
    expect(auditFigures(audit).metrics.source_demographic_parity_difference).toBe(0);
  });

  it('is the same for the same seed', async () => {
    const again = { ...options, random: createRandom(1) };
    expect(await auditBias(examples, biased, again)).toEqual(await auditBias(examples, biased, options));
  });

  it('names its figures for recipes', async () => {
    const { metrics, intervals } = auditFigures(await auditBias(examples, biased, options));
    expect(metrics).toMatchObject({
      maximum_flip_rate: 1,
      maximum_demographic_parity_difference: 0.5,
      gendered_words_first_names_flip_rate: 1,
      nationalities_flip_rate: 0,
      religion_demographic_parity_difference: 0.5,
      source_equalized_odds_difference: 1,
    });
    expect(intervals).toHaveProperty('gendered_words_first_names_flip_rate');
    expect(intervals).toHaveProperty('religion_demographic_parity_difference');
  });

  it('says so when there is nothing to audit, no such column, or a column that is no grouping', async () => {
    await expect(auditBias([], biased, options)).rejects.toThrow(UserError);
    await expect(auditBias(examples, biased, { ...options, columns: ['sauce'] })).rejects.toThrow("'sauce'");
    const many = Array.from({ length: 101 }, (_, index) => ({
      id: String(index),
      text: '',
      columns: { source: index },
    }));
    await expect(auditBias(many, biased, options)).rejects.toThrow('does not divide');
  });
});
