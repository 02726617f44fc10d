import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { stageReference, stageReferenceIndex } from '../../src/recipe/stage-reference.js';
import { fakeRegistry } from './fake-registry.js';

const stages = [...fakeRegistry.values()];

test('a reference page has every setting with its range and default, and every port', () => {
  const page = stageReference(stages.find(({ type }) => type === 'tokenize') ?? fail());
  expect(page).toContain('| `max_length` | a whole number from 8 to 4096 | `128` |');
  expect(page).toContain('| `dataset` | dataset | one | The rows |');
  expect(page).toContain('| `tokens` | tokens | tokens |');
});

test.each(stages)('the example on the page of $type is YAML with its required settings', (stage) => {
  const [, example = ''] = /```yaml\n(.*?)```/s.exec(stageReference(stage)) ?? [];
  const written: Record<string, { uses: string; with?: Record<string, unknown> }> = parse(example).stages;
  const [one] = Object.values(written);
  expect(one?.uses).toBe(stage.type);
  const settings = { ...one?.with };
  expect(stage.validate(settings)).toEqual([]);
});

test('the index links every page', () => {
  for (const { type } of stages) expect(stageReferenceIndex(stages)).toContain(`[${type}](${type}.md)`);
});

function fail(): never {
  throw new Error('no such stage');
}
