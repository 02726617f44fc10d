/** Paths as people read them: from the folder that they work in. */
import { isAbsolute, parse, relative, sep } from 'node:path';

/** An absolute path relative to a folder, where that is shorter. */
export function shortPath(path: string, folder: string): string {
  if (!isAbsolute(path)) return path;
  const short = relative(folder, path);
  return short !== '' && short.length < path.length ? short : path;
}

/** A sentence in which the paths that begin with the folder are relative to it. */
export function withShortPaths(text: string, folder: string): string {
  const isRoot = parse(folder).root === folder;
  return isRoot ? text : text.replaceAll(`${folder}${sep}`, '');
}
