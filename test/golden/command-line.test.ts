/**
 * What roux says about wrong command lines, one after the other, in `command-line.txt`.
 * `npx vitest run test/golden/command-line.test.ts -u` writes it anew; review it as text.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.js';
import { fakeTerminal } from '../cli/fake-terminal.js';

let folder = '';
let store = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-golden-'));
  store = join(folder, 'store');
  for (const name of ['recipes', 'empty']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'package.json'), '{}');
  writeFileSync(join(folder, 'recipes', 'broken.yaml'), 'recipe: 1\nstages:\n  mail: { uses: load-datset }\n');
  writeFileSync(join(folder, 'spam.tsv'), 'text\tlabel\nhello\tham\n');
  writeFileSync(join(folder, 'mail.tsv'), 'text\tlabel\nhello\tham\n');
  for (const name of ['spam', 'news']) {
    const stages = 'stages:\n  mail:\n    uses: load-dataset\n    with: { path: ../mail.tsv }\n';
    writeFileSync(join(folder, 'recipes', `${name}.yaml`), `recipe: 1\n${stages}`);
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

const commands: readonly (readonly string[])[] = [
  ['rnu', 'spam'],
  ['run', 'spam', '--porfile', 'smoke'],
  ['run', 'spam', 'news'],
  ['run', 'spam', '--threads', 'many'],
  ['run', 'spam', '--runtime=onx'],
  ['run', 'spam', '--profile'],
  ['run'],
  ['run', 'recipes/spma.yaml'],
  ['run', 'a recipe of mine'],
  ['plan', 'spam', '--only', 'mial'],
  ['plan', 'spam', '--profile', 'smoke'],
  ['plan', 'spam', '--set', 'epochs'],
  ['check', 'spam', '--json', '--sarif'],
  ['stages', 'load-datset'],
  ['show', 'mail', '--store', 'STORE'],
  ['report', '--store', 'STORE'],
  ['predict'],
  ['predict', 'recipes/spam.yaml', 'hello', '--store', 'STORE'],
  ['predict', './model', 'hello', '--profile', 'smoke'],
  ['predict', './model', '--input', 'texts.txt'],
  ['predict', './model', 'hello', '--input', 'texts.txt'],
  ['predict', './model', 'hello'],
  ['predict', 'empty', 'hello'],
  ['run', 'mail.tsv'],
  ['run', 'mials.csv'],
  ['run', 'recipes'],
  ['run', 'spam', '--store', 'mail.tsv'],
  ['run', 'spam', '--store', 'recipes'],
  ['new', ''],
  ['new', 'empty'],
  ['new', 'mails.csv'],
  ['new', 'recipes/spam.yaml'],
  ['new', 'mail.tsv', '-o', 'recipes/spam.yaml'],
  ['new', 'spam.tsv'],
  ['new', 'mail.tsv', '--model', 'nothing'],
  ['new', 'mail.tsv', '--model', 'empty'],
  ['why', 'mial', 'spam'],
  ['why', 'recipes/spam.yaml'],
  ['runs', 'tag', 'latest', '1st'],
  ['compare'],
  ['compare', 'latest', 'latest', '--store', 'STORE'],
  ['runs', 'tag', 'latest', 'baseline'],
];

/** In a folder of the project. */
const below: readonly (readonly string[])[] = [['run'], ['plan', 'spam'], ['check', '../recipes/broken.yaml']];

test('wrong command lines are explained and end with 2', async () => {
  const said: string[] = [];
  const all = [
    ...commands.map((command) => [folder, command] as const),
    ...below.map((command) => [join(folder, 'empty'), command] as const),
  ];
  for (const [directory, command] of all) {
    const terminal = fakeTerminal({ directory });
    const args = command.map((word) => (word === 'STORE' ? store : word));
    const code = await runCommandLine(args, terminal);
    expect(code, command.join(' ')).toBe(2);
    const place = directory === folder ? '' : 'empty ';
    said.push(`${place}$ roux ${command.join(' ')}\n${terminal.printedErrors()}${terminal.printed()}`);
  }
  const text = said.join('\n').replaceAll(store, 'STORE').replaceAll(folder, '<folder>');
  expect(existsSync(join(folder, '.roux/version')), 'a store that nothing was run in').toBe(false);
  await expect(text).toMatchFileSnapshot(join(import.meta.dirname, 'command-line.txt'));
});
