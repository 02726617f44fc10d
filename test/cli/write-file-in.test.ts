import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandLineError } from '../../src/cli/exit-codes.js';
import { writeFileIn } from '../../src/cli/write-file-in.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roux-write-'));
  await mkdir(join(folder, 'pages'));
  await writeFile(join(folder, 'data.csv'), 'text\n');
});

afterEach(() => rm(folder, { recursive: true }));

/** What a user is told; anything but a mistake on the command line is thrown on. */
async function refusal(written: string, overwrite = true): Promise<string> {
  try {
    return await writeFileIn(folder, written, 'new', { overwrite });
  } catch (error) {
    if (error instanceof CommandLineError) return error.message;
    throw error;
  }
}

describe('a file that the command line names', () => {
  it('is written with its folders, over what is there', async () => {
    await writeFileIn(folder, 'a/b/page.html', 'first');
    const file = await writeFileIn(folder, 'a/b/page.html', 'second');
    expect(file).toBe(join(folder, 'a/b/page.html'));
    expect(await readFile(file, 'utf8')).toBe('second');
  });

  it('is no bug of ours when it cannot be written', async () => {
    expect(await refusal('pages')).toBe('pages cannot be written: it is a folder');
    expect(await refusal('data.csv/page.html')).toBe(
      'data.csv/page.html cannot be written: a part of its path is no folder',
    );
    expect(await refusal('data.csv/a/page.html')).toBe(
      'data.csv/a/page.html cannot be written: a part of its path is no folder',
    );
    expect(await refusal(`${'n'.repeat(300)}.html`)).toMatch(/cannot be written: its name is too long$/);
  });

  it('stays as it is where nothing is overwritten', async () => {
    expect(await refusal('data.csv', false)).toBe('data.csv exists, and is not overwritten');
    expect(await readFile(join(folder, 'data.csv'), 'utf8')).toBe('text\n');
  });
});
