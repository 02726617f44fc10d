/**
 * What people and their tools change between two runs of the built program, whose runs are answered from notes where nothing
 * changed (docs/adr/0098-whole-runs-are-recalled.md): a run gives what one in a new store does, however the changes come together.
 *
 * The full number: `npm run test:trust`; `ROUX_TRUST_SEED` does a run again.
 */
import { appendFile, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { BuiltProject, overwrite, projectFiles } from '../rig/built-project.js';
import { Chance } from '../rig/chance.js';

const rounds = Math.ceil(Number(process.env.ROUX_TRUST_FAULTS ?? 8) / 4);
const chance = new Chance(Number(process.env.ROUX_TRUST_SEED ?? Date.now() % 100_000));

vi.setConfig({ testTimeout: 3_600_000 });

const commandLines: readonly (readonly string[])[] = [[], ['--set', 'word=two']];

let project: BuiltProject;

beforeAll(async () => {
  project = await BuiltProject.create();
});

afterAll(async () => {
  console.info(`changes: ${rounds}, seed ${chance.seed}`);
  await project.remove();
});

test('a run after changes of any kind gives what one in a new store does', async () => {
  const seen: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const words = chance.of(commandLines);
    await project.settle(words, { env: randomEnvironment() });
    await rememberNotes(seen);
    const names: string[] = [];
    for (let more = 1 + Math.floor(chance.number() * 3); more > 0; more -= 1) {
      const [name, change] = chance.of(changes);
      names.push(name);
      await change(seen);
    }
    const env = randomEnvironment();
    const what = `${round}: ${names.join(' and ')}, ${words} ${JSON.stringify(env)}, seed ${chance.seed}`;
    const elsewhere = await mkdtemp(join(tmpdir(), 'roux-built-store-'));
    const anew = await project.run([...words, '--store', join(elsewhere, '.roux')], { env });
    const right = await project.contents(anew, join(elsewhere, '.roux'));
    await rm(elsewhere, { recursive: true });
    for (const ran of [await project.run(words, { env }), await project.settle(words, { env })]) {
      expect(ran.status, `${what}\n${ran.printed}`).toBe(0);
      expect(ran.digests, what).toEqual(anew.digests);
      expect(await project.contents(ran), what).toEqual(right);
    }
  }
});

function randomWord(): string {
  return chance.of(['one', 'two', 'six', 'ten', 'eleven']);
}

/** A recipe's parameter may be said by a variable. */
function randomEnvironment(): Readonly<Record<string, string>> {
  return chance.number() < 0.3 ? { WORD: randomWord() } : {};
}

/** Notes of runs as they were, `path\ntext`, for putting them back when they are no longer true. */
async function rememberNotes(seen: string[]): Promise<void> {
  for (const path of await runNotes()) seen.push(`${path}\n${await readFile(path, 'utf8')}`);
}

async function runNotes(): Promise<readonly string[]> {
  return (await project.files('recipes')).filter((path) => basename(path).startsWith('run-'));
}

/** Changes a byte of a file and neither its size nor its modification time. */
async function changeUnseen(path: string): Promise<void> {
  const { atime, mtime } = await stat(path);
  const bytes = await readFile(path);
  const at = Math.floor(chance.number() * (bytes.length - 1));
  bytes[at] = 'abcdefgh'.charCodeAt(Math.floor(chance.number() * 8));
  await overwrite(path, bytes);
  await utimes(path, atime, mtime);
}

const inProject = (path: string): string => join(project.folder, path);

/** Does something to a file of the store, unless an earlier change left none. */
async function toOneOf(part: string, change: (path: string) => Promise<void>): Promise<void> {
  const files = await project.files(part);
  if (files.length > 0) await change(chance.of(files));
}

async function deleteAll(part: string): Promise<void> {
  await rm(join(project.storeFolder, part), { recursive: true, force: true });
}

/** What people, their tools and their disks do between two runs. */
const changes: readonly (readonly [what: string, change: (seen: readonly string[]) => unknown])[] = [
  ['data changes', () => project.write('data.txt', `${randomWord()}\n`)],
  ['data changes within its size and time', () => changeUnseen(inProject('data.txt'))],
  ['data of a folder changes within its size and time', () => changeUnseen(inProject('data/a.txt'))],
  ['data is as it was', () => project.write('data.txt', projectFiles['data.txt'] ?? '')],
  ['data is as old as it was', () => utimes(inProject('data.txt'), 1, 1)],
  ['rows are added', () => appendFile(inProject('texts.tsv'), `${randomWord()} ${chance.number()}\todd\n`)],
  ['a file comes into a folder', () => project.write(`data/${randomWord()}.txt`, `${randomWord()}\n`)],
  [
    'a folder has one file',
    () => rm(inProject('data'), { recursive: true }).then(() => project.write('data/a.txt', 'aa\n')),
  ],
  [
    'a source of the plugin changes',
    () => project.write('said.mjs', `export const said = '${randomWord()}';\n`),
  ],
  ['the plugin has a comment', () => appendFile(inProject('copy.mjs'), `// ${randomWord()}\n`)],
  [
    'a parameter changes',
    () =>
      project.write(
        'roux.yaml',
        (projectFiles['roux.yaml'] ?? '').replace('default: one', `default: ${randomWord()}`),
      ),
  ],
  ['the recipe has a comment', () => appendFile(inProject('roux.yaml'), `# ${randomWord()}\n`)],
  ['an artifact is damaged within its size and time', () => toOneOf('artifacts', changeUnseen)],
  ['an artifact is deleted', () => toOneOf('artifacts', (path) => rm(dirname(path), { recursive: true }))],
  ['a result is deleted', () => toOneOf('results', rm)],
  ['artifacts are deleted', () => deleteAll('artifacts')],
  ['stamps are deleted', () => deleteAll('stamps')],
  [
    'a note of the past comes back',
    async (seen) => {
      const [path = '', text = ''] = chance.of(seen).split('\n');
      await writeFile(path, text);
    },
  ],
];
