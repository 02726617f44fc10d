/**
 * TensorBoard's event files: records of `Event` messages (tensorflow/core/util/event.proto), of which roux writes the
 * version, the start of a session, and scalars.
 */
import { ProtobufWriter } from './protobuf-writer.js';
import { tfRecord } from './tf-record.js';

/** The figures of one step. */
export interface ScalarEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  /** Figures by tag; what stands before a `/` is the group in which TensorBoard shows it. */
  readonly scalars: Readonly<Record<string, number>>;
}

/** What every event file begins with. */
export function fileVersionEvent(wallTime: number): Uint8Array {
  return event(wallTime, (writer) => writer.string(FILE_VERSION, 'brain.Event:2'));
}

/** Says that a session starts after a step: figures of later steps that stand before this are void. */
export function sessionStartEvent(wallTime: number, step: number): Uint8Array {
  return event(wallTime, (writer) => {
    if (step !== 0) writer.integer(STEP, step);
    writer.message(SESSION_LOG, (log) => log.integer(SESSION_STATUS, SESSION_START));
  });
}

/** The record of one step's figures. */
export function scalarEvent({ wallTime, step, scalars }: ScalarEvent): Uint8Array {
  return event(wallTime, (writer) => {
    // A field of value 0 is left out, as protobuf's own writers do.
    if (step !== 0) writer.integer(STEP, step);
    writer.message(SUMMARY, (summary) => {
      for (const [tag, value] of Object.entries(scalars)) {
        summary.message(SUMMARY_VALUE, (entry) => {
          entry.string(VALUE_TAG, tag);
          entry.float(VALUE_SIMPLE, value);
        });
      }
    });
  });
}

/** The name of an event file; TensorBoard knows them by the middle of it. */
export function eventFileName(startedAt: number): string {
  return `events.out.tfevents.${String(Math.floor(startedAt)).padStart(10, '0')}.roux`;
}

// Field numbers of event.proto and summary.proto.
const WALL_TIME = 1;
const STEP = 2;
const FILE_VERSION = 3;
const SUMMARY = 5;
const SESSION_LOG = 7;
const SESSION_STATUS = 1;
const SESSION_START = 1;
const SUMMARY_VALUE = 1;
const VALUE_TAG = 1;
const VALUE_SIMPLE = 2;

function event(wallTime: number, write: (writer: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter();
  if (wallTime !== 0) writer.double(WALL_TIME, wallTime);
  write(writer);
  return tfRecord(writer.finish());
}
