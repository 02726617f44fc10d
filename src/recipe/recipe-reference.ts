/** How one recipe names another: a path, `npm:PACKAGE/PATH`, or a package alone. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Result, success } from '../diagnostics/result.js';
import { type PathProblem, resolvePath } from './path-settings.js';

/** The recipe that a package or folder offers when none of its files is named. */
const mainRecipe = 'roux.yaml';

/**
 * The absolute path of the recipe that is meant. A relative path starts from `folder`; what is neither found there nor
 * begins with a dot is looked for among the installed packages. A package or folder alone means its `roux.yaml`.
 */
export function resolveRecipe(written: string, folder: string): Result<string, PathProblem> {
  const found = resolveFile(written, folder);
  if (!found.ok || !isFolder(found.value)) return found;
  return resolvePath(`${found.value}/${mainRecipe}`, folder);
}

function resolveFile(written: string, folder: string): Result<string, PathProblem> {
  const path = resolvePath(written, folder);
  if (path.ok || !packagePattern.test(written)) return path;
  const inPackage = resolvePath(`npm:${written}`, folder);
  if (inPackage.ok) return success(inPackage.value);
  // A package that is there and lacks the file says more than the missing path.
  const isPackage = written.startsWith('@') || resolvePath(`npm:${packageOf(written)}`, folder).ok;
  return isPackage ? inPackage : path;
}

const packagePattern = /^(?:@[\w.-]+\/)?[A-Za-z0-9][\w.-]*(?:\/.*)?$/;

function packageOf(written: string): string {
  const [scope = '', name = ''] = written.split('/');
  return scope.startsWith('@') ? join(scope, name) : scope;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
