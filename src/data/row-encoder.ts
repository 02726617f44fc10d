/** Rows of a data set to examples of at most so many tokens: truncated, split into several, or packed together. */
import type { DatasetRow } from '../artifacts/dataset.js';
import type { Overflow, TokenExample } from '../artifacts/tokens.js';
import { UserError } from '../artifacts/user-error.js';
import type { JsonRecord } from '../formats/json.js';
import { NumberList } from './number-list.js';
import { lengthSummary } from './statistics.js';
import type { Encoding, Tokenizer, Truncation } from './tokenizer.js';

/** How rows become examples. */
export interface RowEncoderOptions {
  /** Most tokens of an example, special tokens included. */
  readonly maxLength: number;
  readonly overflow: Overflow;
  /** Which text of a pair is cut off. */
  readonly truncation: Truncation;
  /** With `split`: tokens that an example repeats from the one before. */
  readonly stride: number;
  /** Gets every example as soon as it is complete. */
  readonly take: (example: TokenExample) => void;
}

/** Encodes the rows of one split. */
export interface RowEncoder {
  /** Adds the next row. Throws a UserError for pairs where they can only be truncated. */
  add(row: DatasetRow): void;
  /** Gives the last examples to `take`, and the statistics of the split. */
  finish(): JsonRecord;
}

/** Starts an encoder. Throws a UserError when `maxLength` has no room for text. */
export function createRowEncoder(tokenizer: Tokenizer, options: RowEncoderOptions): RowEncoder {
  const { maxLength, overflow, stride, take } = options;
  const room = maxLength - tokenizer.specialTokenCount('single');
  if (room < 1 || stride >= room) {
    throw new UserError({
      code: 'tokenizer/max-length',
      message: room < 1 ? 'max_length has no room for text' : 'stride must be smaller than the room for text',
      found: room < 1 ? `max_length: ${maxLength}` : `stride: ${stride}`,
      expected: room < 1 ? `more than ${maxLength - room}` : `less than ${room}`,
    });
  }
  const { unknown, separator } = tokenizer.specialTokenIds;
  const lengths = new NumberList();
  let rows = 0;
  let examples = 0;
  let truncated = 0;
  let textTokens = 0;
  let unknownTokens = 0;

  const give = (encoding: Encoding, row: DatasetRow, index: number, label: number | undefined): void => {
    examples++;
    take({ inputIds: encoding.inputIds, tokenTypeIds: encoding.tokenTypeIds, label, row: index, id: row.id });
  };
  const count = (ids: readonly number[]): void => {
    textTokens += ids.length;
    for (const id of ids) if (id === unknown) unknownTokens++;
  };

  // Packing: tokens that wait for a full example, and the row that the first of them came from.
  let waiting: number[] = [];
  let waitingFrom: { readonly row: DatasetRow; readonly index: number } | undefined;
  const pack = (ids: readonly number[], row: DatasetRow, index: number): void => {
    if (waiting.length > 0 && separator !== null) waiting.push(separator);
    waitingFrom ??= { row, index };
    for (const id of ids) waiting.push(id);
    let start = 0;
    while (waiting.length - start >= room) {
      const from = waitingFrom ?? { row, index };
      give(tokenizer.wrap(waiting.slice(start, start + room)), from.row, from.index, undefined);
      start += room;
      // The example's own last token separates already.
      if (waiting[start] === separator) start++;
      waitingFrom = { row, index };
    }
    if (start > 0) waiting = waiting.slice(start);
    if (waiting.length === 0) waitingFrom = undefined;
  };

  return {
    add(row) {
      const index = rows++;
      const ids = tokenizer.encodeText(row.text);
      count(ids);
      if (overflow === 'truncate') {
        const pairIds = row.textPair === undefined ? undefined : tokenizer.encodeText(row.textPair);
        if (pairIds !== undefined) count(pairIds);
        const specials = tokenizer.specialTokenCount(pairIds === undefined ? 'single' : 'pair');
        lengths.push(ids.length + (pairIds?.length ?? 0) + specials);
        const encoding = ofRow(row, () =>
          tokenizer.wrap(ids, pairIds, { maxLength, truncation: options.truncation }),
        );
        if (encoding.truncated) truncated++;
        give(encoding, row, index, row.label);
        return;
      }
      if (row.textPair !== undefined) {
        throw new UserError({
          code: 'tokenizer/pairs',
          message: `Pairs of texts cannot be ${overflow === 'pack' ? 'packed' : 'split'}`,
          help: 'Use overflow: truncate, or load the data without text_pair.',
        });
      }
      lengths.push(ids.length + maxLength - room);
      if (overflow === 'pack') pack(ids, row, index);
      else {
        for (let start = 0; start === 0 || start + stride < ids.length; start += room - stride) {
          give(tokenizer.wrap(ids.slice(start, start + room)), row, index, row.label);
        }
      }
    },
    finish() {
      if (waiting.length > 0 && waitingFrom !== undefined) {
        give(tokenizer.wrap(waiting), waitingFrom.row, waitingFrom.index, undefined);
        waiting = [];
      }
      const longer = lengths.values().reduce((sum, length) => sum + (length > maxLength ? 1 : 0), 0);
      return {
        texts: rows,
        examples,
        tokens: textTokens,
        lengths: lengthSummary(lengths.values()),
        share_longer: share(longer, rows),
        share_truncated: share(truncated, rows),
        share_unknown: share(unknownTokens, textTokens),
      };
    },
  };
}

/** Encodes a row's texts; where they cannot be shortened enough, the error names the row. */
function ofRow(row: DatasetRow, encode: () => Encoding): Encoding {
  try {
    return encode();
  } catch (error) {
    if (!(error instanceof UserError) || error.details.code !== 'tokenizer/truncation') throw error;
    const { details } = error;
    throw new UserError(
      { ...details, code: 'tokenizer/truncation', message: `Row ${row.id}: ${details.message}` },
      { cause: error },
    );
  }
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 1e6) / 1e6;
}
