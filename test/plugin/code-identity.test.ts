/** The code that compiles functions is told by its contents. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { codeIdentity, hashCode, isOlderThan } from '../../src/plugin/code-identity.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'roux-code-'));
  for (const folder of ['artifacts', 'formats', 'models', 'runtime/onnx', 'training'])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'runtime/onnx/trace.js'), 'one');
});
afterEach(() => rmSync(root, { recursive: true }));

it('changes with a file, at any depth, and with its name', () => {
  const before = hashCode(root).identity;
  expect(before).toMatch(/^[0-9a-f]{64}$/);
  expect(hashCode(root).identity).toBe(before);
  writeFileSync(join(root, 'runtime/onnx/trace.js'), 'two');
  const changed = hashCode(root).identity;
  expect(changed).not.toBe(before);
  writeFileSync(join(root, 'training/new.js'), '');
  expect(hashCode(root).identity).not.toBe(changed);
});

it('does not depend on what is no code', () => {
  const before = hashCode(root);
  writeFileSync(join(root, 'runtime/onnx/trace.d.ts'), '');
  writeFileSync(join(root, 'runtime/onnx/trace.js.map'), '');
  expect(hashCode(root)).toEqual(before);
});

it('does not hold where a file changed after the process had started, or is gone', () => {
  const code = hashCode(root);
  expect(isOlderThan(code, Date.now() + 60_000)).toBe(true);
  expect(isOlderThan(code, Date.now() - 60_000)).toBe(false);
  const file = join(root, 'runtime/onnx/trace.js');
  // Contents are given their old time back.
  utimesSync(file, 1, 1);
  expect(isOlderThan(code, Date.now() - 60_000)).toBe(false);
  rmSync(file);
  expect(isOlderThan(code, Date.now() + 60_000)).toBe(false);
});

it('is known of this code', () => {
  expect(codeIdentity()).toMatch(/^[0-9a-f]{64}$/);
  expect(codeIdentity()).toBe(codeIdentity());
});
