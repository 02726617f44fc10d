/** A folder of text files, or of e-mails: one file, one row. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../artifacts/user-error.js';
import { parseEmail } from './email.js';
import { matchesAnyPattern } from './path-patterns.js';
import { brokenRow, type SourceItem } from './source-row.js';
import { decodeText, explainFileError, invalidByteProblem, type TextEncoding } from './text-decoding.js';

/** Which files of a folder are read, and how. */
export interface TextFolderOptions {
  /** Patterns of relative paths to read (see `path-patterns.ts`). Default: everything but hidden files. */
  readonly include?: readonly string[];
  /** Patterns of relative paths to leave out. */
  readonly exclude?: readonly string[];
  /** `email` takes subject and body out of RFC 822 messages. */
  readonly content: 'text' | 'email';
  readonly encoding?: TextEncoding;
}

/**
 * Reads the files of a folder and of the folders in it, in the order of their paths.
 *
 * Columns: `text`, `file` (the path inside the folder, with `/`), `folder` (its first part, '' for files directly in
 * the folder), and for e-mails `subject`, `body` too; `text` is then the subject, a line break, and the body. No other
 * header is taken: addresses, dates and list names give labels away.
 */
export async function* readTextFolder(
  folder: string,
  options: TextFolderOptions,
): AsyncGenerator<SourceItem, void, undefined> {
  const files = await listFiles(folder, options);
  if (files.length === 0) {
    throw new UserError({
      code: 'data/empty',
      message: options.include === undefined ? 'The folder holds no files' : 'No file of this folder matches',
      file: folder,
      expected:
        options.include === undefined
          ? 'text files, here or in folders below; names that begin with a dot do not count'
          : `a file that matches ${options.include.join(' or ')}`,
    });
  }
  let row = 0;
  for (const file of files) {
    row++;
    const slash = file.indexOf('/');
    const position = { file, folder: slash === -1 ? '' : file.slice(0, slash) };
    let bytes: Buffer;
    try {
      bytes = await readFile(join(folder, file));
    } catch (error) {
      throw explainFileError(join(folder, file), error);
    }
    if (options.content === 'email') {
      const { subject, body } = parseEmail(bytes);
      const text = subject === '' ? body : body === '' ? subject : `${subject}\n${body}`;
      yield { kind: 'row', row, values: { text, subject, body, ...position } };
      continue;
    }
    const text = decodeText(bytes, options.encoding);
    const problem = invalidByteProblem(text);
    if (problem === undefined) yield { kind: 'row', row, values: { text, ...position } };
    else yield brokenRow(join(folder, file), { row }, problem);
  }
}

/** The relative paths of the files that match, sorted by code units. Links are followed; pipes, devices and sockets are no texts. */
async function listFiles(folder: string, options: TextFolderOptions): Promise<string[]> {
  const files: string[] = [];
  const visit = async (relative: string, above: readonly string[]): Promise<void> => {
    let real: string;
    let entries: Awaited<ReturnType<typeof readEntries>>;
    try {
      real = await realpath(join(folder, relative));
      // A link to a folder that it lies in: its files are in the list already.
      if (above.includes(real)) return;
      entries = await readEntries(join(folder, relative));
    } catch (error) {
      throw explainFileError(join(folder, relative), error);
    }
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      const kind = entry.isSymbolicLink() ? await targetOf(join(folder, path)) : entry;
      if (kind?.isDirectory() === true) await visit(path, [...above, real]);
      else if (
        kind?.isFile() === true &&
        (options.include === undefined || matchesAnyPattern(path, options.include)) &&
        !matchesAnyPattern(path, options.exclude ?? [])
      ) {
        files.push(path);
      }
    }
  };
  await visit('', []);
  return files.sort((first, second) => (first < second ? -1 : 1));
}

/** What a link leads to; `undefined` for one that leads nowhere. */
async function targetOf(path: string) {
  return stat(path).catch(() => undefined);
}

function readEntries(path: string) {
  return readdir(path, { withFileTypes: true });
}
