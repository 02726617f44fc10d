/** Chooses how a run is drawn. */
import type { RunEvent } from '../../engine/events.js';
import { createJsonRenderer } from './json-renderer.js';
import { createPlainRenderer } from './plain-renderer.js';
import type { RunRenderer, TextRenderer } from './renderer.js';
import type { Terminal } from './terminal.js';

/** Lines that the terminal must have besides one per stage and a line of progress below some of them. */
const spareRows = 6;

/** JSON where asked for, text otherwise. */
export function createRunRenderer(terminal: Terminal, options: { readonly json: boolean }): RunRenderer {
  return options.json ? createJsonRenderer(terminal) : createTextRenderer(terminal);
}

/** A tree on a terminal; lines everywhere else. */
export function createTextRenderer(terminal: Terminal): TextRenderer {
  return terminal.interactive ? createLazyTree(terminal) : createPlainRenderer(terminal);
}

/**
 * A tree that is loaded only when something has to be drawn: a run whose results are all in the store never waits for
 * listr2. A graph that does not fit the window is told in lines, since only what is visible can be redrawn.
 */
function createLazyTree(terminal: Terminal): TextRenderer {
  let earlier: RunEvent[] = [];
  let loading: Promise<void> | undefined;
  let renderer: TextRenderer | undefined;
  const load = async (stages: number): Promise<void> => {
    const fits = stages + spareRows <= terminal.rows;
    const chosen = fits
      ? (await import('./tree-renderer.js')).createTreeRenderer(terminal)
      : createPlainRenderer(terminal);
    for (const event of earlier) chosen.event(event);
    earlier = [];
    renderer = chosen;
  };
  let stages = 0;
  return {
    event: (event) => {
      if (renderer !== undefined) {
        renderer.event(event);
        return;
      }
      earlier.push(event);
      if (event.event === 'run-started') stages = event.stages.length;
      else if (event.event !== 'stage-hit' && event.event !== 'run-finished') loading ??= load(stages);
    },
    print: (text) => {
      if (loading === undefined) terminal.print(text);
      else void loading.then(() => renderer?.print(text));
    },
    close: async () => {
      await loading;
      await renderer?.close();
    },
  };
}
