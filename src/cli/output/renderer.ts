/** What draws a run: one implementation for terminals, one for pipes and CI, one for programs. */
import type { RunEvent } from '../../engine/events.js';

/** Draws the events of a run as they come. */
export interface RunRenderer {
  event(event: RunEvent): void;
  /** Resolves when everything is drawn; nothing is drawn afterwards. */
  close(): Promise<void>;
}

/** Draws for people, who are also told other things meanwhile. */
export interface TextRenderer extends RunRenderer {
  /** Prints lines: above what is redrawn, at once. */
  print(text: string): void;
}

/** How a stage starts that does not start at its beginning; `undefined` for one that does. */
export function goingOn(event: Extract<RunEvent, { event: 'stage-started' }>): string | undefined {
  if (event.ongoing === true) return 'goes on from the run before';
  return event.resumed ? 'continued from its last checkpoint' : undefined;
}
