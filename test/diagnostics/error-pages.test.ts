/**
 * The pages under `docs/reference/errors/`: every code has its section, every section its code, and its examples are true.
 *
 * The first recipe of a section has the mistake, the others do not; the same holds for its command lines. Recipes whose
 * mistake shows while they run are run. A block that begins with a comment that names a file is that file.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.js';
import { diagnosticCodes } from '../../src/diagnostics/codes.js';
import { runningCodes } from '../../src/diagnostics/running-codes.js';
import { checkRecipe } from '../../src/recipe/check-recipe.js';
import { fakeTerminal } from '../cli/fake-terminal.js';
import { Workshop } from '../stages/run-stage.js';
import { codeOfRun } from './run-example.js';

const pages = join(import.meta.dirname, '../../docs/reference/errors');

interface Block {
  readonly language: string;
  readonly text: string;
}

interface Section {
  readonly family: string;
  readonly code: string;
  readonly prose: string;
  readonly blocks: readonly Block[];
}

const sections = readdirSync(pages)
  .filter((name) => name !== 'README.md')
  .sort()
  .flatMap((name) => sectionsOf(name.replace(/\.md$/, ''), readFileSync(join(pages, name), 'utf8')));

function sectionsOf(family: string, page: string): readonly Section[] {
  return page
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const end = section.indexOf('\n');
      const body = section.slice(end);
      const blocks = [...body.matchAll(/^```(\w+)\n(.*?)^```$/gms)];
      return {
        family,
        code: section.slice(0, end).trim(),
        prose: body.replaceAll(/^```(\w+)\n.*?^```$/gms, '').trim(),
        blocks: blocks.map(([, language = '', text = '']) => ({ language, text })),
      };
    });
}

/** Mistakes that no page can show as text; here they are, byte by byte. */
const unprintable: Readonly<Record<string, string | Buffer>> = {
  'file/binary': 'recipe: 1\nname: "a\0b"\n',
  'file/encoding': Buffer.from('recipe: 1\nname: caf\xe9\n', 'latin1'),
  'file/too-large': `recipe: 1\n${'# '.repeat(5_000_000)}`,
  'yaml/alias-bomb': bomb(),
  'yaml/depth': `recipe: 1\nname: ${'['.repeat(300)}${']'.repeat(300)}\n`,
  'recipe/empty': '# nothing\n',
  'recipe/not-a-map': '- uses: load-dataset\n',
  'params/too-large': doubling(),
  'matrix/too-many': manifold(),
};

/** Mistakes that need another machine, a spoilt file or a long training, or a schema that no stage type of roux has so far. */
const withoutExample = new Set([
  ...Object.keys(runningCodes).filter(
    (code) => sections.find((section) => section.code === code)?.blocks.length === 0,
  ),
  'file/folder',
  'file/unreadable',
  'recipe/value',
  'command/program',
]);

function bomb(): string {
  const levels = Array.from({ length: 8 }, (_, index) => {
    const items = index === 0 ? '1' : Array.from({ length: 10 }, () => `*l${index - 1}`).join(', ');
    return `  l${index}: &l${index} [${items}]\n`;
  });
  return `recipe: 1\nparams:\n${levels.join('')}`;
}

function doubling(): string {
  const levels = Array.from({ length: 25 }, (_, index) =>
    index === 0 ? '  l0: mail\n' : `  l${index}: "\${params.l${index - 1}}\${params.l${index - 1}}"\n`,
  );
  return withStages(`recipe: 1\nname: "\${params.l24}"\nparams:\n${levels.join('')}`);
}

/** Seven params with ten values each. */
function manifold(): string {
  const names = Array.from({ length: 7 }, (_, index) => `p${index}`);
  const values = Array.from({ length: 10 }, (_, index) => index + 1).join(', ');
  const lines = (value: string) => names.map((name) => `  ${name}: ${value}\n`).join('');
  const text = names.map((name) => `\${params.${name}}`).join('');
  const stage = `  mail: { uses: load-dataset, with: { path: data/mail.tsv, limit: 1, text: "${text}" } }\n`;
  return `recipe: 1\nparams:\n${lines('1')}matrix:\n${lines(`[${values}]`)}stages:\n${stage}`;
}

let folder = '';
const workshop = new Workshop();

