/** Rows of Parquet files, one row group at a time. */
import { UserError } from '../artifacts/user-error.js';
import { toSourceValue } from './json-lines.js';
import type { SourceItem } from './source-row.js';
import { explainFileError } from './text-decoding.js';

/** Rows that are decoded at once where the file's index allows to read less than a row group. */
const blockRows = 8192;

/**
 * Reads rows from a Parquet file, of any of the compressions that the format has.
 *
 * @param options.columns the columns to read; all of them without it. Columns that the file lacks are left out.
 */
export async function* readParquet(
  file: string,
  options: { readonly columns?: readonly string[] } = {},
): AsyncGenerator<SourceItem, void, undefined> {
  const [{ asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema }, { compressors }] =
    await Promise.all([import('hyparquet'), import('hyparquet-compressors')]);
  let buffer: Awaited<ReturnType<typeof asyncBufferFromFile>>;
  try {
    buffer = await asyncBufferFromFile(file);
  } catch (error) {
    throw explainFileError(file, error);
  }
  try {
    const metadata = await parquetMetadataAsync(buffer);
    const existing = parquetSchema(metadata).children.map((child) => child.element.name);
    const columns =
      options.columns === undefined ? existing : existing.filter((name) => options.columns?.includes(name));
    let row = 0;
    let groupStart = 0;
    for (const group of metadata.row_groups) {
      const groupEnd = groupStart + Number(group.num_rows);
      const hasIndex = group.columns.every((column) => column.offset_index_offset !== undefined);
      const step = hasIndex ? blockRows : groupEnd - groupStart;
      for (let rowStart = groupStart; rowStart < groupEnd; rowStart += step) {
        const rowEnd = Math.min(groupEnd, rowStart + step);
        const useOffsetIndex = hasIndex;
        const objects = await parquetReadObjects({
          file: buffer,
          metadata,
          columns,
          rowStart,
          rowEnd,
          compressors,
          useOffsetIndex,
          // Days have no time of day.
          parsers: { dateFromDays: (days) => new Date(days * 86_400_000).toISOString().slice(0, 10) },
        });
        for (const object of objects) {
          row++;
          const values = Object.fromEntries(columns.map((name) => [name, toSourceValue(object[name])]));
          yield { kind: 'row', row, values };
        }
      }
      groupStart = groupEnd;
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      {
        code: 'data/parquet',
        message: 'This Parquet file cannot be read',
        found: error instanceof Error ? error.message : String(error),
        file,
      },
      { cause: error },
    );
  }
}
