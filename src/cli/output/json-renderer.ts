/** One event a line, for programs; the events are documented in docs/reference/events.md. */
import type { RunRenderer } from './renderer.js';
import type { Terminal } from './terminal.js';

/** Prints every event as one line of JSON. */
export function createJsonRenderer(terminal: Terminal): RunRenderer {
  return {
    event: (event) => terminal.print(JSON.stringify(event)),
    close: async () => {},
  };
}
