import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/artifacts/user-error.js';
import { createRowEncoder } from '../../src/data/row-encoder.js';
import { createTokenizer, loadTokenizer } from '../../src/data/tokenizer.js';

const fixtures = new URL('../fixtures/tokenizer/', import.meta.url).pathname;

interface Expected {
  readonly single: readonly { readonly text: string; readonly ids: number[]; readonly decoded: string }[];
  readonly pairs: readonly {
    readonly text: string;
    readonly pair: string;
    readonly max_length: number;
    readonly ids: number[];
    readonly types: number[];
    readonly special: number[];
  }[];
}

async function readExpected(name: string): Promise<Expected> {
  return JSON.parse(await readFile(join(fixtures, name, 'expected.json'), 'utf8'));
}

describe.each(['uncased', 'cased', 'accents', 'added', 'trained'])('a BERT-type tokenizer (%s)', (name) => {
  it('gives the ids of the Python library, for nasty text too', async () => {
    const tokenizer = await loadTokenizer(join(fixtures, name));
    for (const { text, ids } of (await readExpected(name)).single) {
      expect(tokenizer.encode(text).inputIds, JSON.stringify(text)).toEqual(ids);
    }
  });

  it('decodes as the Python library does', async () => {
    const tokenizer = await loadTokenizer(join(fixtures, name));
    for (const { ids, decoded } of (await readExpected(name)).single) {
      expect(tokenizer.decode(ids)).toBe(decoded);
    }
  });

  it('truncates pairs as the Python library does', async () => {
    const tokenizer = await loadTokenizer(join(fixtures, name));
    for (const row of (await readExpected(name)).pairs) {
      const encoding = tokenizer.encode(row.text, row.pair, { maxLength: row.max_length });
      expect(encoding.inputIds).toEqual(row.ids);
      expect(encoding.tokenTypeIds).toEqual(row.types);
      expect(encoding.specialTokensMask).toEqual(row.special);
    }
  });
});

describe('a tokenizer of another kind', () => {
  it('gives the ids of the Python library for byte-level BPE', async () => {
    const tokenizer = await loadTokenizer(join(fixtures, 'byte-pairs'));
    for (const { text, ids } of (await readExpected('byte-pairs')).single) {
      expect(tokenizer.encode(text).inputIds, JSON.stringify(text)).toEqual(ids);
    }
    expect(tokenizer.specialTokenIds).toEqual({
      padding: 1,
      unknown: 3,
      classification: 0,
      separator: 2,
      mask: 4,
    });
  });
});

describe('encoding', () => {
  it('never exceeds maxLength, and says when it cut something off', async () => {
    const tokenizer = await loadTokenizer(join(fixtures, 'uncased'));
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string(),
        fc.integer({ min: 3, max: 40 }),
        (text, pair, maxLength) => {
          const whole = tokenizer.encode(text, pair);
          const cut = tokenizer.encode(text, pair, { maxLength });
          expect(cut.inputIds.length).toBeLessThanOrEqual(maxLength);
          expect(cut.truncated).toBe(whole.inputIds.length > maxLength);
          expect(cut.tokenTypeIds.length).toBe(cut.inputIds.length);
          expect(cut.specialTokensMask.length).toBe(cut.inputIds.length);
          expect(whole.inputIds.every((id) => id >= 0 && id < tokenizer.vocabularySize)).toBe(true);
        },
      ),
    );
  });

  it('gives the same ids whatever was encoded before', async () => {
    const used = await loadTokenizer(join(fixtures, 'uncased'));
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        const fresh = await loadTokenizer(join(fixtures, 'uncased'));
        expect(used.encode(text)).toEqual(fresh.encode(text));
      }),
      { numRuns: 30 },
    );
  });

  it('leaves special tokens out when asked, and cuts only the text it may cut', async () => {
    const tokenizer = await loadTokenizer(join(fixtures, 'uncased'));
    const { separator, classification } = tokenizer.specialTokenIds;
    const plain = tokenizer.encode('the whale', undefined, { addSpecialTokens: false });
    expect(plain.inputIds).toEqual(tokenizer.encodeText('the whale'));
    expect(tokenizer.encode('the whale').inputIds).toEqual([classification, ...plain.inputIds, separator]);
    const second = tokenizer.encode('the whale', 'the sea and the ship', {
      maxLength: 3 + plain.inputIds.length + 1,
      truncation: 'only_second',
    });
    expect(second.inputIds.slice(1, 1 + plain.inputIds.length)).toEqual(plain.inputIds);
    expect(() =>
      tokenizer.encode('the', 'the sea and the ship', { maxLength: 5, truncation: 'only_first' }),
    ).toThrow(UserError);
    expect(() => tokenizer.encode('the', undefined, { maxLength: 1 })).toThrow('max_length has no room');
  });

  it('names the row with a pair that cannot be shortened enough', async () => {
    const encoder = createRowEncoder(await loadTokenizer(join(fixtures, 'uncased')), {
      maxLength: 6,
      overflow: 'truncate',
      truncation: 'only_first',
      stride: 0,
      take: () => {},
    });
    encoder.add({ id: '1', text: 'the sea and the ship', textPair: 'the' });
    expect(() => encoder.add({ id: 'mail-2', text: 'the', textPair: 'the sea and the ship' })).toThrow(
      'Row mail-2: A pair cannot be truncated with "only_first"',
    );
  });

  it('reads half a surrogate pair as a character that shows nothing', async () => {
    const tokenizer = await loadTokenizer(join(fixtures, 'uncased'));
    expect(tokenizer.encodeText('the \ud83d whale')).toEqual(tokenizer.encodeText('the whale'));
  });
});

describe('loading a tokenizer', () => {
  it('says what is missing or unreadable', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'roux-tokenizer-'));
    await expect(loadTokenizer(folder)).rejects.toThrow('There is no tokenizer.json in this folder');
    await writeFile(join(folder, 'tokenizer.json'), '{"model":');
    await expect(loadTokenizer(folder)).rejects.toThrow(UserError);
    await expect(createTokenizer({ version: '1.0' })).rejects.toThrow('it has no model');
  });

  it('takes names of special tokens from the configuration', async () => {
    const json = JSON.parse(await readFile(join(fixtures, 'uncased', 'tokenizer.json'), 'utf8'));
    const tokenizer = await createTokenizer(json, { mask_token: { content: '[SEP]' }, pad_token: 'nowhere' });
    expect(tokenizer.specialTokenIds).toMatchObject({ mask: 3, padding: null, unknown: 1 });
  });
});
