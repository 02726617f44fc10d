/** Texts to classify: from arguments, lines, or JSON lines. */
import { createInterface } from 'node:readline';
import { UserError } from '../artifacts/user-error.js';
import { jsonMembers } from '../formats/json-members.js';
import type { JsonObject } from '../plugin/stage-info.js';
import type { ClassifiedText } from './text-classifier.js';

/** A text, with the fields of the line it came from. */
export interface InputRow extends ClassifiedText {
  /** All fields of a JSON line, each with its value as it was written: what is printed with `--json` besides the prediction. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Texts of the command line. */
export async function* argumentRows(texts: readonly string[]): AsyncGenerator<InputRow> {
  for (const text of texts) yield plainRow(text);
}

/** One text per line; empty lines count, so that results and lines go together. */
export async function* lineRows(stream: NodeJS.ReadableStream): AsyncGenerator<InputRow> {
  for await (const text of linesOf(stream)) yield plainRow(text);
}

function plainRow(text: string): InputRow {
  return { text, fields: new Map([['text', JSON.stringify(text)]]) };
}

/** The lines without what ends them, and without the byte order mark that some programs begin files with. */
async function* linesOf(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  let isFirst = true;
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    yield isFirst && line.startsWith('\uFEFF') ? line.slice(1) : line;
    isFirst = false;
  }
}

/** One JSON object per line with `text` and perhaps `text_pair`. Anything else is a `UserError` with the line. */
export async function* jsonRows(stream: NodeJS.ReadableStream, name: string): AsyncGenerator<InputRow> {
  let line = 0;
  for await (const text of linesOf(stream)) {
    line += 1;
    if (text.trim() !== '') yield parseRow(text, name, line);
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
