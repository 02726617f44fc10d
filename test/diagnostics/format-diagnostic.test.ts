import { describe, expect, test } from 'vitest';
import { Diagnostics } from '../../src/diagnostics/diagnostic.js';
import { formatDiagnostic, formatDiagnostics } from '../../src/diagnostics/format-diagnostic.js';
import { displayWidth, printable } from '../../src/diagnostics/printable-text.js';
import { SourceText } from '../../src/diagnostics/source-text.js';

function about(text: string, start: number, end: number) {
  const location = new SourceText('/project/recipe.yaml', text, '/project').excerpt(start, end);
  return {
    code: 'wiring/kind' as const,
    severity: 'error' as const,
    message: 'it is wrong',
    location,
    related: [],
  };
}

describe('a code frame', () => {
  test('marks the exact range, with the line before', () => {
    const text = formatDiagnostic(about('stages:\n  mail: 7\n', 16, 17), { folder: '/project' });
    expect(text).toBe(
      [
        'recipe.yaml:2:9: error: it is wrong [wiring/kind]',
        '  1 | stages:',
        '  2 |   mail: 7',
        '    |         ^',
        '',
      ].join('\n'),
    );
  });

  test('keeps the marker under wide, combining and control characters and tabs', () => {
    const source = '日本\te\u0301\u001b x';
    const lines = formatDiagnostic(about(source, source.indexOf('x'), source.length)).split('\n');
    expect(lines[1]).toBe('  1 | 日本    e\u0301␛ x');
    expect(lines[2]).toBe(`    | ${' '.repeat(4 + 4 + 1 + 1 + 1)}^`);
  });

  test('marks a range over several lines line by line, three at most', () => {
    const source = 'a:\n  - one\n  - two\n  - three\n  - four\n';
    expect(
      formatDiagnostic(about(source, 0, source.length))
        .split('\n')
        .slice(1, -1),
    ).toEqual(['  1 | a:', '    | ^^', '  2 |   - one', '    |   ^^^^^', '  3 |   - two', '    |   ^^^^^']);
  });

  test('cuts long lines around the range', () => {
    const source = `${'x'.repeat(5000)}HERE${'y'.repeat(5000)}`;
    const [, line = '', marker = ''] = formatDiagnostic(about(source, 5000, 5004)).split('\n');
    expect(line.length).toBeLessThan(200);
    expect(line.indexOf('HERE')).toBe(marker.indexOf('^^^^'));
  });

  test('stands at the end of the file where something is missing there', () => {
    expect(
      formatDiagnostic(about('a: 1', 4, 4))
        .split('\n')
        .slice(1, 3),
    ).toEqual(['  1 | a: 1', '    |     ^']);
    expect(() => formatDiagnostic(about('', 0, 0))).not.toThrow();
  });
});

test('more than twenty diagnostics end in a count', () => {
  const many = Array.from({ length: 25 }, () => about('x', 0, 1));
  expect(formatDiagnostics(many).split('\n').at(-2)).toBe('and 5 more');
});

test('diagnostics are ordered by position and told once', () => {
  const diagnostics = new Diagnostics();
  diagnostics.add(about('ab', 1, 2));
  diagnostics.add(about('ab', 0, 1));
  diagnostics.add(about('ab', 1, 2));
  diagnostics.add({ ...about('ab', 0, 1), code: 'params/unused', severity: 'warning' });
  expect(diagnostics.errors().map(({ location }) => location?.offset)).toEqual([0, 1]);
  expect(diagnostics.warnings().map(({ code }) => code)).toEqual(['params/unused']);
});

test('nothing that a terminal would act on is left in a text', () => {
  expect(printable('\u001b[31m\u0007\u009b\u202e\r\n')).toBe('␛[31m␇��␍␊');
  expect(printable('emoji 👩‍🚀 and é stay')).toBe('emoji 👩‍🚀 and é stay');
  expect(displayWidth('日本a')).toBe(5);
});
