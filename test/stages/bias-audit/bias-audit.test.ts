import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatasetWriter, type Dataset } from '../../../src/artifacts/dataset.js';
import { createRandom } from '../../../src/data/random.js';
import { auditBias } from '../../../src/fairness/bias-audit.js';
import { createTermSwapper } from '../../../src/fairness/swap-terms.js';
import { readTermLists, shippedTermsFolder } from '../../../src/fairness/term-lists.js';
import { examplesOfDataset, probeExamples } from '../../../src/stages/bias-audit/audit-examples.js';
import { auditWarnings, reportAudit } from '../../../src/stages/bias-audit/audit-report.js';

const folder = mkdtempSync(join(tmpdir(), 'roux-audit-'));
let dataset: Dataset;

beforeAll(async () => {
  const writer = createDatasetWriter(folder);
  for (let row = 0; row < 20; row++) {
    writer.write('test', { id: `${row}`, text: `text ${row}`, label: row % 2, columns: { side: row % 3 } });
  }
  dataset = await writer.finish({ labels: ['ham', 'spam'], columns: ['side'], pairs: false, statistics: {} });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the texts of an audit', () => {
  it("are the rows of a split, labelled with the model's classes", async () => {
    const examples = await examplesOfDataset(dataset, 'test', {
      labelNames: ['spam', 'ham'],
      random: createRandom(1),
    });
    expect(examples).toHaveLength(20);
    expect(examples[1]).toMatchObject({ id: '1', text: 'text 1', label: 0, columns: { side: 1 } });
  });

  it('can be limited, drawn by the seed, in the order of the split', async () => {
    const draw = () =>
      examplesOfDataset(dataset, 'test', {
        labelNames: ['ham', 'spam'],
        limit: 5,
        random: createRandom(3),
      });
    const ids = (await draw()).map(({ id }) => Number(id));
    expect(ids).toHaveLength(5);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect((await draw()).map(({ id }) => Number(id))).toEqual(ids);
  });

  it('with labels that the model does not know are refused', async () => {
    const read = examplesOfDataset(dataset, 'test', { labelNames: ['a', 'b'], random: createRandom(1) });
    await expect(read).rejects.toThrow("the label 'ham'");
  });

  it('are sentences that come with the term lists where there is no data set, each with a term', async () => {
    const swaps = readTermLists().swaps.map((list) => createTermSwapper([list]));
    for (const { text } of (await probeExamples(shippedTermsFolder())) ?? []) {
      expect(
        swaps.flatMap((swap) => swap(text, { maximumVariants: 1 })),
        text,
      ).not.toEqual([]);
    }
    expect(await probeExamples(folder)).toBeNull();
  });
});

describe('the report of an audit', () => {
  const texts = [
    { id: '1', text: 'She is late', label: 1, columns: { side: 'left' } },
    { id: '2', text: 'It is early', label: 0, columns: { side: 'right' } },
  ];
  const audit = (thresholds: object) =>
    auditBias(
      texts,
      async (asked) => asked.map(({ text }) => (/She/.test(text) ? [0.25, 0.75] : [0.75, 0.25])),
      {
        labelNames: ['early', 'late'],
        swaps: ['gendered-words', 'first-names'].map((name) => ({
          name,
          lists: readTermLists().swaps.filter((list) => list.name === name),
        })),
        identities: [],
        columns: ['side'],
        thresholds,
        bootstrap: { resamples: 2, confidence: 0.9 },
        random: createRandom(1),
        maximumVariants: 1,
        worst: 1,
      },
    );

  it('has figures for expect, a table and a summary', async () => {
    const { content, result } = reportAudit(await audit({ minimumExamples: 0, minimumPerOutcome: 0 }));
    expect(content.type).toBe('bias-audit');
    expect(result.metrics).toMatchObject({
      gendered_words_flip_rate: 1,
      side_demographic_parity_difference: 1,
    });
    expect(result.metrics).not.toHaveProperty('first_names_flip_rate');
    expect(result.summary).toBe('2 texts; predictions that flip: gendered-words 100.0 %');
    expect(result.table).toEqual([
      ['what', 'from', 'first figure', 'second figure'],
      ['swap gendered-words', '1 variants', 'flip rate 100.0 %', 'mean shift 0.5000'],
      ['side -> late', '2 of 2 groups', 'parity difference 1.0000', 'odds difference not known'],
    ]);
  });

  it('warns of what could not be judged', async () => {
    expect(auditWarnings(await audit({}))).toEqual([
      "no text contains a term of 'first-names': nothing is known about these swaps",
      "groups too small to judge: 2 of 2 of column 'side'; fewer than two groups to compare, so no gap to measure: column 'side'",
    ]);
  });
});
