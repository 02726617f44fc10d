/** The recipes that people start from: each is explained, and those that share parts share what was made for them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../rig/build.js';
import { CliProject } from './run-cli.js';

const folder = join(root, 'recipes');
const recipes = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const onMails = recipes.filter((name) =>
  readFileSync(join(folder, name), 'utf8').includes('./parts/mail.yaml'),
);

test('every recipe is in the gallery, which names no other', () => {
  const gallery = readFileSync(join(root, 'docs/guide/gallery.md'), 'utf8');
  const named = [...gallery.matchAll(/\]\(\.\.\/\.\.\/recipes\/([\w-]+\.yaml)\)(\*?)/g)];
  expect(named.map(([, name]) => name).sort()).toEqual(recipes.sort());
  const starred = named.flatMap(([, name, star]) => (star === '*' ? [name] : []));
  expect(starred.sort()).toEqual(onMails.sort());
});

describe('recipes on mails', () => {
  let project: CliProject;

  beforeAll(async () => {
    project = await CliProject.create();
  });

  afterAll(() => project.remove());

  /** Runs the smoke profile; gives the stages whose results were there. */
  async function run(name: string): Promise<readonly string[]> {
    const args = [
      'run',
      join(folder, name),
      '-p',
      'smoke',
      '--json',
      '--store',
      join(project.folder, 'store'),
    ];
    const { code, stdout, stderr } = await project.run(args);
    expect(code, stdout.slice(-3000) + stderr.slice(-3000)).toBe(0);
    const events = stdout.trim().split('\n');
    return events
      .map((line) => JSON.parse(line))
      .flatMap(({ event, stage }) => (event === 'stage-hit' ? [stage] : []));
  }

  test('share what was made of the mails, whichever is run first', async () => {
    await run('bias-first.yaml');
    const probe = await run('linear-probe.yaml');
    expect(probe).toEqual(expect.arrayContaining(['mail', 'base', 'tokens']));
  }, 240_000);
});
