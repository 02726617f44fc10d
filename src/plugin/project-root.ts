/** Where a project begins. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The nearest folder at or above `from` that holds a store, a package or a git repository; `from` itself if none does. */
export function projectRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (['.roux', 'package.json', '.git'].some((name) => existsSync(join(folder, name)))) return folder;
    if (dirname(folder) === folder) return from;
  }
}
