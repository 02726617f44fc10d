/** What is asked and listened for on a terminal: a stream that says it is one stands for the keyboard. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/command-line.js';
import { listenForKeys } from '../../src/cli/watch-keys.js';
import { root } from '../rig/build.js';
import { type FakeTerminal, fakeTerminal } from './fake-terminal.js';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-questions-'));
  const rows = Array.from({ length: 40 }, (_, row) => `some words of row ${row},${row % 2},${row % 4}\n`);
  writeFileSync(join(folder, 'notes.csv'), `message,kind,shelf\n${rows.join('')}`);
});

afterEach(() => rmSync(folder, { recursive: true }));

/** A terminal on which somebody types each answer when its question stands there. */
function typing(answers: readonly (readonly [question: string, typed: string])[]): FakeTerminal {
  const plain = fakeTerminal({ directory: folder });
  const keyboard = new PassThrough();
  const left = [...answers];
  let seen = 0;
  plain.stdout.on('data', () => {
    const [question, typed] = left[0] ?? [];
    if (question === undefined || typed === undefined) return;
    const at = plain.printed().indexOf(question, seen);
    if (at < 0) return;
    seen = at + question.length;
    left.shift();
    if (typed === '') keyboard.end();
    else keyboard.write(typed);
  });
  const stdin = Object.assign(keyboard, { isTTY: true }) as unknown as NodeJS.ReadStream;
  return { ...plain, stdin, interactive: true };
}

const model = ['--model', join(root, 'models/base')];

describe('roux new on a terminal', () => {
  test('asks for text, label and file in this order, and takes what it proposes by Enter', async () => {
    const terminal = typing([
      ['the column with the text [message] ', '\n'],
      ['the column with the label, or none [kind] ', 'shelf\n'],
      ['the recipe to write [notes.yaml] ', '\n'],
    ]);
    expect(await runCommandLine(['new', 'notes.csv', ...model], terminal)).toBe(0);
    const written = readFileSync(join(folder, 'notes.yaml'), 'utf8');
    expect(written).toContain('text: message');
    expect(written).toContain('label: shelf');
  });

  test('says what is wrong with an answer, and asks again', async () => {
    const terminal = typing([
      ['the column with the text', 'mesage\n'],
      ['the column with the text', 'message\n'],
      ['the column with the label', 'none\n'],
      ['the recipe to write', 'notes.csv\n'],
      ['the recipe to write', 'mine.yaml\n'],
    ]);
    expect(await runCommandLine(['new', 'notes.csv', ...model], terminal)).toBe(0);
    expect(terminal.printed()).toContain("the data have no column mesage; did you mean 'message'?");
    expect(terminal.printed()).toContain('notes.csv exists, and is not overwritten');
    expect(readFileSync(join(folder, 'mine.yaml'), 'utf8')).toContain('masked-language-modeling');
  });

  test('writes nothing when the questions are ended', async () => {
    const terminal = typing([
      ['the column with the text', '\n'],
      ['the column with the label', ''],
    ]);
    expect(await runCommandLine(['new', 'notes.csv', ...model], terminal)).toBe(130);
    expect(terminal.printedErrors()).toContain('Nothing was written.');
    expect(readdirSync(folder)).toEqual(['notes.csv']);
  });

  test('asks nothing with --yes', async () => {
    expect(await runCommandLine(['new', 'notes.csv', '--yes', ...model], typing([]))).toBe(0);
    expect(existsSync(join(folder, 'notes.yaml'))).toBe(true);
  });
});

test('keys do what they are for, Ctrl-C interrupts, others do nothing, and the keyboard is given back', () => {
  const said: string[] = [];
  const keyboard = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (isRaw: boolean) => said.push(isRaw ? 'raw' : 'lines'),
  });
  const keys = Object.fromEntries(['r', 'w', 'c', 'q'].map((key) => [key, () => void said.push(key)]));
  const terminal = { interactive: true, stdin: keyboard as unknown as NodeJS.ReadStream };
  const stop = listenForKeys(terminal, { keys, interrupt: () => said.push('interrupt') });
  keyboard.emit('data', Buffer.from('rw'));
  keyboard.emit('data', Buffer.from('x\u001b[Ac'));
  keyboard.emit('data', Buffer.from('\u0003q'));
  stop();
  keyboard.emit('data', Buffer.from('r'));
  expect(said).toEqual(['raw', 'r', 'w', 'c', 'interrupt', 'q', 'lines']);
});
