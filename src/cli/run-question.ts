/** What a command line asks of the engine, for it to tell whether the same was asked before. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { RunQuestion } from '../engine/run-note.js';
import { projectRoot } from '../plugin/project-root.js';

/** The question of a `roux run`: all its words, where it was asked, and on what; not what the recipe looks at by itself. */
export function runQuestion(args: readonly string[], directory: string): RunQuestion {
  const { version, platform, arch, env } = process;
  return {
    // Beside the checked recipes, with which they grow old.
    folder: join(projectRoot(directory), '.roux', 'recipes'),
    words: JSON.stringify([
      args,
      directory,
      env.ROUX_STORE ?? null,
      availableParallelism(),
      version,
      platform,
      arch,
    ]),
  };
}
