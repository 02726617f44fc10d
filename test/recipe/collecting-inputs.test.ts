import { describe, expect, test } from 'vitest';
import type { StageInfo } from '../../src/plugin/stage-info.js';
import { checkRecipe } from '../../src/recipe/check-recipe.js';

function stage(
  type: string,
  inputs: StageInfo['inputs'],
  outputs: Readonly<Record<string, string>>,
): StageInfo {
  return {
    type,
    version: 1,
    summary: type,
    settings: { type: 'object', properties: {}, additionalProperties: false },
    inputs,
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([port, kind]) => [port, { kind, description: port }]),
    ),
    seeded: false,
    tensors: false,
    threads: 1,
    keyless: [],
    source: { from: 'roux' },
    validate: () => [],
  };
}

const many = (kind: string): StageInfo['inputs'][string] => ({
  kind,
  many: true,
  optional: true,
  description: kind,
});

const registry = new Map(
  [
    stage('train', {}, { model: 'model', curve: 'curve' }),
    stage('report', { curves: many('curve'), artifacts: many('model') }, { report: 'report' }),
    stage(
      'compare',
      { model: { kind: 'model', description: 'one' }, curves: many('curve') },
      { metrics: 'metrics' },
    ),
  ].map((info) => [info.type, info]),
);

async function check(uses: string): ReturnType<typeof checkRecipe> {
  const text = `recipe: 1\nstages:\n  train: { uses: train }\n  last: { uses: ${uses}, in: [train] }\n`;
  return checkRecipe({ file: '/nowhere/recipe.yaml', text, registry });
}

describe('a stage named in a list', () => {
  test('goes to every input that collects and that one of its outputs fits', async () => {
    const checked = await check('report');
    if (!checked.ok) throw new Error(checked.error.map(({ message }) => message).join('; '));
    const last = checked.value.stages.find(({ name }) => name === 'last');
    expect(
      Object.entries(last?.inputs ?? {}).map(([port, references]) => [
        port,
        references.map((one) => one.port),
      ]),
    ).toEqual([
      ['curves', ['curve']],
      ['artifacts', ['model']],
    ]);
  });

  test('is ambiguous where one of the inputs that it fits takes a single artifact', async () => {
    const checked = await check('compare');
    expect(checked.ok).toBe(false);
    expect(!checked.ok && checked.error.map(({ code }) => code)).toEqual(['wiring/ambiguous']);
  });
});