/** Stages that examples read and do not show. */
const usualStages: Readonly<Record<string, string>> = {
  letters: '{ uses: load-dataset, with: { path: data/letters.csv, label: label } }',
  base: '{ uses: load-model, in: { dataset: letters }, with: { from: models/tiny, task: sequence-classification } }',
  tokens: '{ uses: tokenize, in: { dataset: letters, model: base }, with: { max_length: 16 } }',
  language: '{ uses: load-model, with: { from: models/tiny, task: masked-language-modeling } }',
  unlabelled: '{ uses: load-dataset, with: { path: data/letters.csv } }',
  unlabelled_tokens: '{ uses: tokenize, in: { dataset: unlabelled, model: base }, with: { max_length: 16 } }',
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-errors-'));
  vi.spyOn(process, 'cwd').mockReturnValue(folder);
  for (const name of ['data', 'models/base', 'base', 'stages', 'recipes']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  write('package.json', '{ "type": "module" }');
  for (const name of ['mail', 'old']) write(`data/${name}.tsv`, 'text\tlabel\nhello\tham\n');
  write('data/numbers.csv', 'a,b\n1,2\n3,4\n');
  const letters = Array.from({ length: 120 }, (_, row) => {
    const words = [7, 11, 13, 17].map((factor) => `word${(row * factor) % 119}`);
    return `${words.join(' ')},${row % 2 === 0 ? 'ham' : 'spam'}\n`;
  });
  write('data/letters.csv', `text,label\n${letters.join('')}`);
  write('data/notes/a.txt', 'a note\n');
  cpSync(join(import.meta.dirname, '../../models/base'), join(folder, 'models/tiny'), { recursive: true });
  write('base/mail.tsv', 'text\tlabel\nhello\tham\n');
  write(
    'base/classify.yaml',
    'recipe: 1\nstages:\n  mail: { uses: load-dataset, with: { path: mail.tsv } }\n' +
      '  base: { uses: load-model, with: { from: ../models/base } }\n' +
      '  frozen: { uses: freeze-layers, in: { model: base }, with: { freeze: [embeddings] } }\n',
  );
  write(
    'recipes/params.yaml',
    'recipe: 1\nparams: { epochs: 3 }\nprofiles: { smoke: { epochs: 1 } }\nseed: $' +
      '{params.epochs}\n' +
      'stages:\n  mail: { uses: load-dataset, with: { path: ../data/mail.tsv } }\n',
  );
  write('recipes/other.yaml', readFileSync(join(folder, 'recipes/params.yaml'), 'utf8'));
});

afterAll(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
  workshop.remove();
});

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
}

test('every code has its section, and every section its code, in the page of its family', () => {
  expect(sections.map(({ code }) => code).sort()).toEqual(Object.keys(diagnosticCodes).sort());
  for (const { family, code, prose } of sections) {
    expect(code.split('/')[0]).toBe(family);
    expect(prose, code).toMatch(/[.:]$/);
  }
});

test('every section has an example, or says of something that none can show', () => {
  const bare = sections.filter(({ blocks }) => blocks.length === 0).map(({ code }) => code);
  expect(bare.sort()).toEqual([...Object.keys(unprintable), ...withoutExample].sort());
});

describe('the examples', () => {
  test.each(sections.filter(({ blocks }) => blocks.length > 0))(
    'of $code are true',
    async ({ code, blocks }) => {
      const examples = blocks.filter((block) => !isFile(block));
      for (const block of blocks) {
        const [line = '', path] = fileComment.exec(block.text) ?? [];
        // Comments are no part of data.
        const isData = path !== undefined && !/\.(?:yaml|ts)$/.test(path);
        if (path !== undefined) write(path, isData ? block.text.slice(line.length) : block.text);
      }
      for (const [index, { language, text }] of examples.entries()) {
        const found = language === 'console' ? await said(text) : await codesOf(recipeOf(text), isRun(code));
        if (index === 0) expect(found, text).toContain(code);
        else expect(found, text).toEqual([]);
      }
    },
  );

  test.each(Object.entries(unprintable))('of %s, which no page can show, too', async (code, content) => {
    expect(await codesOf(content)).toContain(code);
  });
});

const fileComment = /^(?:#|\/\/) (\S+\.(?:yaml|ts|csv|jsonl|json|parquet))\n/;

function isFile({ text }: Block): boolean {
  return fileComment.test(text);
}

/** Whether the mistake shows only while stages run. */
function isRun(code: string): boolean {
  return Object.hasOwn(runningCodes, code);
}

/** Examples leave out what has nothing to do with them. */
function recipeOf(text: string): string {
  const begun = text.includes('recipe:') ? text : `recipe: 1\n${text}`;
  return withUsualStages(withStages(begun));
}

/** With the usual stages that are named, and those that they name. */
function withUsualStages(text: string): string {
  const missing = Object.entries(usualStages).find(
    ([name]) => new RegExp(`[:[,] *${name}\\b[^:]`).test(text) && !text.includes(`\n  ${name}: `),
  );
  if (missing === undefined) return text;
  const [name, stage] = missing;
  return withUsualStages(`${text}  ${name}: ${stage}\n`);
}

function withStages(text: string): string {
  const isComplete = /^(stages|extends):/m.test(text);
  return isComplete
    ? text
    : `${text}stages: { mail: { uses: load-dataset, with: { path: data/mail.tsv } } }\n`;
}

/** The codes of what is wrong with a recipe, and, when it `runs`, of the first stage that fails. */
async function codesOf(content: string | Buffer, runs = false): Promise<readonly string[]> {
  write('example.yaml', content);
  const checked = await checkRecipe({
    file: join(folder, 'example.yaml'),
    pluginCache: join(folder, 'plugins'),
    workingFolder: folder,
  });
  if (checked.ok && runs) return codeOfRun(checked.value, workshop);
  const diagnostics = checked.ok ? (checked.value.warnings ?? []) : checked.error;
  return diagnostics.map(({ code }) => code);
}

async function said(text: string): Promise<readonly string[]> {
  const terminal = fakeTerminal({ directory: folder });
  await runCommandLine(
    text
      .replace(/^\$ roux /, '')
      .trim()
      .split(' '),
    terminal,
  );
  const all = terminal.printed() + terminal.printedErrors();
  return Object.keys(diagnosticCodes).filter(
    (code) => all.includes(`[${code}]`) || all.includes(`"code":"${code}"`),
  );
}
