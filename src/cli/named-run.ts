/** The run that the command line names. */
import type { RunRecord } from '../engine/api.js';
import type { Store } from '../engine/store.js';
import { CommandLineError } from './exit-codes.js';
import type { Terminal } from './output/terminal.js';

/** Finds a run (see `findRun` of the engine); throws a `CommandLineError` when there is none, or more than one. */
export async function namedRun(store: Store, written: string, { directory }: Terminal): Promise<RunRecord> {
  const [{ findRun }, { runIds }] = await Promise.all([
    import('../engine/run-reference.js'),
    import('../engine/run-record.js'),
  ]);
  const answer = await findRun(store, written, directory);
  switch (answer.state) {
    case 'found':
      return answer.run;
    case 'ambiguous':
      throw new CommandLineError('command/unknown-run', `${written} is the beginning of several runs`, {
        written,
        help: `one of: ${answer.candidates.slice(0, mostCandidates).join(', ')}`,
      });
    case 'missing':
      if ((await runIds(store)).length === 0) throw noRunRecorded();
      throw new CommandLineError('command/unknown-run', `there is no run ${written}`, {
        written,
        help: 'roux runs lists them; a tag, the beginning of an identifier, latest~1 or recipe.yaml name one, too',
      });
  }
}

/** The error of a command on runs where nothing has been run. */
export function noRunRecorded(): CommandLineError {
  return new CommandLineError('command/no-result', 'no run is recorded here', {
    help: 'roux run recipe.yaml runs a recipe; --store names the store of another place',
  });
}

/** More candidates than this do not help to choose. */
const mostCandidates = 8;
