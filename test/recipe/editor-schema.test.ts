import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { StageInfo } from '../../src/plugin/stage-info.js';
import { editorRecipeSchema, editorStageSchema } from '../../src/recipe/editor-schema.js';
import { fakeRegistry } from './fake-registry.js';

const schema = editorRecipeSchema([...fakeRegistry.values()]);
const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);

function complaints(text: string): readonly string[] {
  validate(parse(text));
  return (validate.errors ?? []).map(({ instancePath }) => instancePath);
}

function info(type: string): StageInfo {
  const found = fakeRegistry.get(type);
  if (!found) throw new Error(`no stage type ${type}`);
  return found;
}

describe("the editors' schema", () => {
  test('accepts a good recipe with parameters anywhere and defaults left out', () => {
    const text = `
recipe: 1
plugins: [./shout.ts]
params: { epochs: 3, split: { train: 1, validation: 0, test: 0 } }
seed: "\${params.seed}"
stages:
  mail: { uses: load-dataset, with: { path: mail.tsv, split: "\${params.split}", limit: "\${params.limit}" } }
  base: { uses: load-model }
  tokens: { uses: tokenize, in: [mail, base], with: { pairs: "\${params.pairs}" } }
  train:
    uses: train
    in: { model: base, tokens: tokens, penalties: [base] }
    with: { epochs: "\${params.epochs}", schedule: "\${params.schedule}" }
    expect: { loss: ["> 0", "< 1"] }
  own: { uses: shout, with: { anything: goes }, in: { whatever: base } }
`;
    expect(complaints(text)).toEqual([]);
  });

  test.each([
    ['an unknown key', 'recipe: 1\nstage: {}\nstages: { a: { uses: load-model } }', ''],
    [
      'an unknown setting',
      'recipe: 1\nstages: { a: { uses: load-model, with: { frm: x } } }',
      '/stages/a/with',
    ],
    [
      'a wrong value',
      'recipe: 1\nstages: { a: { uses: tokenize, in: b, with: { max_length: many } } }',
      '/stages/a/with/max_length',
    ],
    [
      'a wrong choice',
      'recipe: 1\nstages: { a: { uses: train, in: b, with: { schedule: lineer } } }',
      '/stages/a/with/schedule',
    ],
    ['an unknown stage type', 'recipe: 1\nstages: { a: { uses: load-modle } }', '/stages/a/uses'],
    ['a missing setting', 'recipe: 1\nstages: { a: { uses: load-dataset } }', '/stages/a'],
    [
      'an unknown input',
      'recipe: 1\nstages: { a: { uses: tokenize, in: { dataset: b, modle: c } } }',
      '/stages/a/in',
    ],
  ])('underlines %s', (_, text, place) => {
    expect(complaints(text)).toContain(place);
  });

  test('says of a stage type what it is, where it is chosen and where its settings are written', () => {
    expect(JSON.stringify(schema)).toContain(
      '{"const":"tokenize","description":"A tokenize","markdownDescription":',
    );
    expect(JSON.stringify(schema)).toContain('The column of the label');
  });

  test('of one stage type does not demand what has a default', () => {
    expect(editorStageSchema(info('load-dataset'))).toMatchObject({
      title: 'load-dataset',
      required: ['path'],
    });
    expect(editorStageSchema(info('train'))).not.toHaveProperty('required');
  });
});
