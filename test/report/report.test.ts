import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readReportContent } from '../../src/report/read-content.js';
import { renderReport } from '../../src/report/render-report.js';
import { hostileText, writeSampleInputs } from './sample-inputs.js';

let folder: string;
let page: string;

async function render(): Promise<string> {
  const inputs = await writeSampleInputs(folder);
  const content = await readReportContent(inputs, {
    title: 'Spam & ham',
    description: 'A filter for <mail>.',
    headline: [],
    examples: 10,
  });
  return renderReport(content);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roux-report-'));
  page = await render();
  const copy = process.env.ROUX_TEST_REPORT;
  if (copy !== undefined) await writeFile(copy, page);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the report', () => {
  it('has the same bytes for the same inputs, also when it is drawn a second time by one process', async () => {
    expect(await render()).toBe(page);
  });

  it('loads nothing and runs nothing', () => {
    expect(page).toContain(`http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;`);
    expect(page).not.toMatch(/<script|<iframe|<link|<img|url\((?!#)|@import|\son\w+="/i);
    const addresses = [...page.matchAll(/https?:\/\/[^"'\s<)]+/g)].map(([address]) => address);
    expect(new Set(addresses)).toEqual(
      new Set(
        ['http://www.w3.org/2000/svg', 'http://www.w3.org/1999/xlink'].filter((name) => page.includes(name)),
      ),
    );
  });

  it('escapes what comes from the data', () => {
    expect(page).toContain('&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;');
    expect(page).toContain('spam &lt;b&gt;');
    expect(page).toContain('A filter for &lt;mail&gt;.');
    expect(page).not.toContain(hostileText);
    expect(page).not.toContain('\u001b');
    expect(page).not.toContain('\u202e');
  });

  it('holds every section, each with an entry in the contents', () => {
    for (const id of [
      'recipe',
      'quality',
      'forgetting',
      'bias',
      'training',
      'errors',
      'data',
      'settings',
      'lineage',
    ]) {
      expect(page).toContain(`<section id="${id}">`);
      expect(page).toContain(`<a href="#${id}">`);
    }
  });

  it('says of small groups that they are too small to judge', () => {
    expect(page).toContain('too small to judge');
    expect(page).toContain('12 examples, at least 30 are needed');
  });

  it('draws forgetting over the strengths of the penalty when several were measured', () => {
    expect(page).toContain('forgetting by strength of the penalty');
    expect(page).toContain('macro F1, new task by strength of the penalty');
  });

  it('has ids that are unique', () => {
    const ids = [...page.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('marks what a counterfactual changed', () => {
    expect(page).toContain('<del>She</del><ins>He</ins>');
  });

  it('leaves out sections about what was not wired', async () => {
    const inputs = await writeSampleInputs(folder);
    const content = await readReportContent(
      { metrics: [], curves: inputs.curves, predictions: [], datasets: [], artifacts: [] },
      { title: 'Curves', description: '', headline: [], examples: 0 },
    );
    const small = await renderReport(content);
    expect(small).toContain('<section id="training">');
    expect(small).not.toContain('<section id="bias">');
    expect(small).not.toContain('<section id="errors">');
  });
});
