/** What an editor shows in recipes: the YAML language server with the schema that `roux schema` writes. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.js';
import { loadRegistry } from '../../src/plugin/load-registry.js';
import type { StageInfo } from '../../src/plugin/stage-info.js';
import { isObject } from '../../src/recipe/describe-schema.js';
import { fakeTerminal } from '../cli/fake-terminal.js';
import { LanguageClient, type Offered, type Position, type Underlined } from './language-client.js';

const plugin = `import { defineStage, Type } from 'roux';

export default defineStage({
  type: 'train-loudly',
  version: 1,
  summary: 'Trains so that the neighbours hear it',
  settings: Type.Object({
    volume: Type.Integer({ minimum: 1, maximum: 11, description: 'How loud it is.', default: 5 }),
  }),
  inputs: { model: { kind: 'model', description: 'The model.' } },
  outputs: { model: { kind: 'model', description: 'The same model.' } },
  async run() {},
});
`;

const root = fileURLToPath(new URL('../..', import.meta.url));
const ownRecipes = readdirSync(join(root, 'recipes')).filter((name) => name.endsWith('.yaml'));

let folder = '';
let client: LanguageClient;
let stages: readonly StageInfo[] = [];
let documents = 0;

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'roux-editor-')));
  mkdirSync(join(folder, 'stages'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'stages/train-loudly.ts'), plugin);
  writeFileSync(join(folder, 'roux.yaml'), 'recipe: 1\nplugins: [./stages/train-loudly.ts]\nstages: {}\n');
  const args = ['schema', '--recipe', 'roux.yaml', '-o', '.roux/recipe.schema.json'];
  expect(await runCommandLine(args, fakeTerminal({ directory: folder }))).toBe(0);
  const loaded = await loadRegistry({ plugins: ['./stages/train-loudly.ts'], from: folder });
  if (!loaded.ok) throw new Error('the plugin was not loaded');
  stages = [...loaded.value.registry.values()];
  client = await LanguageClient.start(folder);
}, 60_000);

afterAll(async () => {
  await client.stop();
  rmSync(folder, { recursive: true });
});

/** An open document with the place of the cursor, which the text marks by `|`. */
interface Opened {
  readonly file: string;
  readonly lines: readonly string[];
  readonly cursor: Position;
  readonly underlined: readonly Underlined[];
}

async function open(body: string): Promise<Opened> {
  const marked = `# yaml-language-server: $schema=./.roux/recipe.schema.json\n${body}`;
  const at = marked.indexOf('|');
  const text = marked.replace('|', '');
  const before = marked.slice(0, Math.max(0, at)).split('\n');
  const file = join(folder, `document-${documents++}.yaml`);
  const underlined = await client.open(file, text);
  return {
    file,
    lines: text.split('\n'),
    cursor: { line: before.length - 1, character: before.at(-1)?.length ?? 0 },
    underlined,
  };
}

async function offeredAt(body: string): Promise<readonly Offered[]> {
  const { file, cursor } = await open(body);
  return client.complete(file, cursor);
}

async function hoverAt(body: string): Promise<string> {
  const { file, cursor } = await open(body);
  return client.hover(file, cursor);
}

/** What is underlined, as `text: message`; of ranges over several lines the first. */
async function underlined(body: string): Promise<readonly string[]> {
  const { lines, underlined: found } = await open(body);
  return found.map(({ message, range: { start, end } }) => {
    const to = end.line === start.line ? end.character : undefined;
    return `${lines[start.line]?.slice(start.character, to)}: ${message}`;
  });
}

function documentationOf(offered: Offered | undefined): string {
  const { documentation = '' } = offered ?? {};
  return typeof documentation === 'string' ? documentation : documentation.value;
}

function settingsOf({ settings }: StageInfo): readonly (readonly [string, string])[] {
  const properties = isObject(settings.properties) ? settings.properties : {};
  return Object.entries(properties).map(([name, schema]) => [
    name,
    isObject(schema) && typeof schema.description === 'string' ? schema.description : '',
  ]);
}

/** A description without Markdown's marks, which the server escapes in its own way. */
function words(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}]+/gu, ' ').trim();
}

