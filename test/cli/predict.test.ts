import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  argumentRows,
  type InputRow,
  jsonRows,
  type LineSource,
  lineRows,
} from '../../src/cli/predict-input.js';
import { openTextClassifier } from '../../src/cli/text-classifier.js';
import { parseTrainedModel } from '../../src/cli/trained-model.js';

async function all(rows: AsyncIterable<InputRow>): Promise<readonly InputRow[]> {
  const found: InputRow[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

function source(chunks: readonly (string | Buffer)[], warnings: string[] = []): LineSource {
  return { stream: Readable.from(chunks), name: 'rows.jsonl', warn: (message) => warnings.push(message) };
}

describe('texts to classify', () => {
  it('come from arguments', async () => {
    expect((await all(argumentRows(['a', 'b']))).map(({ text }) => text)).toEqual(['a', 'b']);
  });

  it('come from lines, empty ones included', async () => {
    const rows = await all(lineRows(source(['\uFEFFone\r\n\ntw', 'o\n'])));
    expect(rows.map(({ text }) => text)).toEqual(['one', '', 'two']);
  });

  it('are read with a warning where bytes are no UTF-8', async () => {
    const warnings: string[] = [];
    const bytes = Buffer.from('ol\u00e9\ncaf\xe9\nna\xefve\n', 'latin1');
    const utf8 = Buffer.from('ol\u00e9\n');
    const rows = await all(lineRows(source([utf8.subarray(0, 3), utf8.subarray(3), bytes], warnings)));
    expect(rows.map(({ text }) => text)).toEqual(['ol\u00e9', 'ol\uFFFD', 'caf\uFFFD', 'na\uFFFDve']);
    expect(warnings).toEqual([
      'line 2 of rows.jsonl: the byte 0xE9 is not valid UTF-8; it is read as \uFFFD. Convert the text to UTF-8.',
      '3 lines of rows.jsonl have bytes that are not valid UTF-8',
    ]);
  });

  it('come from JSON lines with their other fields', async () => {
    const rows = await all(
      jsonRows(source(['\uFEFF{"text":"a","text_pair":"b","id":12345678901234567890}\n\n{"text":"c"}'])),
    );
    expect(rows).toEqual([
      {
        text: 'a',
        textPair: 'b',
        fields: new Map([
          ['text', '"a"'],
          ['text_pair', '"b"'],
          ['id', '12345678901234567890'],
        ]),
      },
      { text: 'c', fields: new Map([['text', '"c"']]) },
    ]);
  });

  it.each([
    ['{"x":1}', 'no "text"'],
    ['{"text":3}', '"text" is 3'],
    ['{"text":"a","text_pair":[]}', '"text_pair" is []'],
    ['[]', 'no object'],
  ])('that are wrong are told with their line: %s', async (line, found) => {
    const rows = all(jsonRows(source([`{"text":"ok"}\n${line}\n`])));
    await expect(rows).rejects.toMatchObject({
      message: 'line 2 of rows.jsonl cannot be classified',
      details: { found },
    });
  });
});

describe('a model', () => {
  it('can be that of a recipe, or of one of its stages', () => {
    expect(parseTrainedModel('recipes/spam.yaml', '/project')).toEqual({ recipe: 'recipes/spam.yaml' });
    expect(parseTrainedModel('spam.yml:train', '/project')).toEqual({ recipe: 'spam.yml', stage: 'train' });
    expect(parseTrainedModel('models/base', '/project')).toBeUndefined();
  });

  it('can be that of a recipe by its name, unless a folder is called so', async () => {
    const project = await mkdtemp(join(tmpdir(), 'roux-predict-names-'));
    try {
      await mkdir(join(project, 'recipes'));
      await mkdir(join(project, 'exported'));
      for (const name of ['spam', 'exported']) await writeFile(join(project, 'recipes', `${name}.yaml`), '');
      expect(parseTrainedModel('spam', project)).toEqual({ recipe: 'spam' });
      expect(parseTrainedModel('spam:train', project)).toEqual({ recipe: 'spam', stage: 'train' });
      expect(parseTrainedModel('exported', project)).toBeUndefined();
      expect(parseTrainedModel('ham', project)).toBeUndefined();
    } finally {
      await rm(project, { recursive: true });
    }
  });
});

describe('a classifier', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roux-predict-'));
    await cp(
      fileURLToPath(new URL('../fixtures/models/tiny-classifier', import.meta.url)),
      join(folder, 'export', 'safetensors'),
      { recursive: true },
    );
    const words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'good', 'bad', 'day'];
    await writeFile(
      join(folder, 'export', 'safetensors', 'tokenizer.json'),
      JSON.stringify({
        version: '1.0',
        truncation: null,
        padding: null,
        added_tokens: words.slice(0, 4).map((content, id) => ({
          id,
          content,
          single_word: false,
          lstrip: false,
          rstrip: false,
          normalized: false,
          special: true,
        })),
        normalizer: {
          type: 'BertNormalizer',
          clean_text: true,
          handle_chinese_chars: true,
          strip_accents: null,
          lowercase: true,
        },
        pre_tokenizer: { type: 'BertPreTokenizer' },
        post_processor: {
          type: 'TemplateProcessing',
          single: [special('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, special('[SEP]')],
          pair: [
            special('[CLS]'),
            { Sequence: { id: 'A', type_id: 0 } },
            special('[SEP]'),
            { Sequence: { id: 'B', type_id: 1 } },
            special('[SEP]', 1),
          ],
          special_tokens: {
            '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
            '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
          },
        },
        decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
        model: {
          type: 'WordPiece',
          unk_token: '[UNK]',
          continuing_subword_prefix: '##',
          max_input_chars_per_word: 100,
          vocab: Object.fromEntries(words.map((word, id) => [word, id])),
        },
      }),
    );
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is found below an exported folder, and gives the same probabilities alone and among others', async () => {
    const classifier = await openTextClassifier(join(folder, 'export'), { runtime: 'cpu', threads: 1 });
    try {
      expect(classifier.labels).toEqual(['calm', 'glad', 'sad']);
      const [alone] = await classifier.classify([{ text: 'good day' }]);
      const [, among] = await classifier.classify([
        { text: 'bad '.repeat(200) },
        { text: 'good day' },
        { text: 'good', textPair: 'bad' },
      ]);
      expect(Array.from(alone ?? []).reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6);
      for (const [index, value] of Array.from(alone ?? []).entries())
        expect(among?.[index]).toBeCloseTo(value, 5);
    } finally {
      await classifier.close();
    }
  });

  it('cuts texts off where its tokenizer says, unless it is told otherwise', async () => {
    const cut = join(folder, 'exports', 'cut');
    await cp(join(folder, 'export', 'safetensors'), cut, { recursive: true });
    await writeFile(join(cut, 'tokenizer_config.json'), JSON.stringify({ model_max_length: 4 }));
    const probabilities = async (text: string, maxLength?: number) => {
      const options = {
        runtime: 'cpu',
        threads: 1,
        ...(maxLength === undefined ? {} : { maxLength }),
      } as const;
      const classifier = await openTextClassifier(cut, options);
      try {
        const [row] = await classifier.classify([{ text }]);
        return Array.from(row ?? []);
      } finally {
        await classifier.close();
      }
    };
    const two = await probabilities('good day');
    expect(await probabilities('good day bad bad bad')).toEqual(two);
    expect(await probabilities('good day bad bad bad', 7)).not.toEqual(two);
  });

  it('with the tokenizer of a larger model is told', async () => {
    const mixed = join(folder, 'exports', 'mixed');
    await cp(join(folder, 'export', 'safetensors'), mixed, { recursive: true });
    const larger = new URL('../../models/base/tokenizer.json', import.meta.url);
    await cp(larger, join(mixed, 'tokenizer.json'));
    await expect(openTextClassifier(mixed, { runtime: 'cpu', threads: 1 })).rejects.toMatchObject({
      details: { code: 'load-model/vocabulary', found: '9600 ids' },
    });
  });

  it('that is not there is told', async () => {
    const options = { runtime: 'cpu', threads: 1 } as const;
    await expect(openTextClassifier(join(folder, 'nothing'), options)).rejects.toMatchObject({
      details: { code: 'command/unknown-file' },
    });
    await expect(openTextClassifier(folder, options)).rejects.toMatchObject({
      details: { code: 'predict/no-model' },
    });
  });
});

function special(id: string, typeId = 0): object {
  return { SpecialToken: { id, type_id: typeId } };
}
