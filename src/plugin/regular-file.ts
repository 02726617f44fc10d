import { statSync } from 'node:fs';

/** Whether a path leads to a regular file: no folder, and no pipe or device, from which what is read is gone. */
export function isRegularFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // Also a way that leads through a file, or round in a circle, leads to none.
    return false;
  }
}
