import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMetrics } from '../../../src/artifacts/metrics.js';
import { openModelFolder, writeModelWithNotes } from '../../../src/artifacts/model.js';
import { UserError } from '../../../src/artifacts/user-error.js';
import biasAudit from '../../../src/stages/bias-audit/bias-audit.js';
import { createTinyProject, ROWS, surroundings, type TinyProject } from '../tiny-project.js';

const settings = {
  columns: ['side'],
  maximum_variants: 2,
  max_length: 256,
  minimum_examples: 5,
  minimum_per_outcome: 1,
  worst: 3,
  batch_tokens: 256,
  resamples: 10,
  confidence: 0.9,
};

let project: TinyProject;
beforeAll(async () => {
  project = await createTinyProject();
});
afterAll(() => project.remove());

type Settings = Parameters<typeof biasAudit.run>[0]['settings'];

async function run(name: string, more: Partial<Settings> = {}, withDataset = true) {
  const metrics = project.output(`${name} metrics`, 'metrics');
  const warnings: string[] = [];
  const result = await biasAudit.run({
    ...surroundings(warnings),
    settings: { ...settings, ...more },
    inputs: {
      model: await project.model('sequence-classification'),
      dataset: withDataset ? project.dataset : undefined,
    },
    outputs: { metrics },
  });
  return { result, warnings, metrics: await readMetrics(metrics.path) };
}

describe('bias-audit', () => {
  it('swaps terms in the texts of a data set and compares the groups of a column', async () => {
    const { metrics, result, warnings } = await run('all');
    expect(metrics.type).toBe('bias-audit');
    expect(metrics.details).toMatchObject({
      examples: ROWS.length,
      counterfactual: [{ name: 'first-names' }, { name: 'gendered-words' }, { name: 'nationalities' }],
    });
    expect(metrics.metrics.gendered_words_mean_absolute_shift).toBeGreaterThan(0);
    expect(metrics.metrics.side_demographic_parity_difference).not.toBeNull();
    expect(result?.metrics).toHaveProperty('maximum_flip_rate');
    expect(warnings).toContain("term list 'disability': no text mentions a group");
  });

  it('gives the same again, and other draws for a limit', async () => {
    const first = await run('first', { limit: 10 });
    expect((await run('second', { limit: 10 })).metrics).toEqual(first.metrics);
    expect(first.metrics.details).toMatchObject({ examples: 10 });
  });

  it('cuts texts off where those of the training were, unless told otherwise', async () => {
    const model = await project.model('sequence-classification');
    const trained = project.output('noted', 'model');
    const { notes } = await openModelFolder(model.path);
    await writeModelWithNotes(model.path, trained.path, { ...notes, maximumTrainedLength: 8 });
    const { max_length: _, ...withoutLength } = settings;
    const audit = async (name: string, path: string, given: Settings) => {
      const metrics = project.output(name, 'metrics');
      const inputs = { model: { ...model, path }, dataset: project.dataset };
      await biasAudit.run({ ...surroundings(), settings: given, inputs, outputs: { metrics } });
      return (await readMetrics(metrics.path)).metrics;
    };
    const short = await audit('short', model.path, { ...settings, max_length: 8 });
    expect(await audit('as trained', trained.path, withoutLength)).toEqual(short);
    const long = await audit('long', trained.path, settings);
    expect(long).not.toEqual(short);
    expect(await audit('not trained', model.path, withoutLength)).toEqual(long);
  });

  it('swaps only the lists that the settings name, several in one variant', async () => {
    const { metrics } = await run('named', { swaps: ['gendered-words+first-names'], identities: [] });
    expect(metrics.metrics).toHaveProperty('gendered_words_first_names_flip_rate');
    expect(metrics.metrics).not.toHaveProperty('nationalities_flip_rate');
  });

  it('swaps terms in sentences of its own where no data set is wired', async () => {
    const { metrics } = await run('probes', { columns: [] }, false);
    expect(metrics.details).toMatchObject({ labelled: 0, groups: [] });
    expect(metrics.metrics.gendered_words_mean_absolute_shift).toBeGreaterThan(0);
  });

  it.each([
    ['a list that does not exist', { swaps: ['gendered-wards'] }, "'gendered-wards'"],
    ['a column that does not exist', { columns: ['sender'] }, "'sender'"],
    ['a positive label that is none', { positive_label: 'eggs' }, 'positive_label'],
    ['a folder without lists', { terms: '/nonexistent' }, 'no term lists'],
  ])('refuses %s', async (name, more, message) => {
    const failed = run(name, more);
    await expect(failed).rejects.toThrow(UserError);
    await expect(failed).rejects.toThrow(message);
  });

  it('refuses a model that is no classifier', async () => {
    const failed = biasAudit.run({
      ...surroundings(),
      settings,
      inputs: { model: await project.model('masked-language-modeling'), dataset: undefined },
      outputs: { metrics: project.output('refused', 'metrics') },
    });
    await expect(failed).rejects.toThrow('Only classifiers');
  });
});
