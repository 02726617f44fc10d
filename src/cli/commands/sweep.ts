/** `roux sweep`: searches params for the best value of a metric. */
import { Command } from 'commander';
import type { RunEvent } from '../../engine/events.js';
import type { SweepRecord } from '../../engine/sweep-record.js';
import type { JsonObject } from '../../plugin/stage-info.js';
import type { CheckedRecipe, CheckedSweep } from '../../recipe/checked-recipe.js';
import type { CommandOutside } from '../command-line.js';
import { exitCodes } from '../exit-codes.js';
import { exitCodeOf, interruptible } from '../interruption.js';
import type { RunRenderer } from '../output/renderer.js';
import type { Terminal } from '../output/terminal.js';
import { addRecipeOptions, type RecipeOptions, wholeNumber } from '../recipe-options.js';

interface SweepCommandOptions extends RecipeOptions {
  readonly trials?: number;
  readonly jobs: number;
  readonly json?: boolean;
}

export function command(outside: CommandOutside): Command {
  const sweep = new Command('sweep')
    .summary('search params for the best value of a metric')
    .description(
      "Runs a recipe with other params again and again, as its 'sweep' says, up to the stage that counts. Trials share\n" +
        'every cached stage; more trials of the same sweep compute only the new ones.',
    );
  return addRecipeOptions(sweep)
    .option('--trials <number>', 'how many trials there are; default: what the recipe says', wholeNumber(1))
    .option(
      '-j, --jobs <number>',
      'how many trials run at a time; their stages share the threads',
      wholeNumber(1),
      1,
    )
    .option('--json', 'print one event a line as JSON (docs/reference/events.md)')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ roux sweep                         the sweep of the recipe of this folder\n' +
        '  $ roux sweep mail.yaml --trials 40   go on with what 20 trials have found\n' +
        '  $ roux sweep mail.yaml --jobs 2      two trials at a time, where a stage leaves threads to others\n' +
        '  $ roux sweep mail.yaml -p smoke      with the values of a profile; those that it sets are not searched',
    )
    .action((written: string | undefined, options: SweepCommandOptions) =>
      sweepCommand(written, options, outside),
    );
}

async function sweepCommand(
  written: string | undefined,
  options: SweepCommandOptions,
  { terminal, exit }: CommandOutside,
): Promise<void> {
  const { loadRecipe } = await import('../recipe-source.js');
  const json = options.json === true;
  const recipe = await loadRecipe(written, options, { terminal, json });
  if (recipe === undefined) {
    exit(exitCodes.wrong);
    return;
  }
  if (recipe.sweep === undefined) {
    await complain(recipe, terminal, json);
    exit(exitCodes.wrong);
    return;
  }
  const { sweep } = recipe;
  await interruptible(async ({ signal, cause }) => {
    const record = await searchWith(recipe, sweep, options, terminal, signal);
    const interruption = cause();
    if (interruption !== undefined) exit(exitCodeOf(interruption));
    else if (record.best === undefined) exit(exitCodes.failed);
  });
}

async function searchWith(
  recipe: CheckedRecipe,
  sweep: CheckedSweep,
  options: SweepCommandOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<SweepRecord> {
  const [{ openProjectStore, readRecipe }, { runSweep }, views] = await Promise.all([
    import('../recipe-source.js'),
    import('../../engine/run-sweep.js'),
    import('../output/sweep-view.js'),
  ]);
  const json = options.json === true;
  const store = await openProjectStore(options, terminal);
  try {
    const drawing = await drawTrials(terminal, { json, several: options.jobs > 1 });
    const record = await runSweep({
      store,
      recipe,
      sweep,
      signal,
      identity: identityOf(options),
      ...(options.trials !== undefined && { trials: options.trials }),
      jobs: options.jobs,
      ...(options.threads !== undefined && { threads: options.threads }),
      load: (trial) => readRecipe(recipe.file, options, { trial }),
      describe: ({ message, location }) =>
        location ? `${message} (${location.file}:${location.line})` : message,
      onEvent: (event) => {
        if (json) terminal.print(JSON.stringify(event));
        else drawing.later(() => terminal.print(views.sweepLine(event, terminal)));
        if (event.event === 'trial-started') drawing.begin();
        else if (event.event === 'trial-finished') drawing.end();
      },
      onRunEvent: (event, trial) => {
        if (json) terminal.print(JSON.stringify({ ...event, trial }));
        else drawing.event(event);
      },
    });
    await drawing.drawn();
    if (!json) terminal.print(views.formatSweep(record, terminal).join('\n'));
    return record;
  } finally {
    await store.close();
  }
}

/** What is drawn of the trials' runs: a tree on a terminal, of one trial at a time; otherwise nothing. */
async function drawTrials(
  terminal: Terminal,
  { json, several }: { readonly json: boolean; readonly several: boolean },
): Promise<{
  readonly begin: () => void;
  readonly event: (event: RunEvent) => void;
  readonly end: () => void;
  readonly later: (draw: () => void) => void;
  readonly drawn: () => Promise<void>;
}> {
  const { createRunRenderer } = await import('../output/run-renderer.js');
  const isDrawn = terminal.interactive && !json && !several;
  let renderer: RunRenderer | undefined;
  // A tree takes its time to end; what is printed comes after it.
  let drawn: Promise<void> = Promise.resolve();
  const later = (draw: () => void): void => {
    drawn = drawn.then(draw);
  };
  return {
    begin: () => {
      if (isDrawn) renderer = createRunRenderer(terminal, { json: false });
    },
    event: (event) => renderer?.event(event),
    end: () => {
      const ended = renderer;
      renderer = undefined;
      if (ended) drawn = drawn.then(() => ended.close());
    },
    later,
    drawn: () => drawn,
  };
}

/** What was said on the command line for all trials; a sweep with other values is another one. */
function identityOf({ set, params, seed, runtime }: SweepCommandOptions): JsonObject {
  return {
    ...(set !== undefined && { set }),
    ...(params !== undefined && { params }),
    ...(seed !== undefined && { seed }),
    ...(runtime !== undefined && { runtime }),
  };
}

async function complain(recipe: CheckedRecipe, terminal: Terminal, json: boolean): Promise<void> {
  const { formatProblems, printDiagnostics } = await import('../recipe-source.js');
  const diagnostics = [
    {
      code: 'sweep/none' as const,
      severity: 'error' as const,
      message: `the recipe ${recipe.file} has no sweep`,
      help: "write under 'sweep:' which params to try and what counts (docs/guide/params-and-sweeps.md)",
      related: [],
    },
  ];
  if (json) await printDiagnostics(diagnostics, { terminal, json });
  else terminal.printError(await formatProblems(diagnostics, terminal));
}
