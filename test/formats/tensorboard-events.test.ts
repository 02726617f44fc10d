/** Event files against those of TensorBoard's own writer: test/reference/event_files.py. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../src/formats/crc32c.js';
import {
  eventFileName,
  fileVersionEvent,
  type ScalarEvent,
  scalarEvent,
  sessionStartEvent,
} from '../../src/formats/tensorboard-events.js';

const fixture: { readonly events: readonly ScalarEvent[]; readonly file: string } = JSON.parse(
  readFileSync(new URL('../fixtures/formats/events.json', import.meta.url), 'utf8'),
);

describe('event files', () => {
  it("are those of TensorBoard's own writer, byte for byte", () => {
    const written = [fileVersionEvent(1), sessionStartEvent(2, 7), ...fixture.events.map(scalarEvent)];
    expect(Buffer.concat(written).toString('base64')).toBe(fixture.file);
  });

  it('have names that TensorBoard takes for event files, in the order of time', () => {
    const names = [0, 999, 1_700_000_000.7].map(eventFileName);
    for (const name of names) expect(name).toContain('tfevents');
    expect([...names].sort()).toEqual(names);
  });
});

describe('CRC-32C', () => {
  // RFC 3720, appendix B.4.
  it.each([
    ['32 zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['rising bytes', Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
    ['falling bytes', Uint8Array.from({ length: 32 }, (_, index) => 31 - index), 0x113fdb5c],
    ['nothing', new Uint8Array(), 0],
  ])('of %s', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });
});
