/** SHA-256 of files, at the speed of the disk or of the hash, whichever is lower. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import type { FileDigest } from './digests.js';

/** Files up to this size are read without asking another thread, which takes ten times as long as the reading. */
const smallBytes = 1 << 16;

/** Bytes per read of larger files: calls cost nothing, and the data is still in the processor's cache when it is hashed. */
const chunkBytes = 1 << 20;

const readAsync = promisify(read);

/** Used by one call at a time, which never waits. */
let smallBuffer: Buffer | undefined;

/** Pairs of buffers that no call uses now: fresh memory costs as much as a read. */
const spareBuffers: (readonly [Buffer, Buffer])[] = [];

/** The SHA-256 and size of a file. What is larger than a few pages is hashed while the next piece is read. */
export async function hashFile(path: string): Promise<Omit<FileDigest, 'path'>> {
  const file = openSync(path, 'r');
  try {
    smallBuffer ??= Buffer.allocUnsafeSlow(smallBytes);
    const first = smallBuffer.subarray(0, readSync(file, smallBuffer));
    const hash = createHash('sha256').update(first);
    const rest = first.length < smallBytes ? 0 : await hashRest(file, (piece) => hash.update(piece));
    return { sha256: hash.digest('hex'), size: first.length + rest };
  } finally {
    closeSync(file);
  }
}

/** Reads to the end; gives back the number of bytes. */
async function hashRest(file: number, update: (piece: Uint8Array) => void): Promise<number> {
  const buffers = spareBuffers.pop() ?? [
    Buffer.allocUnsafeSlow(chunkBytes),
    Buffer.allocUnsafeSlow(chunkBytes),
  ];
  let [filled, filling] = buffers;
  let size = 0;
  let reading = readAsync(file, filling, 0, chunkBytes, null);
  for (;;) {
    const { bytesRead } = await reading;
    if (bytesRead === 0) break;
    [filled, filling] = [filling, filled];
    reading = readAsync(file, filling, 0, chunkBytes, null);
    update(filled.subarray(0, bytesRead));
    size += bytesRead;
  }
  spareBuffers.push(buffers);
  return size;
}
