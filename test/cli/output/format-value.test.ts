import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatDifference,
  formatDuration,
  formatNumber,
  formatProgress,
} from '../../../src/cli/output/format-value.js';
import { formatTable } from '../../../src/cli/output/table.js';
import { displayWidth, oneLine, truncate, wrap } from '../../../src/cli/output/terminal-text.js';
import { TimeLeft } from '../../../src/cli/output/time-left.js';

describe('figures', () => {
  it('durations carry at most two units', () => {
    expect(
      [4, 994, 1_000, 9_949, 9_960, 59_400, 60_000, 83_000, 3_600_000, 7_500_000].map(formatDuration),
    ).toEqual([
      '4 ms',
      '994 ms',
      '1.0 s',
      '9.9 s',
      '10 s',
      '59 s',
      '1 min',
      '1 min 23 s',
      '1 h',
      '2 h 5 min',
    ]);
  });

  it('bytes are in decimal units', () => {
    expect([0, 999, 1_000, 1_450, 99_900_000, 2e12].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '1.4 kB',
      '100 MB',
      '2.0 TB',
    ]);
  });

  it('numbers keep what matters', () => {
    expect([0, 12345, 0.98123, 0.00005, 1e-7, 12.345, 123.45, Number.NaN, -0.5].map(formatNumber)).toEqual([
      '0',
      '12,345',
      '0.9812',
      '5e-5',
      '1e-7',
      '12.35',
      '123.5',
      'NaN',
      '-0.5000',
    ]);
  });

  it('differences carry their sign', () => {
    expect([0.012, -0.012, 0, 3].map(formatDifference)).toEqual(['+0.0120', '-0.0120', '±0', '+3']);
  });

  it('progress names steps, share, figures and throughput', () => {
    expect(
      formatProgress({
        done: 40,
        total: 300,
        unit: 'steps',
        values: { loss: 0.43121, tokens_per_second: 2310.4 },
      }),
    ).toBe('40/300 steps (13 %), loss 0.4312, 2,310 tokens/s');
    expect(formatProgress({ done: 1_000, unit: 'rows' })).toBe('1,000 rows');
  });
});

describe('the time left', () => {
  it('follows the speed of the last reports', () => {
    const left = new TimeLeft();
    const report = (time: number, done: number): number | undefined =>
      left.update(time, { done, total: 100, unit: 'steps' });
    expect(report(0, 0)).toBeUndefined();
    expect(report(1_000, 10)).toBeUndefined();
    expect(report(2_000, 20)).toBeUndefined();
    expect(report(3_000, 30)).toBeCloseTo(7_000);
  });

  it('starts anew when a second count begins', () => {
    const left = new TimeLeft();
    for (let step = 0; step <= 5; step += 1)
      left.update(step * 1_000, { done: step, total: 5, unit: 'steps' });
    expect(left.update(6_000, { done: 0, total: 50, unit: 'examples' })).toBeUndefined();
  });
});

describe('text', () => {
  it('wide characters take two columns, marks none', () => {
    expect(displayWidth('日本')).toBe(4);
    expect(displayWidth('e\u0301')).toBe(1);
    expect(truncate('日本語', 5)).toBe('日本…');
  });

  it('is broken at blanks', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
  });

  it('loses the power of control characters', () => {
    expect(oneLine('\u001b]0;title\u0007\u009b2J')).toBe('␛]0;title␇\ufffd2J');
  });

  it('tables break their last column', () => {
    expect(formatTable([['a', 'one two three four five six']], { width: 24 })).toEqual([
      'a  one two three four',
      '   five six',
    ]);
  });
});
