/** `roux new` on files of the shapes that people have; what it writes is run. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.js';
import { checkRecipe } from '../../src/recipe/check-recipe.js';
import { root } from '../rig/build.js';
import { type FakeTerminal, fakeTerminal } from './fake-terminal.js';
import { CliProject } from './run-cli.js';

const model = join(root, 'models/base');
const shared = join(root, '../shared/data');

let project: CliProject;

beforeAll(async () => {
  project = await CliProject.create();
});

afterAll(() => project.remove());

/** Sentences that are told apart by one word, and otherwise have nothing in common. */
function sentence(index: number, word: string): string {
  const words = Array.from({ length: 9 }, (_, at) => vocabulary[(index * 31 + at * (index % 17) + at) % 97]);
  return `${word} ${words.join(' ')}`;
}

const vocabulary = Array.from({ length: 97 }, (_, index) => {
  const syllables = ['ba', 'ke', 'di', 'lo', 'mu', 'na', 'pe', 'ri', 'so', 'tu'];
  return `${syllables[index % 10]}${syllables[Math.floor(index / 10)]}${syllables[(index * 7) % 10]}`;
});

function rows(count: number, line: (text: string, label: string, index: number) => string): string {
  const lines = Array.from({ length: count }, (_, index) => {
    const label = index % 6 === 0 ? 'spam' : 'ham';
    return line(sentence(index, label === 'spam' ? 'prize' : 'meeting'), label, index);
  });
  return `${lines.join('\n')}\n`;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(project.folder, path)), { recursive: true });
  writeFileSync(join(project.folder, path), text);
}

async function begin(...args: readonly string[]): Promise<{ code: number; terminal: FakeTerminal }> {
  const terminal = fakeTerminal({ directory: project.folder });
  const code = await runCommandLine(['new', ...args, '--model', model], terminal);
  return { code, terminal };
}

function recipe(path: string): string {
  return readFileSync(join(project.folder, path), 'utf8');
}

