/** Sweeps by the command line. */
import { readdir, rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunRecord } from '../../src/engine/api.js';
import type { SweepRecord } from '../../src/engine/sweep-record.js';
import { CliProject } from './run-cli.js';

let project: CliProject;

beforeAll(async () => {
  project = await CliProject.create();
  await project.write({ 'stages/score.mjs': scoreStage });
  await project.write({
    'grid.yaml': recipe('x: [1, 3, 5, 2]'),
    'random.yaml': recipe('x: { minimum: 0, maximum: 9 }', 'method: random, trials: 6, seed: 4,'),
    'tpe.yaml': recipe('x: { minimum: 0, maximum: 9 }', 'method: tpe, trials: 12, seed: 4,'),
    'failing.yaml': recipe('x: [7, 3, 60]'),
    'asha.yaml': recipe(
      'x: [1, 2, 3, 4, 5, 6, 7, 8, 9]',
      'early_stopping: { budget: epochs, minimum: 1, maximum: 9 },',
    ),
    'shrinking.yaml': recipe(
      'x: [1, 2, 3, 4, 5, 6, 7.5, 8, 9]',
      'early_stopping: { budget: epochs, minimum: 1, maximum: 9 },',
    ).replace('metric: nearness', 'metric: shrinking'),
  });
});

afterAll(() => project.remove());

/** `score` measures how near `x` is to 3, throws for 7 and takes nothing above 50. */
function recipe(matrix: string, more = ''): string {
  return `recipe: 1
plugins: [./stages/work.mjs, ./stages/score.mjs]
params: { x: { type: number, default: 0, maximum: 100, minimum: 0 }, epochs: 1, text: same }
sweep: { matrix: { ${matrix} }, ${more} best: { stage: score, metric: nearness } }
stages:
  shared: { uses: work, with: { text: "\${params.text}" } }
  score: { uses: score, in: shared, with: { x: "\${params.x}", epochs: "\${params.epochs}" } }
  after: { uses: work, in: { before: score } }
`;
}

const scoreStage = `
import { Type } from '@sinclair/typebox';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
export default {
  type: 'score', version: 1, summary: 'Scores',
  settings: Type.Object({
    x: Type.Number({ description: 'Where', maximum: 50 }), epochs: Type.Number({ description: 'How long' }),
  }, { additionalProperties: false }),
  inputs: { before: { kind: 'work', description: 'What comes before' } },
  outputs: { work: { kind: 'work', description: 'The score' } },
  async run({ settings: { x, epochs }, outputs }) {
    if (x === 7) throw new Error('seven is no good');
    await writeFile(join(outputs.work.path, 'text.txt'), String(x) + ' ' + epochs);
    const nearness = 1 / (1 + Math.abs(x - 3));
    return { metrics: { nearness: nearness + epochs / 1000, shrinking: nearness - epochs } };
  },
};
`;

interface Told {
  readonly record: SweepRecord;
  /** Stages that began to run, with their trial. */
  readonly started: readonly string[];
  readonly code: number | null;
}

