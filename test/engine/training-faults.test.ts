/**
 * Processes are killed within a real training, at random moments: the next runs end with the bytes of an undisturbed one,
 * with no process and nothing in the store left over. `npm run test:faults` kills often.
 */
import { cp, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openStore } from '../../src/engine/store.js';
import { verifyStore } from '../../src/engine/verify.js';
import { CliProject, type RunningCommand } from '../cli/run-cli.js';
import { childrenOf, isAlive, untilGone } from '../rig/rig.js';

const kills = Number(process.env.ROUX_TRAINING_KILLS ?? 3);

/** Kills fall into so many milliseconds after training has begun; it takes longer. */
const trainingMs = 900;

// Every kill is an engine and a stage process that start anew, on machines that have other things to do.
vi.setConfig({ testTimeout: 60_000 + kills * 60_000, hookTimeout: 120_000 });

/** A classifier of two layers, the lower of which is frozen, with dropout, evaluations and gradient accumulation. */
const recipe = `
recipe: 1
name: killed
stages:
  texts:
    uses: load-dataset
    with: { path: texts.tsv, label: label, near_duplicates: false, split: { train: 0.8, validation: 0.2 } }
  vocabulary:
    uses: train-tokenizer
    in: { dataset: texts }
    with: { vocabulary_size: 120 }
  base:
    uses: load-model
    in: { tokenizer: vocabulary, dataset: texts }
    with:
      task: sequence-classification
      config: { num_hidden_layers: 2, hidden_size: 16, num_attention_heads: 2, max_position_embeddings: 32 }
  tokens:
    uses: tokenize
    in: { dataset: texts, model: base }
  frozen:
    uses: freeze-layers
    in: { model: base }
    with: { freeze: [embeddings, layers.0] }
  train:
    uses: train
    in: { model: frozen, tokens: tokens }
    with:
      epochs: 24
      batch_size: 4
      gradient_accumulation: 2
      learning_rate: 2e-3
      evaluate_every: 20
      checkpoint_every_seconds: 0.05
`;

let project: CliProject;
let expected: readonly string[];
let seed = Number(process.env.ROUX_FAULT_SEED ?? Date.now() % 100_000);

beforeAll(async () => {
  project = await CliProject.create();
  await project.write({ 'recipe.yaml': recipe, 'texts.tsv': texts() });
  await finish(project.start(['run', 'recipe.yaml', '--threads', '2', '--store', 'undisturbed', '--json']));
  expected = await artifacts('undisturbed');
});

afterAll(async () => {
  console.info(`faults in training: the last seed was ${seed}`);
  await project.remove();
});

/** Sentences whose label shows in their words. */
function texts(): string {
  const words = [
    ['sun', 'light', 'warm', 'bright', 'day'],
    ['rain', 'dark', 'cold', 'night', 'wind'],
  ];
  const rows = Array.from({ length: 150 }, (_, row) => {
    const label = row % 2;
    const drawn = Array.from({ length: 3 + Math.floor(random() * 6) }, () => {
      const half = random() < 0.85 ? label : 1 - label;
      return words[half]?.[Math.floor(random() * 5)] ?? '';
    });
    return `${drawn.join(' ')} ${row}\t${['fair', 'foul'][label]}`;
  });
  return `${['text\tlabel', ...rows].join('\n')}\n`;
}

/** Numbers from 0 to 1 that a seed decides. */
function random(): number {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
}

/** Digests of all artifacts; that their bytes are what the digests say is verified. */
async function artifacts(store: string): Promise<readonly string[]> {
  const opened = await openStore(join(project.folder, store));
  expect((await verifyStore(opened)).damaged).toEqual([]);
  await opened.close();
  const found: string[] = [];
  const folder = join(project.folder, store, 'artifacts');
  for (const shard of await readdir(folder)) found.push(...(await readdir(join(folder, shard))));
  return found.sort();
}

async function debris(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of ['tmp', 'locks', 'scratch', 'processes']) {
    for (const entry of await readdir(join(project.folder, 'killed', name))) found.push(`${name}/${entry}`);
  }
  return found;
}

async function finish(run: RunningCommand): Promise<void> {
  const { code, stdout, stderr } = await run.end;
  expect(code, stdout.slice(-2_000) + stderr).toBe(0);
}

const ways = ['the engine is killed', 'the stage is killed', 'the run is interrupted'] as const;

/** Starts a run and disturbs it at some moment of its training; gives back whether it came to that. */
async function disturb(how: (typeof ways)[number]): Promise<boolean> {
  const run = project.start(['run', 'recipe.yaml', '--threads', '2', '--store', 'killed', '--json']);
  const begun = await run.until('"unit":"steps"').then(
    () => true,
    () => false,
  );
  if (!begun) {
    await finish(run);
    return false;
  }
  const stages = await childrenOf(run.child.pid);
  await Promise.race([wait(random() * trainingMs), run.end]);
  if (how === 'the engine is killed') run.child.kill('SIGKILL');
  else if (how === 'the run is interrupted') run.child.kill('SIGINT');
  else for (const pid of stages) if (await isAlive(pid)) process.kill(pid, 'SIGKILL');
  const { code, signal, stdout } = await run.end;
  for (const pid of stages) await untilGone(pid);
  const trained = /"event":"stage-done","stage":"train"/.test(stdout);
  if (!trained) {
    const end = {
      'the engine is killed': 'SIGKILL',
      'the stage is killed': 1,
      'the run is interrupted': 130,
    };
    expect(signal ?? code).toBe(end[how]);
  }
  return !trained;
}

test(`training that is disturbed ${kills} times, in three ways, ends with the same bytes`, async () => {
  let disturbed = 0;
  while (disturbed < kills) {
    if (await disturb(ways[disturbed % ways.length] ?? ways[0])) {
      disturbed += 1;
      continue;
    }
    // It was over before: compared, and begun again.
    expect(await artifacts('killed')).toEqual(expected);
    await rm(join(project.folder, 'killed'), { recursive: true });
  }
  const last = project.start(['run', 'recipe.yaml', '--threads', '2', '--store', 'killed', '--json']);
  await finish(last);
  const { stdout } = await last.end;
  expect(stdout).toMatch(/Going on after step \d+/);
  expect(await artifacts('killed')).toEqual(expected);
  expect(await debris()).toEqual([]);
  expect(await readdir(join(project.folder, 'killed', 'quarantine'))).toEqual([]);
});

test('compiled functions that another run kept are found, and give the same bytes', async () => {
  const functions = (store: string) => join(project.folder, store, 'functions');
  const kept = await readdir(functions('undisturbed'));
  // A training accumulates and updates, and its evaluation measures.
  expect(kept.length).toBeGreaterThanOrEqual(3);
  await cp(functions('undisturbed'), functions('warm'), { recursive: true });
  for (const name of kept) await utimes(join(functions('warm'), name), 1, 1);
  await finish(project.start(['run', 'recipe.yaml', '--threads', '2', '--store', 'warm', '--json']));
  expect((await readdir(functions('warm'))).sort()).toEqual(kept.sort());
  const used = await Promise.all(
    kept.map(async (name) => (await stat(join(functions('warm'), name))).mtimeMs),
  );
  expect(Math.min(...used)).toBeGreaterThan(1_000_000);
  expect(await artifacts('warm')).toEqual(expected);
});
