import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.js';
import { type DiagnosticCode, diagnosticCodes } from '../../src/diagnostics/codes.js';
import type { Diagnostic } from '../../src/diagnostics/diagnostic.js';
import { sarifLog } from '../../src/diagnostics/sarif.js';
import { SourceText } from '../../src/diagnostics/source-text.js';
import { fakeTerminal } from '../cli/fake-terminal.js';
import { sarifSchema } from './sarif-schema.js';

interface Region {
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine?: number;
  readonly endColumn?: number;
}

interface Log {
  readonly runs: readonly [
    {
      readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
      readonly results: readonly {
        readonly ruleId: string;
        readonly ruleIndex: number;
        readonly level: string;
        readonly message: { readonly text: string };
        readonly locations: readonly [
          {
            readonly physicalLocation: {
              readonly artifactLocation: { readonly uri: string; readonly uriBaseId?: string };
              readonly region?: Region;
            };
          },
        ];
        readonly relatedLocations?: readonly unknown[];
      }[];
    },
  ];
}

const text = 'recipe: 1\nstages:\n  mail: [a,\n    b]\n';
const source = new SourceText('/project/recipes/spam filter.yaml', text, '/project/recipes');
const file = source.file;
const validate = new Ajv({ strict: false }).compile(sarifSchema);

function about(start: number, end: number, more: Partial<Diagnostic> = {}): Diagnostic {
  const location = source.excerpt(start, end);
  return { code: 'wiring/kind', severity: 'error', message: 'it is wrong', location, related: [], ...more };
}

function logOf(...diagnostics: readonly Diagnostic[]): Log {
  const log = sarifLog([{ file, diagnostics }], { version: '1.2.3', folder: '/project' });
  expect(validate(log), JSON.stringify(validate.errors)).toBe(true);
  return JSON.parse(JSON.stringify(log));
}

function regionOf(start: number, end: number): Region | undefined {
  return logOf(about(start, end)).runs[0].results[0]?.locations[0].physicalLocation.region;
}

describe('a SARIF log', () => {
  test('names files relative to the project, as addresses', () => {
    const [result] = logOf(about(0, 6)).runs[0].results;
    const { artifactLocation } = result?.locations[0].physicalLocation ?? {};
    expect(artifactLocation).toEqual({ uri: 'recipes/spam%20filter.yaml', uriBaseId: 'PROJECT' });
  });

  test('has the region, which may go over lines; its end is the column behind the last character', () => {
    expect(regionOf(0, 6)).toEqual({ startLine: 1, startColumn: 1, endLine: 1, endColumn: 7 });
    const list = text.indexOf('[');
    const end = text.indexOf(']') + 1;
    expect(regionOf(list, end)).toEqual({ startLine: 3, startColumn: 9, endLine: 4, endColumn: 7 });
  });

  test('has found, expected and help in the message, and other places as related ones', () => {
    const related = [{ location: source.excerpt(0, 6), message: 'declared here' }];
    const [result] = logOf(about(0, 6, { found: '7', expected: 'a text', help: 'put it in quotes', related }))
      .runs[0].results;
    expect(result?.message.text).toBe('It is wrong. Found: 7. Expected: a text. Put it in quotes.');
    expect(result?.relatedLocations).toHaveLength(1);
  });

  test('tells of the recipe what has no place in a file', () => {
    const typed = new SourceText('<command line>', '--only mial', '.').excerpt(7, 11);
    const { location: _, ...nowhere } = about(0, 1);
    const { results } = logOf(about(0, 1, { location: typed }), nowhere).runs[0];
    for (const { locations } of results) {
      const { artifactLocation, region } = locations[0].physicalLocation;
      expect(artifactLocation.uri).toBe('recipes/spam%20filter.yaml');
      expect(region).toBeUndefined();
    }
  });

  test('has one rule for every code that was found', () => {
    const codes = Object.keys(diagnosticCodes) as DiagnosticCode[];
    const { tool, results } = logOf(...[...codes, ...codes].map((code) => about(0, 1, { code }))).runs[0];
    expect(tool.driver.rules).toHaveLength(codes.length);
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  });
});

describe('roux check', () => {
  const directory = fileURLToPath(new URL('../golden/diagnostics', import.meta.url));

  async function check(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    const terminal = fakeTerminal({ directory });
    const code = await runCommandLine(['check', ...args], terminal);
    return { code, out: terminal.printed(), err: terminal.printedErrors() };
  }

  test('writes every mistake of several recipes as SARIF', async () => {
    const { code, out } = await check('cycle.yaml', 'syntax-brackets.yaml', '--sarif');
    expect(code).toBe(2);
    const log: Log = JSON.parse(out);
    expect(validate(log), JSON.stringify(validate.errors)).toBe(true);
    expect(log.runs[0].results.map(({ ruleId }) => ruleId)).toContain('wiring/cycle');
    expect(log.runs[0].results.map(({ ruleId }) => ruleId)).toContain('yaml/unclosed');
  });

  test('writes them as JSON', async () => {
    const { code, out } = await check('cycle.yaml', '--json');
    expect(code).toBe(2);
    const [{ file: checked, diagnostics }] = JSON.parse(out).checked;
    expect(checked).toBe(join(directory, 'cycle.yaml'));
    expect(diagnostics.map((diagnostic: Diagnostic) => diagnostic.code)).toContain('wiring/cycle');
  });

  test('shows them, and says of each recipe whether it is good', async () => {
    const { code, out, err } = await check('cycle.yaml', 'base/good.yaml');
    expect(code).toBe(2);
    expect(err).toContain('cycle.yaml:11:33: error:');
    expect(out).toBe('cycle.yaml: wrong\nbase/good.yaml: 1 stage, good\n');
  });
});