async function sweep(...args: readonly string[]): Promise<Told> {
  const { code, stdout, stderr } = await project.run(['sweep', ...args, '--json']);
  expect(stderr).toBe('');
  const events: readonly { event: string; sweep?: SweepRecord; stage?: string; trial?: number }[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const record = events.find(({ event }) => event === 'sweep-finished')?.sweep;
  if (record === undefined) throw new Error(`the sweep told of no end: ${stdout}`);
  const started = events.flatMap(({ event, stage, trial }) =>
    event === 'stage-started' ? [`${stage}#${trial}`] : [],
  );
  return { record, started, code };
}

function points({ record }: Told): readonly unknown[] {
  return record.trials.map(({ params, value, state }) => [params.x, value, state]);
}

describe('roux sweep', () => {
  test('tries a grid, sharing what trials have in common, and says how to run the best', async () => {
    const { code, stdout } = await project.run(['sweep', 'grid.yaml', '--set', 'text=other']);
    expect(code).toBe(0);
    expect(stdout).toContain('grid search for the largest nearness of score, all of a grid');
    expect(stdout).toMatch(/trial 2: 1\.0010 best so far/);
    expect(stdout).toMatch(/^ +3 +5 +0\.3343 +\S.*done$/m);
    expect(stdout).toContain('roux run grid.yaml --set text=other --set x=3');
    const runs: readonly RunRecord[] = JSON.parse(
      (await project.run(['runs', 'grid.yaml', '--json'])).stdout,
    );
    expect(runs.map(({ counts }) => counts?.hit)).toEqual([1, 1, 1, 0]);
  });

  test('with more trials computes only the new ones', async () => {
    const first = await sweep('grid.yaml', '--trials', '2');
    expect(first.started).toEqual(['shared#1', 'score#1', 'score#2']);
    const second = await sweep('grid.yaml');
    expect(second.started).toEqual(['score#3', 'score#4']);
    expect(second.record.id).toBe(first.record.id);
    expect(second.record).toMatchObject({ best: 2, outcome: 'done' });
  });

  test.each(['random', 'tpe'])(
    'tries the same %s points every time, and goes on from them',
    async (method) => {
      const first = await sweep(`${method}.yaml`);
      const count = first.record.trials.length;
      expect(new Set(first.record.trials.map(({ params }) => params.x)).size).toBe(count);
      const again = await sweep(`${method}.yaml`);
      expect(again.started).toEqual([]);
      expect(points(again)).toEqual(points(first));
      const more = await sweep(`${method}.yaml`, '--trials', String(count + 2));
      expect(more.started).toEqual([`score#${count + 1}`, `score#${count + 2}`]);
      expect(points(more).slice(0, count)).toEqual(points(first));
    },
  );

  test('does not end with a trial that fails, and names it', async () => {
    const { code, stdout } = await project.run(['sweep', 'failing.yaml']);
    expect(code).toBe(0);
    expect(stdout).toContain('trial 1 failed: score: seven is no good');
    expect(stdout).toMatch(/trial 3 failed: .*'x'.*\(.*failing\.yaml:\d+\)/);
    expect(stdout).toContain('Best: trial 2, nearness 1.0010.');
  });

  test('stops trials early that are not among the best', async () => {
    const { record } = await sweep('asha.yaml');
    const budgets = record.trials.map(({ runs }) => runs.map(({ budget }) => budget));
    expect(budgets.filter((list) => list.length === 1)).toHaveLength(6);
    expect(budgets[2]).toEqual([1, 3, 9]);
    expect(record).toMatchObject({ best: 3 });
    expect(record.trials.filter(({ state }) => state === 'stopped')).toHaveLength(7);
  });

  test('compares trials that went furthest first, though shorter ones came to better values', async () => {
    const { record } = await sweep('shrinking.yaml');
    const { stdout } = await project.run(['compare', record.id, '--json']);
    const labels = JSON.parse(stdout).runs.map(({ id }: { id: string }) => id);
    expect(labels[0]).toContain(`${record.id}#${record.best}`);
    const rungs = labels.map((label: string) => {
      const number = Number(/#(\d+)/.exec(label)?.[1]);
      return record.trials.find((trial) => trial.number === number)?.runs.length;
    });
    expect(rungs).toEqual([3, 2, 2, 1, 1, 1]);
  });
});

describe('trials side by side', () => {
  test.each(['grid', 'random'])('of a %s search come to the same as one after another', async (method) => {
    const alone = await sweep(`${method}.yaml`);
    const { record, started, code } = await sweep(`${method}.yaml`, '--jobs', '3', '--store', '.side');
    expect(code).toBe(0);
    const plain = ({ trials, best, outcome }: SweepRecord) => ({
      best,
      outcome,
      trials: trials.map(({ number, params, value, state }) => ({ number, params, value, state })),
    });
    expect(plain(record)).toEqual(plain(alone.record));
    expect(new Set(started).size).toBe(started.length);
  });

  test.each(['tpe', 'asha'])('of %s are chosen in the same way whichever is faster', async (method) => {
    const first = await sweep(`${method}.yaml`, '--jobs', '3', '--store', '.one');
    const second = await sweep(`${method}.yaml`, '--jobs', '3', '--store', '.two');
    expect(points(second)).toEqual(points(first));
    expect(second.record.best).toBe(first.record.best);
    expect(first.record.outcome).toBe('done');
  });
});

describe('what is left of a sweep', () => {
  test('is shown, as a whole and by trials, also when the project was moved', async () => {
    const { record } = await sweep('grid.yaml', '--set', 'text=moved');
    const shown = async () => (await project.run(['show', record.id])).stdout;
    const before = await shown();
    expect(before).toContain(`sweep ${record.id} of grid.yaml`);
    expect(before).toContain('roux run grid.yaml --set text=moved --set x=3');
    expect((await project.run(['show', 'sweep'])).stdout).toBe(before);
    const moved = `${project.folder}-moved`;
    await rename(project.folder, moved);
    try {
      const there = await project.run(['show', record.id], '', moved);
      expect(there.stdout).toBe(before);
      const kept = await project.run(['cache', 'gc', '--unreachable', '--dry-run', '--json'], '', moved);
      expect(JSON.parse(kept.stdout)).toMatchObject({ removedResults: [], removedSweeps: [] });
    } finally {
      await rename(moved, project.folder);
    }
    const trial = await project.run(['show', `${record.id}#3`]);
    expect(trial.stdout).toMatch(/^trial 3 of grid {2}done, nearness 0\.3343\n/);
    expect(trial.stdout).toContain('roux run grid.yaml --set text=moved --set x=5');
    expect(JSON.parse((await project.run(['show', record.id, '--json'])).stdout)).toEqual(record);
    expect((await project.run(['show', `${record.id}#9`])).stderr).toContain('its trials: 1 to 4');
  });

  test('goes with its page when it is old, after a dry run that says so', async () => {
    const { record } = await sweep('grid.yaml', '--store', '.old');
    const inStore = (...args: readonly string[]) => project.run([...args, '--store', '.old']);
    const page = (await inStore('report', record.id)).stdout.trim();
    expect(page).toBe(`.old/sweeps/${record.id}.html`);
    const recalled = await readdir(join(project.folder, '.roux/recipes'));
    const long = new Date('2020-01-01');
    await utimes(join(project.folder, page), long, long);
    const one = join('.roux/recipes', recalled[0] ?? '');
    await utimes(join(project.folder, one), long, long);
    const dry = (await inStore('cache', 'gc', '--older-than', '52w', '--dry-run')).stdout;
    expect(dry).toContain(`would remove the page sweeps/${record.id}.html`);
    expect(dry).toContain(`would remove the recalled recipe ${recalled[0]}`);
    expect(dry).toContain('0 sweeps, 1 pages, 1 recalled recipes');
    expect(await readdir(join(project.folder, '.old/sweeps'))).toHaveLength(2);
    await inStore('cache', 'gc', '--older-than', '52w');
    expect(await readdir(join(project.folder, '.old/sweeps'))).toEqual([`${record.id}.json`]);
    expect(await readdir(join(project.folder, '.roux/recipes'))).toHaveLength(recalled.length - 1);
    await rename(join(project.folder, 'grid.yaml'), join(project.folder, 'gone.yaml'));
    const gone = (await inStore('cache', 'gc', '--unreachable')).stdout;
    await rename(join(project.folder, 'gone.yaml'), join(project.folder, 'grid.yaml'));
    expect(gone).toContain(`removed the record of sweep ${record.id}`);
    expect(await readdir(join(project.folder, '.old/sweeps'))).toEqual([]);
  });
});
