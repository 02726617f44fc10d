/** Whether git is writing files at the moment. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** A lock that is older was left by a git that was killed, or belongs to something else than a change of branch. */
const longestLockMs = 10_000;

/** Whether git writes to a work tree that one of the folders is in, for another branch or a merge. */
export function isGitWriting(folders: Iterable<string>): boolean {
  return locksOf(folders).some((lock) => {
    const stats = statSync(lock, { throwIfNoEntry: false });
    return stats !== undefined && Date.now() - stats.mtimeMs < longestLockMs;
  });
}

/** The files that git makes when it begins and removes when it is done. */
function locksOf(folders: Iterable<string>): readonly string[] {
  const locks = new Set<string>();
  for (const folder of folders) {
    for (let top = folder; ; top = dirname(top)) {
      const found = gitFolder(top);
      if (found !== undefined) locks.add(join(found, 'index.lock'));
      if (found !== undefined || dirname(top) === top) break;
    }
  }
  return [...locks];
}

/** Where git keeps what belongs to a work tree; `undefined` where the folder is not the top of one. */
function gitFolder(top: string): string | undefined {
  const path = join(top, '.git');
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() !== true) return stats === undefined ? undefined : path;
  // Work trees beside the first one name their folder.
  const [, folder] = /^gitdir: (.+)$/m.exec(readFileSync(path, 'utf8')) ?? [];
  return folder === undefined ? undefined : resolve(top, folder);
}
