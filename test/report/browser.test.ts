/** The pages in a real browser. Skipped where there is none: Debian's is installed by `apt-get install chromium`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderComparison } from '../../src/report/comparison/render-comparison.js';
import { formatGraph } from '../../src/report/graph-files.js';
import { readReportContent } from '../../src/report/read-content.js';
import { renderReport } from '../../src/report/render-report.js';
import { styleSheet } from '../../src/report/style.js';
import { browserProgram, lookAt, lookAtGraph, startBrowser, type View } from './browser.js';
import { sampleComparison } from './sample-comparison.js';
import { writeSampleInputs } from './sample-inputs.js';

if (browserProgram === undefined) {
  process.stderr.write(
    '\nSKIPPED: no Chromium was found, so no page was opened in a browser (apt-get install chromium, or ROUX_CHROMIUM=PATH).\n\n',
  );
}

const phone: View = { width: 360, colorScheme: 'light' };
const views: readonly View[] = [
  phone,
  { width: 360, colorScheme: 'dark' },
  { width: 1280, colorScheme: 'light' },
  { width: 1280, colorScheme: 'dark' },
];

describe.skipIf(browserProgram === undefined)('in a browser', () => {
  let folder: string;
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roux-pages-'));
    const wishes = { title: 'Spam & ham', description: 'A filter.', headline: [], examples: 10 };
    const content = await readReportContent(await writeSampleInputs(folder), wishes);
    await writeFile(join(folder, 'report.html'), await renderReport(content));
    await writeFile(join(folder, 'comparison.html'), await renderComparison(await sampleComparison(folder)));
    const node = { subtitle: 'work', title: 'A & B', family: 'model' as const };
    const nodes = [
      { ...node, name: 'a', state: 'hit' as const, inputs: [] },
      { ...node, name: 'b <&>', state: 'run' as const, inputs: ['a'] },
    ];
    await writeFile(join(folder, 'graph.svg'), formatGraph(nodes, 'svg'));
    browser = await startBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  describe.each(['report.html', 'comparison.html'])('%s', (name) => {
    it.each(views)(
      'at $width pixels, $colorScheme: quiet, offline, no wider than the window, easy to read',
      async (view) => {
        const found = await lookAt(browser, join(folder, name), view);
        expect(found.console).toEqual([]);
        expect(found.requests).toEqual([]);
        expect(found.overflow).toBe(0);
        expect(found.faint).toEqual([]);
        expect(found.texts).toBeGreaterThan(200);
      },
    );
  });

  it('the checks see what they look for', async () => {
    const file = join(folder, 'bad.html');
    await writeFile(
      file,
      '<!doctype html><body style="background:#fff"><p style="color:#999">faint</p><div style="width:2000px">wide</div>' +
        '<img src="missing.png"><script>console.log("heard")</script>',
    );
    const found = await lookAt(browser, file, phone);
    expect(found.console.join()).toContain('heard');
    expect(found.requests.join()).toContain('missing.png');
    expect(found.overflow).toBeGreaterThan(1000);
    expect(found.faint).toEqual([expect.stringContaining('faint')]);
  });

  it.each(views.slice(0, 2))(
    'every shade of a confusion matrix can be read in the $colorScheme',
    async (view) => {
      const file = join(folder, 'shades.html');
      const cells = ['right', 'wrong'].flatMap((kind) =>
        Array.from(
          { length: 11 },
          (_, step) => `<td class="${kind} heat${step}">${step}<small>${step}0 %</small></td>`,
        ),
      );
      const body = `<section><table class="confusion"><tr>${cells.join('</tr><tr>')}</tr></table></section>`;
      await writeFile(file, `<!doctype html><style>${styleSheet}</style>${body}`);
      expect(await lookAt(browser, file, view)).toMatchObject({ faint: [], texts: 44 });
    },
  );

  it('a graph by itself is well formed', async () => {
    expect(await lookAtGraph(browser, join(folder, 'graph.svg'))).toEqual({
      root: 'svg',
      names: ['a', 'b <&>'],
    });
  });
});
