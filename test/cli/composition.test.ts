/** Recipes that build on others, as somebody uses them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CliProject } from './run-cli.js';

let project: CliProject;

beforeAll(async () => {
  project = await CliProject.create();
});

afterAll(() => project.remove());

describe('plugins of an extended recipe and of one that is a stage', () => {
  const player = (word: string): string => `
import { Type } from '@sinclair/typebox';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
export default {
  type: 'play', version: 1, summary: 'Plays',
  settings: Type.Object({}, { additionalProperties: false }),
  inputs: { before: { kind: 'work', description: 'What comes before' } },
  outputs: { work: { kind: 'work', description: 'The text' } },
  async run({ outputs }) {
    await writeFile(join(outputs.work.path, 'text.txt'), '${word}');
    return { summary: '${word}' };
  },
};
`;

  beforeEach(async () => {
    await project.write({
      'parts/play.mjs': player('plays'),
      'parts/rest.mjs': player('rests').replace("type: 'play'", "type: 'rest'"),
      'base.yaml': 'recipe: 1\nplugins: [./stages/work.mjs]\nstages: { first: { uses: work } }\n',
      'parts/sub.yaml':
        'recipe: 1\nplugins: [./play.mjs]\ninputs: { before: work }\noutputs: { work: player }\n' +
        'stages: { player: { uses: play, in: { before: inputs.before } } }\n',
      'mine.yaml':
        'recipe: 1\nextends: ./base.yaml\nplugins: [./parts/rest.mjs, ./stages/work.mjs]\nstages:\n' +
        '  second: { uses: ./parts/sub.yaml, in: { before: first } }\n  third: { uses: rest, in: second.work }\n',
    });
  });

  test('work in plan, run and why, which sees their code change', async () => {
    expect((await project.run(['plan', 'mine.yaml'])).stdout).toContain('1 of 3 stages to run, 2 more wait');
    expect((await project.run(['run', 'mine.yaml'])).stdout).toMatch(/second\/player +done +\S.*plays/);
    await project.write({ 'parts/play.mjs': player('plays on') });
    const plan = await project.run(['plan', 'mine.yaml']);
    expect(plan.stdout).toContain('the code of play.mjs changed');
    const why = await project.run(['why', 'second/player', 'mine.yaml']);
    expect(why.stdout).toContain('the code of play.mjs changed');
  });

  test('are among the stage types and in the schema of the recipe', async () => {
    const { stdout } = await project.run(['stages', '--recipe', 'mine.yaml', '--json']);
    const types: readonly { readonly type: string }[] = JSON.parse(stdout);
    expect(types.map(({ type }) => type)).toEqual(expect.arrayContaining(['work', 'play', 'rest']));
    const schema = await project.run(['schema', '--recipe', 'mine.yaml']);
    for (const type of ['work', 'play', 'rest']) expect(schema.stdout).toContain(`"${type}"`);
  });

  test('are followed by watch', async () => {
    const { child, end, until } = project.start(['watch', 'mine.yaml']);
    await until('second/player');
    await until('✔');
    await project.write({ 'parts/play.mjs': player('plays louder') });
    await until('plays louder');
    child.kill('SIGINT');
    expect((await end).code).toBe(130);
  });
});

describe('a recipe that is a part of others', () => {
  const part = `recipe: 1
plugins: [./stages/work.mjs]
inputs: { before: work, other: { kind: work, optional: true } }
outputs: { work: last }
params: { text: { type: string } }
stages:
  last: { uses: work, in: { before: inputs.before }, with: { text: "\${params.text}" } }
`;

  test('passes the check, its inputs being what they are declared to be', async () => {
    await project.write({ 'part.yaml': part, 'wrong.yaml': part.replace('before: work,', 'before: model,') });
    const good = await project.run(['check', 'part.yaml']);
    expect(good).toMatchObject({ code: 0, stderr: '' });
    expect(good.stdout).toBe('part.yaml: 1 stage, good; a part of other recipes, which give it before\n');
    const wrong = await project.run(['check', 'wrong.yaml']);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('[wiring/kind]');
  });

  test.each(['run', 'plan'])('is not for roux %s, which says what it needs', async (command) => {
    await project.write({ 'part.yaml': part });
    const { code, stderr } = await project.run([command, 'part.yaml', '--set', 'text=a']);
    expect(code).toBe(2);
    expect(stderr).toContain('part.yaml:3:1: error: the recipe is a part of others');
    expect(stderr).toContain('found:    before: work\n');
    expect(stderr).toContain('{ uses: ./part.yaml, in: { before: STAGE } }');
    expect(stderr).toContain('One mistake');
  });

  test('does not make params optional in a recipe that others do not use', async () => {
    await project.write({
      'alone.yaml': part.replace(/(in|out)puts: .*\n/g, '').replace('in: { before: inputs.before }, ', ''),
    });
    expect((await project.run(['check', 'alone.yaml'])).stderr).toContain('[params/missing]');
  });
});

test('who writes a matrix as elsewhere is told how it is written here', async () => {
  await project.write({
    'matrix.yaml': `recipe: 1
plugins: [./stages/work.mjs]
strategy: { matrix: { text: [a, b] } }
stages:
  one: { uses: work, matrix: { text: [a, b] }, with: { text: "\${matrix.text}" } }
  two: { uses: work, foreach: [a, b], with: { text: "\${item}" } }
  three: { uses: work, with: { text: "\${env.HOME}" } }
`,
  });
  const { stderr } = await project.run(['check', 'matrix.yaml']);
  const help = stderr.split('\n').filter((line) => line.startsWith('  help:'));
  expect(help).toEqual([
    "  help:     'matrix' at the top of the recipe varies params by name: matrix: { epochs: [1, 3] }",
    expect.stringContaining('a stage alone varies with foreach: { size: [1, 2] }'),
    expect.stringContaining(`'matrix' varies params, so its values are \${params.text}`),
    expect.stringContaining('give it a name: foreach: { size: [1, 2] }'),
    expect.stringContaining(`gives \${foreach.NAME}`),
    expect.stringContaining('{ type: string, env: HOME }'),
  ]);
});

test.each([
  ['stages', 'is a folder [file/folder]'],
  ['none.yaml', 'does not exist [file/missing]'],
  ['package.json/none', 'does not exist [file/missing]'],
])('a params file %s is named as what it is', async (file, what) => {
  await project.write({
    'plain.yaml': 'recipe: 1\nplugins: [./stages/work.mjs]\nstages: { a: { uses: work } }\n',
  });
  const { code, stderr } = await project.run(['run', 'plain.yaml', '--params', file]);
  expect(code).toBe(2);
  expect(stderr).toContain(`the params file ${file} ${what}`);
});

test('settings that count only beside others may vary together, as maps', async () => {
  const train = (settings: string): string => `recipe: 1
params: { optimizer: adamw, momentum: 0.9, how: { optimizer: adamw } }
matrix: { how: { plain: { optimizer: adamw }, heavy: { optimizer: sgd, momentum: 0.9 } } }
stages:
  mail: { uses: load-dataset, with: { path: mail.tsv, text: text, label: label } }
  base: { uses: load-model, with: { from: ./model, task: sequence-classification } }
  tokens: { uses: tokenize, in: [mail, base] }
  train: { uses: train, in: [base, tokens], with: ${settings} }
`;
  await project.write({
    'mail.tsv': 'text\tlabel\na\tb\n',
    'model/config.json': '{}',
    'apart.yaml': train(`{ optimizer: "\${params.optimizer}", momentum: "\${params.momentum}" }`),
    'together.yaml': train(`"\${params.how}"`),
  });
  const apart = await project.run(['check', 'apart.yaml']);
  expect(apart.stderr).toContain("the setting 'momentum' has no meaning with optimizer: adamw");
  expect(apart.stderr).toContain("a map with 'optimizer' that has 'momentum' only where it counts");
  expect((await project.run(['check', 'together.yaml'])).stdout).toContain('together.yaml: 5 stages, good');
});

describe('what stages share and vary', () => {
  const recipe = (third: string): string => `recipe: 1
plugins: [./stages/work.mjs]
stages:
  first: &first { uses: work, foreach: { size: { small: x, big: y } }, with: { text: "\${foreach.size}" } }
  second: { <<: *first, in: { before: first } }
  third: { uses: work, in: { before: "${third}" } }
`;

  test('a stage that another is merged into varies with it', async () => {
    await project.write({ 'shared.yaml': recipe('second[size=big]') });
    const { stdout } = await project.run(['plan', 'shared.yaml', '--explain', '--only', 'third']);
    expect(stdout).toMatch(/in\.before +second\[size=big\]\.work/);
    expect((await project.run(['check', 'shared.yaml'])).stdout).toContain('5 stages, good');
  });

  test('brackets in the wrong place are put right', async () => {
    await project.write({ 'shared.yaml': recipe('second.work[size=big]') });
    const { stderr } = await project.run(['check', 'shared.yaml']);
    expect(stderr).toContain('help:     brackets follow the stage: second[size=big].work');
  });
});

test('variants are chosen by some of their values, in any order', async () => {
  await project.write({
    'varied.yaml': `recipe: 1
plugins: [./stages/work.mjs]
params: { text: x, more: y }
matrix: { text: [p, q], more: [r, s] }
stages:
  a: { uses: work, with: { text: "\${params.text}\${params.more}" } }
  b: { uses: work, in: { before: a } }
`,
  });
  const planned = async (...only: readonly string[]): Promise<readonly string[]> => {
    const options = only.flatMap((name) => ['--only', name]);
    const { stdout } = await project.run(['plan', 'varied.yaml', ...options, '--json']);
    return JSON.parse(stdout).stages.map(({ name }: { name: string }) => name);
  };
  expect(await planned('a[text=p]')).toEqual(['a[text=p,more=r]', 'a[text=p,more=s]']);
  expect(await planned('a[more=s, text=q]')).toEqual(['a[text=q,more=s]']);
  expect(await planned('b[more=r]')).toHaveLength(4);
  const explained = await project.run(['plan', 'varied.yaml', '--explain', '--only', 'b[more=s,text=q]']);
  expect(explained.stdout).toMatch(/^b\[text=q,more=s\] /);
  expect((await project.run(['plan', 'varied.yaml', '--only', 'a[text=z]'])).code).toBe(2);
  expect((await project.run(['why', 'a[more=s,text=q]', 'varied.yaml'])).stdout).toContain(
    'a[text=q,more=s]  has to run',
  );
  const several = await project.run(['why', 'a[more=s]', 'varied.yaml']);
  expect(several.stderr).toContain('a[more=s] means several stages');
  expect(several.stderr).toContain('name one: a[text=p,more=s], a[text=q,more=s]');
});

test('items of a list that a param and an extended recipe give are explained by their whole way', async () => {
  await project.write({
    'mail.tsv': 'text\tlabel\na\tb\n',
    'model/config.json': '{}',
    'listed.yaml': `recipe: 1
params: { freeze: [embeddings] }
stages:
  base: { uses: load-model, with: { from: ./model } }
  frozen: { uses: freeze-layers, in: base, with: { freeze: "\${params.freeze}" } }
`,
    'longer.yaml': 'recipe: 1\nextends: listed.yaml\nparams: { freeze: { $append: [pooler] } }\n',
  });
  const { stdout } = await project.run(['plan', 'longer.yaml', '--explain', '--only', 'frozen']);
  expect(stdout).toMatch(
    /freeze\.0 +embeddings +listed\.yaml:5:\d+ \$\{params\.freeze\} <- listed\.yaml:2:20/,
  );
  expect(stdout).toMatch(/freeze\.1 +pooler +listed\.yaml:5:\d+ \$\{params\.freeze\} <- longer\.yaml:3:31/);
});
