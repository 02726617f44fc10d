/** What draws a run: one implementation for terminals, one for pipes and CI, one for programs. */
import type { RunEvent } from '../../engine/events.js';

/** Draws the events of a run as they come. */
export interface RunRenderer {
  event(event: RunEvent): void;
  /** Resolves when everything is drawn; nothing is drawn afterwards. */
  close(): Promise<void>;
}