describe('roux new', () => {
  test('reads semicolons, sees rare labels and rows without one, and the result runs', async () => {
    const text = `id;message;kind\n${rows(150, (words, label, index) => `${index};"${words}";${index === 9 ? '' : label}`)}`;
    write('data/mail.csv', text);
    const { code, terminal } = await begin('data/mail.csv', '-o', 'mail.yaml');
    expect(terminal.printedErrors()).toBe('');
    expect(code).toBe(0);
    const written = recipe('mail.yaml');
    expect(written).toContain('delimiter: ";"');
    expect(written).toContain('text: message');
    expect(written).toContain('label: kind  # ham 83 %, spam 17 %');
    expect(written).toContain('class_weights: balanced  # spam has only 17 % of the rows');
    expect(written).toContain('broken_rows: skip  # 1 rows');
    expect(terminal.printed()).toContain('roux run mail.yaml -p smoke');
    const run = await project.run(['run', 'mail.yaml', '-p', 'smoke']);
    expect(run.code, run.stdout + run.stderr).toBe(0);
  }, 120_000);

  test('sees that there is no header, and the other splits beside the file', async () => {
    for (const split of ['train', 'dev', 'test']) {
      write(
        `reviews/${split}.tsv`,
        rows(60, (text, label) => `${text} ${split}\t${label === 'spam' ? 1 : 0}`),
      );
    }
    const { code } = await begin('reviews/train.tsv', '-o', 'reviews.yaml');
    expect(code).toBe(0);
    const written = recipe('reviews.yaml');
    expect(written).toContain('header: false');
    expect(written).toContain('validation: reviews/dev.tsv');
    expect(written).toContain('text: "1"');
    expect(written).toContain('label: "2"  # 0 83 %, 1 17 %');
    const run = await project.run(['run', 'reviews.yaml', '-p', 'smoke', '--until', 'tokens']);
    expect(run.code, run.stdout + run.stderr).toBe(0);
  }, 60_000);

  test('takes the table of a data frame: its index has no name, and what repeats is no text', async () => {
    const notes = ['one, two and three were asked about it', 'four, five and six were asked about it'];
    const table = rows(
      60,
      (text, label, index) =>
        `${index},${text},${label},"${notes[index % 2]}, and nobody said more than that"`,
    );
    write('frame.csv', `,wording,kind,annotations\n${table}`);
    expect((await begin('frame.csv', '-o', 'frame.yaml')).code).toBe(0);
    const written = recipe('frame.yaml');
    expect(written).not.toContain('header: false');
    expect(written).toContain('text: wording');
    expect(written).toContain('label: kind  # ham 83 %, spam 17 %');
    const run = await project.run(['run', 'frame.yaml', '-p', 'smoke', '--until', 'tokens']);
    expect(run.code, run.stdout + run.stderr).toBe(0);
  }, 60_000);

  test('takes folders for labels', async () => {
    for (const label of ['good', 'bad']) {
      for (let index = 0; index < 30; index++) {
        write(`letters/${label}/${index}.txt`, sentence(index + (label === 'good' ? 0 : 500), label));
      }
    }
    expect((await begin('letters', '-o', 'letters.yaml')).code).toBe(0);
    expect(recipe('letters.yaml')).toMatch(/label: folder {2}# (?:good|bad) 50 %/);
    const run = await project.run(['run', 'letters.yaml', '-p', 'smoke', '--until', 'tokens']);
    expect(run.code, run.stdout + run.stderr).toBe(0);
  }, 60_000);

  test('takes pairs of texts, and labels that are numbers', async () => {
    const line = (text: string, label: string, index: number): string =>
      JSON.stringify({
        premise: text,
        hypothesis: sentence(index + 300, 'so'),
        gold: label === 'spam' ? 1 : 0,
      });
    write('pairs.jsonl', rows(60, line));
    expect((await begin('pairs.jsonl')).code).toBe(0);
    const written = recipe('pairs.yaml');
    expect(written).toContain('text: premise\n');
    expect(written).toContain('text_pair: hypothesis\n');
    expect(written).toContain('label: gold');
  });

  test('trains a language model where nothing looks like labels, and the result runs', async () => {
    write(
      'notes.txt',
      rows(80, (text) => text),
    );
    expect((await begin('notes.txt')).code).toBe(0);
    expect(recipe('notes.yaml')).toContain('task: masked-language-modeling');
    const run = await project.run(['run', 'notes.yaml', '-p', 'smoke']);
    expect(run.code, run.stdout + run.stderr).toBe(0);
  }, 120_000);

  test('takes columns from options, and refuses those that do not exist', async () => {
    write(
      'named.csv',
      `a,b,c\n${rows(40, (text, label, index) => `${text},${label},${index % 2 === 0 ? 'x' : 'y'}`)}`,
    );
    expect((await begin('named.csv', '--label', 'c')).code).toBe(0);
    expect(recipe('named.yaml')).toContain('label: c  # x 50 %, y 50 %');
    const { code, terminal } = await begin('named.csv', '--text', 'd', '-o', 'other.yaml');
    expect(code).toBe(2);
    expect(terminal.printedErrors()).toContain('[command/unknown-column]');
    expect(existsSync(join(project.folder, 'other.yaml'))).toBe(false);
  });

  test('overwrites nothing', async () => {
    write('twice.csv', `text,label\n${rows(40, (text, label) => `${text},${label}`)}`);
    write('twice.yaml', 'mine\n');
    const { code, terminal } = await begin('twice.csv');
    expect(code).toBe(2);
    expect(terminal.printedErrors()).toContain('[command/file-exists]');
    expect(recipe('twice.yaml')).toBe('mine\n');
  });

  test('copes with names and texts that would break YAML or a comment', async () => {
    const header = '"text: #1","la\u001bbel"\n';
    write('odd - näme.csv', header + rows(40, (text, label) => `"${text}","${label}: # \u001b[31m"`));
    const { code, terminal } = await begin('odd - näme.csv');
    expect(terminal.printedErrors()).toBe('');
    expect(code).toBe(0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may get through
    expect(terminal.printed() + recipe('odd-näme.yaml')).not.toMatch(/\u001b/);
  });

  test.skipIf(!existsSync(shared))(
    'writes recipes for real data that are right',
    async () => {
      const files = ['sst2/train.tsv', 'banking77/train.csv', 'sms-spam/sms.csv', 'hate/train.jsonl'];
      for (const file of [...files, 'stsb/train.tsv', 'corpus/abc_news.txt']) {
        const output = `real-${dirname(file)}.yaml`;
        expect((await begin(join(shared, file), '-o', output)).code, file).toBe(0);
        const checked = await checkRecipe({ file: join(project.folder, output), profile: 'smoke' });
        expect(checked.ok, file).toBe(true);
        if (files.includes(file)) expect(recipe(output), file).toContain('task: sequence-classification');
        else expect(recipe(output), file).toContain('task: masked-language-modeling');
      }
      expect(readdirSync(project.folder)).toContain('real-sst2.yaml');
    },
    60_000,
  );
});
