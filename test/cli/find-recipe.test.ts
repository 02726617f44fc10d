import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRecipe } from '../../src/cli/find-recipe.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roux-find-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function write(...names: readonly string[]): Promise<void> {
  await mkdir(join(folder, 'recipes'), { recursive: true });
  await Promise.all(names.map((name) => writeFile(join(folder, name), '# begun\nrecipe: 1\nstages: {}\n')));
}

describe('without a name, the recipe', () => {
  it('is the only one of the folder, whatever it is called', async () => {
    await write('reviews.yaml');
    await writeFile(join(folder, 'compose.yaml'), 'services: {}\n');
    expect(findRecipe(undefined, folder)).toBe(join(folder, 'reviews.yaml'));
  });

  it('may begin with a byte order mark', async () => {
    await writeFile(join(folder, 'reviews.yaml'), '\uFEFFrecipe: 1\nstages: {}\n');
    expect(findRecipe(undefined, folder)).toBe(join(folder, 'reviews.yaml'));
  });

  it('is no device', () => {
    expect(() => findRecipe('/dev/null', folder)).toThrow('/dev/null is not a regular file');
  });

  it('is the one that is named as a recipe beside others', async () => {
    await write('recipe.yaml', 'part.yaml', 'other.yml');
    expect(findRecipe(undefined, folder)).toBe(join(folder, 'recipe.yaml'));
  });

  it('is roux.yaml beside all others', async () => {
    await write('a.yaml', 'recipe.yaml', 'roux.yaml', 'recipes/b.yaml');
    expect(findRecipe(undefined, folder)).toBe(join(folder, 'roux.yaml'));
  });

  it('has to be named when several could be meant', async () => {
    await write('a.yaml', 'b.yaml');
    expect(() => findRecipe(undefined, folder)).toThrow('there are several');
  });

  it('has to be named when no file is one', async () => {
    await writeFile(join(folder, 'compose.yaml'), 'services: {}\n');
    expect(() => findRecipe(undefined, folder)).toThrow('no recipe is named');
  });
});