describe('an editor', () => {
  test('completes every stage type, those of plugins too, with what it does, reads and makes', async () => {
    const offered = await offeredAt('recipe: 1\nstages:\n  first:\n    uses: |\n');
    expect(stages.length).toBeGreaterThan(12);
    for (const { type, summary } of stages) {
      const documentation = documentationOf(offered.find(({ label }) => label === type));
      expect(words(documentation), type).toContain(words(summary));
      expect(documentation, type).toContain('Makes:');
    }
  });

  test('completes every setting of every stage type, and no other, with its documentation', async () => {
    for (const stage of stages) {
      const settings = settingsOf(stage);
      if (settings.length === 0) continue;
      const offered = await offeredAt(
        `recipe: 1\nstages:\n  first:\n    uses: ${stage.type}\n    with:\n      |\n`,
      );
      const labels = offered.map(({ label }) => label).filter((label) => !label.startsWith('settings of'));
      expect(labels.sort(), stage.type).toEqual(settings.map(([name]) => name).sort());
      for (const [name, description] of settings) {
        const documentation = documentationOf(offered.find(({ label }) => label === name));
        expect(words(documentation), `${stage.type}.${name}`).toContain(words(description));
      }
    }
  });

  test('shows the documentation of every setting under the pointer', async () => {
    for (const stage of stages) {
      const settings = settingsOf(stage);
      const written = settings.map(([name]) => `      ${name}: \n`).join('');
      const { file, lines } = await open(
        `recipe: 1\nstages:\n  first:\n    uses: ${stage.type}\n    with:\n${written}`,
      );
      for (const [name, description] of settings) {
        const line = lines.indexOf(`      ${name}: `);
        const shown = await client.hover(file, { line, character: 7 });
        expect(words(shown), `${stage.type}.${name}`).toContain(words(description));
      }
      client.close(file);
    }
  });

  test('shows what a setting may be and what it is by default', async () => {
    const shown = await hoverAt(
      'recipe: 1\nstages:\n  first:\n    uses: train-loudly\n    in: base\n    with:\n      vol|ume: 5\n',
    );
    expect(shown).toContain('How loud it is.');
    expect(shown).toContain('A whole number from 1 to 11; default: `5`.');
  });

  test('completes the inputs of a stage type with their kinds', async () => {
    const offered = await offeredAt('recipe: 1\nstages:\n  first:\n    uses: train\n    in:\n      |\n');
    expect(offered.map(({ label }) => label)).toEqual(
      expect.arrayContaining(['model', 'tokens', 'penalties']),
    );
    expect(offered.map(({ label }) => label)).not.toContain('dataset');
    expect(documentationOf(offered.find(({ label }) => label === 'tokens'))).toContain('tokens');
  });

  test('completes the choices of a setting', async () => {
    const offered = await offeredAt(
      'recipe: 1\nstages:\n  first:\n    uses: load-model\n    with:\n      task: |\n',
    );
    expect(offered.map(({ label }) => label)).toContain('sequence-classification');
  });

  test('offers a whole recipe in an empty file, which is right as it stands', async () => {
    const offered = await offeredAt('|\n');
    const recipe = offered.find(({ label }) => label.startsWith('a recipe'));
    const text = (recipe?.textEdit?.newText ?? recipe?.insertText ?? '').replaceAll(
      /\$\{\d+:([^}]*)\}/g,
      '$1',
    );
    expect(text).toContain('uses: load-dataset');
    expect(await underlined(text)).toEqual([]);
  });
});

