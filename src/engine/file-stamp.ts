/**
 * Stamps: what the file system tells of a file without reading it. As long as a file's stamp is the one noted when it
 * was hashed, its contents are taken to be the same.
 */
import type { BigIntStats } from 'node:fs';

/** Size, modification time, change time (both in nanoseconds) and inode, in one string. */
export type FileStamp = string;

/** The stamp of a file. The change time is in it because tools that restore the modification time cannot set it. */
export function fileStamp(stats: BigIntStats): FileStamp {
  return `${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}:${stats.ino}`;
}

/** Linux stamps files with the time of the last timer tick, at most 10 ms ago; with a margin. */
const fineGranularityMs = 50;

/** FAT counts in steps of two seconds, HFS+ and some network file systems in steps of one; with a margin. */
const coarseGranularityMs = 2_100;

/**
 * Whether a file changed so shortly before it was hashed that a further change could have left the same stamp. The stamp
 * of such a file must not be trusted (what git calls racy).
 *
 * `hashingBeganMs` is in milliseconds since the epoch.
 */
export function isRacy(stats: BigIntStats, hashingBeganMs: number): boolean {
  return [stats.mtimeNs, stats.ctimeNs].some((time) => {
    const granularity = time % 1_000_000_000n === 0n ? coarseGranularityMs : fineGranularityMs;
    return Number(time / 1_000_000n) > hashingBeganMs - granularity;
  });
}
