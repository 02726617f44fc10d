/** A file system of a given size, for tests of full disks. Only root may make one; others learn so. */
import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';

/** Makes the folder one; `false` where this machine does not let us. */
export async function mountSmallDisk(folder: string, kilobytes: number): Promise<boolean> {
  await mkdir(folder);
  try {
    administer('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder]);
    return true;
  } catch {
    return false;
  }
}

/** Gives it another size. */
export function resizeSmallDisk(folder: string, kilobytes: number): void {
  administer('mount', ['-o', `remount,size=${kilobytes}k`, folder]);
}

/** Takes it away, whoever still has files on it open. */
export function unmountSmallDisk(folder: string): void {
  administer('umount', ['-l', folder]);
}

function administer(command: string, options: readonly string[]): void {
  execFileSync(command, options, { stdio: 'ignore' });
}
