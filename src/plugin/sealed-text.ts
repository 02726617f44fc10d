/** Notes that are only used as they were written: a bit that a disk turned in one must not become somebody's setting. */
import { createHash } from 'node:crypto';

/** The text with its SHA-256 before it. */
export function sealText(text: string): string {
  return `${checksum(text)}\n${text}`;
}

/** The text of a note; `undefined` when it is damaged. */
export function unsealText(sealed: string): string | undefined {
  const end = sealed.indexOf('\n');
  const text = sealed.slice(end + 1);
  return end > 0 && sealed.slice(0, end) === checksum(text) ? text : undefined;
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
