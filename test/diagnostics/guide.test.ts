/** The sample output in `docs/guide/errors-and-editors.md` is what roux prints. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CliProject } from '../cli/run-cli.js';
import { root } from '../rig/build.js';

const guide = readFileSync(join(root, 'docs/guide/errors-and-editors.md'), 'utf8');

/** What the guide shows below a command. */
function shown(command: string): string {
  const blocks = [...guide.matchAll(/^```console\n\$ ([^\n]*)\n(.*?)^```$/gms)];
  const block = blocks.find(([, first]) => first === command);
  expect(block, `the guide has no block of ${command}`).toBeDefined();
  return block?.[2] ?? '';
}

let project: CliProject;

beforeAll(async () => {
  project = await CliProject.create();
  await project.write({
    'data/letters.csv': 'text,label\nhello there,ham\nwin a prize,spam\n',
    'models/base/config.json': '{}',
    'recipes/letters.yaml':
      'recipe: 1\nstages:\n  letters:\n    uses: load-dataset\n    with: { path: ../data/letters.csv, text: message }\n',
    'recipes/mail.yaml': [
      'recipe: 1',
      'params:',
      '  epochs: many',
      'stages:',
      '  mail:',
      '    uses: load-dataset',
      '    with: { path: ../data/letters.csv }',
      '  base: { uses: load-model, with: { from: ../models/base } }',
      '  tokens: { uses: tokenize, in: { dataset: mail, model: base } }',
      '  train:',
      '    uses: train',
      '    in: { model: base, tokens: tokens }',
      `    with: { epochs: "\${params.epochs}" }`,
      '',
    ].join('\n'),
  });
});

afterAll(() => project.remove());

test('a mistake of a recipe reads as in the guide', async () => {
  const { code, stdout, stderr } = await project.run(['check', 'recipes/mail.yaml']);
  expect(code).toBe(2);
  expect(stderr + stdout).toBe(shown('roux check recipes/mail.yaml'));
});

test('a mistake in the data reads as in the guide', async () => {
  const { code, stdout } = await project.run(['run', 'recipes/letters.yaml']);
  expect(code).toBe(1);
  expect(stdout).toContain(`\n${shown('roux run recipes/letters.yaml')}`);
});

test('the JSON of a check has the fields that the guide names', async () => {
  const { stdout } = await project.run(['check', 'recipes/mail.yaml', '--json']);
  const { checked }: { checked: readonly [{ readonly diagnostics: readonly object[] }] } = JSON.parse(stdout);
  expect(guide).toContain('`{ "checked": [{ "file", "stages", "diagnostics" }] }`');
  expect(Object.keys(checked[0]).sort()).toEqual(['diagnostics', 'file']);
  const [diagnostic] = checked[0].diagnostics;
  const named = ['code', 'severity', 'message', 'location', 'found', 'expected', 'related'];
  expect(Object.keys(diagnostic ?? {}).sort()).toEqual(named.sort());
  for (const name of named) expect(guide).toContain(`\`${name}\``);
});
