import { oneLine } from './terminal-text.js';

/** What of a stage's result is damaged, by the port of `artifact-damaged`: `output 'tokens'`, or the record of the result itself. */
export function storedPart(port: string): string {
  return port === 'record' ? 'record of the result' : `output '${oneLine(port)}'`;
}
