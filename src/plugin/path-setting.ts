import { type TString, Type } from '@sinclair/typebox';

/** The JSON Schema keyword that marks a setting as a path. */
export const pathKeyword = 'x-roux-path';

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
