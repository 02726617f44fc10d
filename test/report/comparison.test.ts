import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderComparison } from '../../src/report/comparison/render-comparison.js';
import { bestFirst } from '../../src/report/comparison/trials.js';
import { sampleComparison } from './sample-comparison.js';
import { hostileText } from './sample-inputs.js';

let folder: string;
let page: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roux-comparison-'));
  page = await renderComparison(await sampleComparison(folder));
  const copy = process.env.ROUX_TEST_COMPARISON;
  if (copy !== undefined) await writeFile(copy, page);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the page about several runs', () => {
  it('has the same bytes for the same runs', async () => {
    expect(await renderComparison(await sampleComparison(folder))).toBe(page);
  });

  it('loads nothing, runs nothing and escapes what comes from recipes and data', () => {
    expect(page).not.toMatch(/<script|<iframe|<link|<img|url\((?!#)|@import|\son\w+="/i);
    expect(page).toContain('&lt;b&gt;0&lt;/b&gt;');
    expect(page).toContain('Three &amp; more runs');
    expect(page).not.toContain(hostileText);
    expect(page).not.toContain('\u001b');
  });

  it('holds every section, each with an entry in the contents', () => {
    for (const id of ['trials', 'runs', 'differences', 'figures', 'tests', 'examples', 'training', 'cost']) {
      expect(page).toContain(`<section id="${id}">`);
      expect(page).toContain(`<a href="#${id}">`);
    }
  });

  it('has ids that are unique', () => {
    const ids = [...page.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('says whether a difference could be chance, corrected for the number of tests', () => {
    expect(page).toContain('<strong>could be chance</strong>');
    expect(page).toContain('correction for 2 tests');
  });

  it('leaves out what there is none of', async () => {
    const { sweep: _, ...content } = await sampleComparison(folder);
    const { comparison } = content;
    const small = await renderComparison({
      ...content,
      curves: [],
      comparison: { ...comparison, tests: [], differences: [], figures: [] },
    });
    for (const id of ['trials', 'training', 'tests', 'examples', 'figures']) {
      expect(small).not.toContain(`<section id="${id}">`);
    }
    expect(small).toContain('Nothing: all settings, inputs and files are the same.');
  });
});

describe('trials', () => {
  it('are listed from the best to the worst, those without a value last', async () => {
    const { sweep } = await sampleComparison(folder);
    if (sweep === undefined) throw new Error('the sample has a sweep');
    const values = bestFirst(sweep).map(({ value }) => value);
    expect(values.at(-1)).toBeUndefined();
    const known = values.slice(0, -1).map(Number);
    expect(known).toEqual(known.toSorted((a, b) => b - a));
    const down = bestFirst({ ...sweep, goal: { ...sweep.goal, mode: 'min' } });
    expect(down[0]?.value).toBe(Math.min(...known));
    expect(down.at(-1)?.state).toBe('failed');
  });
});
