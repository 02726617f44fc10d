/** Names and data that hold what terminals act on, or what ends a cell, a label or a line of a file: nothing of it acts. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guardTerminal } from '../../src/diagnostics/printable-text.js';
import type { GraphNode } from '../../src/report/graph.js';
import { formatGraph, type GraphFormat } from '../../src/report/graph-files.js';
import { html } from '../../src/report/html.js';
import { code, table } from '../../src/stages/export/markdown.js';
import { CliProject } from '../cli/run-cli.js';

/** Clears a screen, sets a title, moves the cursor by a C1 code, turns the writing around, ends lines, tags and quotes. */
const hostile = 'a\u001b[2J\u001b]0;title\u0007\u009b1A\u202ey\u2028\r\n"]<b>|`x';

/** All that a terminal acts on, but for line ends and the colours that roux itself prints. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const acting = /(?!\u001b\[[0-9;]*m|\n)[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/u;

let project: CliProject;

beforeAll(async () => {
  project = await CliProject.create();
});

afterAll(() => project.remove());

test('a terminal gets the colours of roux and line ends, and no other code', () => {
  expect(guardTerminal(`\u001b[1mbold\u001b[22m\n\t${hostile}`)).toBe(
    '\u001b[1mbold\u001b[22m\n\ta␛[2J␛]0;title␇\ufffd1A\ufffdy\ufffd␍\n"]<b>|`x',
  );
});

test.each<GraphFormat>(['mermaid', 'dot'])(
  'a graph as %s has one line a stage, whatever its name',
  (format) => {
    const node = (text: string): GraphNode => ({
      name: text,
      subtitle: text,
      title: text,
      family: 'other',
      inputs: [],
    });
    const plain = formatGraph([node('a')], format);
    const drawn = formatGraph([node(hostile)], format);
    expect(drawn.split('\n')).toHaveLength(plain.split('\n').length);
    expect(drawn).not.toMatch(acting);
    expect(drawn).not.toContain('<b>x');
  },
);

test('the cells of a model card end where they should', () => {
  const lines = table(['label'], [[code(hostile)]]).split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[2]).not.toMatch(acting);
});

test('markup escapes what is not markup', () => {
  expect(html`${hostile}`.text).toContain('&quot;]&lt;b&gt;');
  // A line end is white space there, whichever it is.
  expect(html`<p title="${hostile}">${hostile}</p>`.text.replaceAll(/[\r\u2028]/g, '')).not.toMatch(acting);
});

test('mistakes, plans, runs and SARIF show hostile names of stages, files and labels as signs', async () => {
  const name = JSON.stringify(hostile);
  await project.write({
    'wrong.yaml': `recipe: 1\nname: ${name}\nstages:\n  ${name}:\n    uses: ${name}\n    with: { ${name}: ${name} }\n`,
    'right.yaml': `recipe: 1\nname: ${name}\nstages:\n  texts:\n    uses: load-dataset\n    with: { path: ${JSON.stringify('da\u001b[2Jta.tsv')}, label: label, near_duplicates: false, split: { train: 0.5, test: 0.5 } }\n`,
    'da\u001b[2Jta.tsv': `text\tlabel\n${['one', 'two', 'three', 'four', 'five', 'six'].map((word, row) => `${word} is a word\t${row % 2 === 0 ? 'x\u001b[2J' : 'y\u009b1A\u202e'}`).join('\n')}\n`,
  });
  for (const [args, exit] of [
    [['plan', 'wrong.yaml'], 2],
    [['check', 'wrong.yaml'], 2],
    [['plan', 'right.yaml'], 0],
    [['run', 'right.yaml'], 0],
    [['show'], 0],
    [['runs'], 0],
    [['cache', 'ls'], 0],
    [['graph', 'right.yaml', '--format', 'dot'], 0],
  ] as const) {
    const { code: ended, stdout, stderr } = await project.run(args);
    expect([args[0], ended], stderr).toEqual([args[0], exit]);
    expect(stdout + stderr, args.join(' ')).not.toMatch(acting);
  }
  const sarif = await project.run(['check', 'wrong.yaml', '--sarif']);
  expect(JSON.parse(sarif.stdout)).toMatchObject({ version: '2.1.0' });
  expect(sarif.stdout).not.toContain('\u001b');
});
