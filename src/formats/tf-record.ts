/**
 * TFRecord, TensorFlow's container of records: for each its length as 64 bits, the masked CRC of the length, the bytes,
 * and their masked CRC, all little-endian (https://www.tensorflow.org/tutorials/load_data/tfrecord).
 */
import { crc32c } from './crc32c.js';

/** One record as it stands in the file. */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(HEADER + data.byteLength + CHECKSUM);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.byteLength), true);
  view.setUint32(LENGTH, maskedCrc(record.subarray(0, LENGTH)), true);
  record.set(data, HEADER);
  view.setUint32(HEADER + data.byteLength, maskedCrc(data), true);
  return record;
}

const LENGTH = 8;
const CHECKSUM = 4;
const HEADER = LENGTH + CHECKSUM;

/** Added to the rotated checksum, so that the checksum of bytes that contain checksums is none of a simple kind. */
const MASK = 0xa282ead8;

function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + MASK) >>> 0;
}
