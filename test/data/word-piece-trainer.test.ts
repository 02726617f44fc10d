import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/artifacts/user-error.js';
import { createRandom } from '../../src/data/random.js';
import { createTokenizer } from '../../src/data/tokenizer.js';
import {
  createWordPieceTrainer,
  type WordPieceTrainerOptions,
  wordPieceTokenizerJson,
  writeWordPieceTokenizer,
} from '../../src/data/word-piece-trainer.js';

const fixtures = new URL('../fixtures/tokenizer/', import.meta.url).pathname;
const corpus = (await readFile(join(fixtures, 'corpus.txt'), 'utf8')).split('\n');

function train(texts: readonly string[], options: Partial<WordPieceTrainerOptions> = {}) {
  const trainer = createWordPieceTrainer({ vocabularySize: 600, ...options });
  for (const text of texts) trainer.add(text);
  return trainer.train();
}

describe('training a WordPiece vocabulary', () => {
  it('writes the files that the Python library was given for the reference ids', async () => {
    const update = process.env.UPDATE_FIXTURES === '1';
    const folder = update ? join(fixtures, 'trained') : await mkdtemp(join(tmpdir(), 'roux-trained-'));
    await mkdir(folder, { recursive: true });
    await writeWordPieceTokenizer(folder, train(corpus));
    for (const file of ['tokenizer.json', 'tokenizer_config.json', 'vocab.txt']) {
      expect(await readFile(join(folder, file), 'utf8')).toBe(
        await readFile(join(fixtures, 'trained', file), 'utf8'),
      );
    }
  });

  it("finds almost all tokens that Python's WordPieceTrainer finds", async () => {
    const reference: string[] = JSON.parse(
      await readFile(join(fixtures, 'trained', 'reference-vocabulary.json'), 'utf8'),
    );
    const tokens = new Set(train(corpus).tokens);
    // Ties at the last places are broken differently, and continuing forms of rare characters are added.
    const common = reference.filter((token) => tokens.has(token)).length;
    expect(common / reference.length).toBeGreaterThan(0.97);
  });

  it('does not depend on the order of the texts', () => {
    const shuffled = createRandom(3).shuffle([...corpus]);
    expect(train(shuffled)).toEqual(train(corpus));
  });

  it('covers every word whose characters it has seen', async () => {
    const tokenizer = await createTokenizer(wordPieceTokenizerJson(train(corpus)));
    const letters = [...'abcdefghijklmnopqrstuvwxyz'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...letters), { minLength: 1, maxLength: 30 }), (word) => {
        expect(tokenizer.encodeText(word.join(''))).not.toContain(tokenizer.specialTokenIds.unknown);
      }),
    );
  });

  it('keeps to the size, the alphabet and the case it is told', () => {
    const small = train(corpus, { vocabularySize: 150, limitAlphabet: 30, lowercase: false });
    expect(small.tokens.length).toBe(150);
    expect(small.tokens.filter((token) => [...token].length === 1).length).toBe(30);
    expect(small.unknownWordShare).toBeGreaterThan(0);
    expect(small.tokens.some((token) => /^[A-Z]$/.test(token))).toBe(true);
    expect(new Set(small.tokens).size).toBe(small.tokens.length);
  });

  it('joins no pair that is rarer than the minimum', () => {
    const { tokens } = train(['ab ab ab', 'xy xy'], { vocabularySize: 100, minFrequency: 3 });
    expect(tokens).toContain('ab');
    expect(tokens).not.toContain('xy');
  });

  it('says when there is nothing to train on, or no room for the characters', () => {
    expect(() => train([' ', ''])).toThrow(UserError);
    expect(() => train(corpus, { vocabularySize: 20 })).toThrow('The vocabulary is too small');
  });
});
