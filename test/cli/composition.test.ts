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
