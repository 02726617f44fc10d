import { expect, test } from 'vitest';
import { sparkline } from '../../../src/cli/output/sparkline.js';

test('a falling loss falls', () => {
  expect(sparkline([8, 7, 6, 5, 4, 3, 2, 1])).toBe('█▇▆▅▄▃▂▁');
});

test('more figures than columns are averaged, and one figure is no curve', () => {
  expect(sparkline([4, 4, 2, 2, 0, 0, 0, 0], 4)).toBe('█▅▁▁');
  expect(sparkline([1])).toBe('');
  expect(sparkline([2, 2, 2])).toBe('▁▁▁');
  expect(sparkline([1, Number.NaN, 2])).toBe('▁█');
});
