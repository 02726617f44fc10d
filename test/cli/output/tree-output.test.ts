import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { TreeOutput } from '../../../src/cli/output/tree-output.js';

/** A stream of a terminal, and what was written to it since the last look. */
function stream(): { readonly stdout: NodeJS.WriteStream; readonly written: () => string } {
  const through = new PassThrough({ encoding: 'utf8' });
  return { stdout: through as unknown as NodeJS.WriteStream, written: () => through.read() ?? '' };
}

const upAndErase = '\u001b[2K\u001b[1A';
const erase = '\u001b[2K\u001b[G';

test('what is printed takes the tree away and puts it back below', () => {
  const { stdout, written } = stream();
  const output = new TreeOutput(stdout);
  output.hijack();
  output.stdout.write('first\nlast\n');
  written();
  output.print('said');
  expect(written()).toBe(`${upAndErase.repeat(2)}${erase}said\nfirst\nlast\n`);
  output.stdout.write(`${upAndErase.repeat(2)}${erase}\u001b[32mfirst\n`);
  written();
  output.print('said again');
  expect(written()).toBe(`${upAndErase}${erase}said again\n\u001b[32mfirst\n`);
  output.release();
});

test('what is printed before or after there is a tree erases nothing', () => {
  const { stdout, written } = stream();
  const output = new TreeOutput(stdout);
  output.print('before');
  expect(written()).toBe('before\n');
  output.stdout.write('tree\n');
  output.stdout.write(`${upAndErase}${erase}`);
  written();
  output.print('after');
  expect(written()).toBe('after\n');
});
