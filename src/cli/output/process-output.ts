/**
 * The standard output and error of this process. Node's streams bring its network modules with them, so that they are opened for a
 * terminal only, or when somebody wants a stream; whole texts for files and pipes are written at once.
 */
import { fstatSync, writeSync } from 'node:fs';
import { isFileError } from '../../engine/file-writing.js';
import { handleOutputError } from '../interruption.js';

/** One of the two. */
export interface ProcessOutput {
  /** Writes a text, in the order of calls. */
  write(text: string): void;
  readonly stream: NodeJS.WriteStream;
  /** Whether it may be a terminal; only the stream knows for sure. */
  readonly mayBeTerminal: boolean;
  /** Calls back when everything is written. */
  flush(done: () => void): void;
}

/** An output by its name; the stream is opened when it is first needed. */
export function openProcessOutput(name: 'stdout' | 'stderr'): ProcessOutput {
  const file = name === 'stdout' ? 1 : 2;
  let opened: NodeJS.WriteStream | undefined;
  const open = (): NodeJS.WriteStream => {
    opened ??= process[name].on('error', handleOutputError);
    return opened;
  };
  const mayBeTerminal = isCharacterDevice(file);
  return {
    write(text) {
      const rest = opened === undefined && !mayBeTerminal ? writeAtOnce(file, text) : text;
      try {
        if (rest.length > 0) open().write(rest);
      } catch (error) {
        // Streams of devices write at once.
        process.nextTick(handleOutputError, error);
      }
    },
    get stream() {
      return open();
    },
    mayBeTerminal,
    flush(done) {
      // On Windows pipes are written later, by whomever. Elsewhere what could not be written is told first.
      if (opened === undefined && process.platform !== 'win32') process.nextTick(done);
      else {
        open().write('', (error) => {
          if (error) handleOutputError(error);
          done();
        });
      }
    },
  };
}

/** Gives back what could not be written now, because nobody reads the other end of the pipe fast enough. */
function writeAtOnce(file: number, text: string): string | Uint8Array {
  let rest: Uint8Array = Buffer.from(text);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(file, rest));
  } catch (error) {
    if (isFileError(error, 'EAGAIN')) return rest;
    // Told as a stream tells it: not in the middle of what prints.
    process.nextTick(handleOutputError, error);
  }
  return '';
}

function isCharacterDevice(file: number): boolean {
  try {
    return process.platform === 'win32' || fstatSync(file).isCharacterDevice();
  } catch {
    return true;
  }
}
