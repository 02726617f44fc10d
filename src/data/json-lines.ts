/** Rows of JSON Lines: one JSON object a line. */
import { UserError } from '../artifacts/user-error.js';
import { isRecord } from './json.js';
import { brokenRow, excerpt, type SourceItem, type SourceValue } from './source-row.js';
import { invalidByteProblem } from './text-decoding.js';
import { splitLines } from './text-lines.js';

/** Reads rows from pieces of text. Empty lines are passed over. */
export async function* readJsonLines(
  pieces: AsyncIterable<string>,
  options: { readonly file: string },
): AsyncGenerator<SourceItem, void, undefined> {
  const { file } = options;
  let row = 0;
  for await (const { text, line } of splitLines(pieces, file)) {
    if (text.trim() === '') continue;
    row++;
    const problem = invalidByteProblem(text);
    if (problem !== undefined) {
      yield brokenRow(file, { row, line }, problem);
      continue;
    }
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      if (row === 1 && text.trimStart().startsWith('[')) throw arrayFile(file);
      yield brokenRow(
        file,
        { row, line },
        {
          message: 'it is not valid JSON',
          found: `${excerpt(text)} (${error instanceof Error ? error.message : String(error)})`,
          expected: 'one JSON object a line',
        },
      );
      continue;
    }
    if (!isRecord(value)) {
      if (row === 1 && Array.isArray(value)) throw arrayFile(file);
      yield brokenRow(
        file,
        { row, line },
        {
          message: 'it is no JSON object',
          found: excerpt(text),
          expected: 'one JSON object a line, like {"text": "...", "label": "..."}',
        },
      );
      continue;
    }
    const values = Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, toSourceValue(item)]),
    );
    yield { kind: 'row', row, line, values };
  }
}

/** Scalars as they are, everything else as JSON text. */
export function toSourceValue(value: unknown): SourceValue {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value;
    case 'bigint':
      return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
        ? Number(value)
        : value.toString();
    default:
      if (value === null || value === undefined) return null;
      if (value instanceof Date) return value.toISOString();
      return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? item.toString() : item));
  }
}

function arrayFile(file: string): UserError {
  return new UserError({
    code: 'data/json-array',
    message: 'This file holds one JSON array, not JSON Lines',
    file,
    line: 1,
    expected: 'one JSON object a line',
    help: "Convert it, for example with: jq -c '.[]' FILE > FILE.jsonl",
  });
}
