import { type TString, Type } from '@sinclair/typebox';
import { outputPath, pathKeyword } from './setting-keywords.js';

/**
 * A setting that names a file or folder outside the store.
 *
 * In a recipe it is relative to the file it is written in, absolute, or `npm:PACKAGE/PATH` for a file of an installed
 * package. The stage gets it absolute. Its contents, not its name, are part of the key (with the name's extension, which
 * can decide how a file is read), so moving or touching a file runs nothing. A path that does not exist is a
 * diagnostic before anything runs.
 */
export function PathSetting(options: { readonly description: string }): TString {
  return Type.String({ ...options, minLength: 1, [pathKeyword]: true });
}

/**
 * A setting that names a folder outside the store which the stage writes to, for people to look at while it runs.
 *
 * Relative to the file it is written in, or absolute; the stage gets it absolute, and makes it where it is missing. What
 * goes there is no result: a stage whose result is in the store does not run and writes nothing. So the setting must be
 * declared `keyless`.
 */
export function OutputFolderSetting(options: { readonly description: string }): TString {
  return Type.String({ ...options, minLength: 1, [pathKeyword]: outputPath });
}
