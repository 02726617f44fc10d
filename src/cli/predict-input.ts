/** Texts to classify: from arguments, lines, or JSON lines. */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { UserError } from '../artifacts/user-error.js';
import { decodeStream, invalidByteProblem, replaceInvalidBytes } from '../data/text-decoding.js';
import { jsonMembers } from '../formats/json-members.js';
import type { JsonObject } from '../plugin/stage-info.js';
import type { ClassifiedText } from './text-classifier.js';

/** A text, with the fields of the line it came from. */
export interface InputRow extends ClassifiedText {
  /** All fields of a JSON line, each with its value as it was written: what is printed with `--json` besides the prediction. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Where lines come from, and who hears of those that are read although something is wrong with them. */
export interface LineSource {
  readonly stream: NodeJS.ReadableStream;
  /** What the stream is called in messages: `the standard input`. */
  readonly name: string;
  readonly warn: (message: string) => void;
}

/** Texts of the command line. */
export async function* argumentRows(texts: readonly string[]): AsyncGenerator<InputRow> {
  for (const text of texts) yield plainRow(text);
}

/** One text per line; empty lines count, so that results and lines go together. */
export async function* lineRows(source: LineSource): AsyncGenerator<InputRow> {
  for await (const text of linesOf(source)) yield plainRow(text);
}

function plainRow(text: string): InputRow {
  return { text, fields: new Map([['text', JSON.stringify(text)]]) };
}

/**
 * The lines without what ends them, and without the byte order mark that some programs begin files with. The first with bytes that
 * are no UTF-8 is warned of, and in the end how many there were.
 */
async function* linesOf({ stream, name, warn }: LineSource): AsyncGenerator<string> {
  const input = Readable.from(decodeStream(stream as AsyncIterable<Buffer | string>));
  let count = 0;
  let invalid = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    count += 1;
    const problem = invalidByteProblem(line);
    if (problem !== undefined) {
      invalid += 1;
      if (invalid === 1)
        warn(
          `line ${count} of ${name}: ${problem.message}; it is read as \uFFFD. Convert the text to UTF-8.`,
        );
    }
    const text = problem === undefined ? line : replaceInvalidBytes(line);
    yield count === 1 && text.startsWith('\uFEFF') ? text.slice(1) : text;
  }
  if (invalid > 1) warn(`${invalid} lines of ${name} have bytes that are not valid UTF-8`);
}

/** One JSON object per line with `text` and perhaps `text_pair`. Anything else is a `UserError` with the line. */
export async function* jsonRows(source: LineSource): AsyncGenerator<InputRow> {
  let line = 0;
  for await (const text of linesOf(source)) {
    line += 1;
    if (text.trim() !== '') yield parseRow(text, source.name, line);
  }
}

function parseRow(written: string, file: string, line: number): InputRow {
  const wrong = (found: string): UserError =>
    new UserError({
      code: 'predict/row',
      message: `line ${line} of ${file} cannot be classified`,
      found,
      expected: 'a JSON object with a field "text", and perhaps "text_pair"',
    });
  let fields: unknown;
  try {
    fields = JSON.parse(written);
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : 'no JSON');
  }
  if (!isJsonObject(fields)) throw wrong('no object');
  const { text, text_pair: textPair } = fields;
  if (typeof text !== 'string')
    throw wrong(text === undefined ? 'no "text"' : `"text" is ${JSON.stringify(text)}`);
  if (textPair !== undefined && textPair !== null && typeof textPair !== 'string') {
    throw wrong(`"text_pair" is ${JSON.stringify(textPair)}`);
  }
  return { text, ...(typeof textPair === 'string' && { textPair }), fields: jsonMembers(written) };
}

/** What `JSON.parse` gives for an object holds JSON values only. */
function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