describe('an editor underlines', () => {
  test('exactly what is wrong', async () => {
    const found = await underlined(
      [
        'recipe: 1',
        'stages:',
        '  mail: { uses: load-dataset, with: { path: mail.tsv, lable: spam, limit: 0 } }',
        '  base: { uses: load-model, with: { from: models/base, task: classification } }',
        '  tokens: { uses: tokenize, in: { modle: base, dataset: mail }, with: { max_length: long } }',
        '  loud: { uses: train-loudly, in: base, with: { volume: 12 } }',
        '  nothing: {}',
        '  tested: { uses: evaluat }',
        '  part: { uses: ./part.yaml }',
        'seeds: 3',
        '',
      ].join('\n'),
    );
    expect([...found].sort()).toEqual([
      '0: Value is below the minimum of 1.',
      '12: Value is above the maximum of 11.',
      expect.stringMatching(/^classification: Value must be/),
      expect.stringMatching(/^evaluat: Value is not accepted. Valid values: "bias-audit"/),
      'lable: Property lable is not allowed.',
      expect.stringMatching(/^long: Incorrect type/),
      'modle: Property modle is not allowed.',
      'nothing: Missing property "uses".',
      'seeds: Property seeds is not allowed.',
    ]);
  });

  test('missing settings, inputs and stages', async () => {
    expect(await underlined('recipe: 1\n')).toEqual([expect.stringContaining('"stages"')]);
    const found = await underlined('recipe: 1\nstages:\n  first:\n    uses: evaluate\n');
    expect(found).toEqual([expect.stringMatching(/^first: Missing property "in"/)]);
  });

  test('no parameter that stands for a value, whatever the value is', async () => {
    const settings = stages.map((stage, index) => {
      const written = settingsOf(stage).map(([name]) => `      ${name}: "\${params.${name}}"\n`);
      return `  s${index}:\n    uses: ${stage.type}\n    with:\n${written.join('')}`;
    });
    const found = await underlined(
      `recipe: 1\nextends: ./other.yaml\nseed: "\${params.seed}"\nstages:\n${settings.join('')}`,
    );
    expect(found).toEqual([]);
  });

  test('nothing in a recipe that changes another one', async () => {
    const found = await underlined(
      [
        'recipe: 1',
        'extends: ./base.yaml',
        'stages:',
        '  tokens: { with: { max_length: 64 } }',
        '  frozen: { uses: freeze-layers, with: { freeze: { $append: [pooler] } } }',
        '  train: { uses: train, in: { penalties: [memory] } }',
        '  audit: null',
        '',
      ].join('\n'),
    );
    expect(found).toEqual([]);
  });

  const removals = [
    'seed: null',
    'stages:',
    '  mail: { with: { limit: null, text: null, label: null, labels: null, split: { validation: null } } }',
    '  base: { with: { task: null } }',
    '  tokens: { with: { max_length: null, overflow: null } }',
    '  frozen: { uses: freeze-layers, with: { freeze: null } }',
    '  train: { uses: train, in: { penalties: null }, with: { early_stopping: null, class_weights: null } }',
    '  evaluate: { expect: null, with: null }',
    '  named: { uses: load-dataset, with: { limit: null, text: null, split: { validation: null } } }',
    '',
  ];

  test('no null that removes what an extended recipe says', async () => {
    expect(await underlined(['recipe: 1', 'extends: ./base.yaml', ...removals].join('\n'))).toEqual([]);
  });

  test('every null where there is nothing that it could remove', async () => {
    const stages = [
      'stages:',
      '  mail: { uses: load-dataset, with: { path: mail.tsv, limit: null, text: null, split: { test: null } } }',
      '  base: { uses: load-model, with: { from: models/base, task: null } }',
      '  audit: null',
    ];
    const found = await underlined(['recipe: 1', 'seed: null', ...stages, ''].join('\n'));
    const expected = (type: string): string => `null: Incorrect type. Expected "${type}".`;
    expect([...new Set(found)].sort()).toEqual([
      expected('integer'),
      expected('number'),
      expected('object'),
      expected('string'),
      expect.stringMatching(/^null: Value must be "sequence-classification"/),
    ]);
  });

  test('what is wrong beside a null', async () => {
    const stages = 'stages:\n  mail: { uses: load-dataset, with: { lable: null, limit: 0 } }\n';
    const found = await underlined(`recipe: 1\nextends: ./base.yaml\n${stages}`);
    expect([...found].sort()).toEqual([
      '0: Value is below the minimum of 1.',
      'lable: Property lable is not allowed.',
    ]);
  });

  test.each(ownRecipes)('nothing in %s', async (name) => {
    const file = join(root, 'recipes', name);
    const found = await client.open(file, readFileSync(file, 'utf8'));
    expect(found).toEqual([]);
  });
});
