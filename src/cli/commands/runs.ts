/** `roux runs`: what has been run, and names for runs. */
import { Command, Option } from 'commander';
import type { RunRecord } from '../../engine/api.js';
import type { CommandOutside } from '../command-line.js';
import { CommandLineError } from '../exit-codes.js';
import { storeOption, wholeNumber } from '../recipe-options.js';

interface ListOptions {
  readonly store?: string;
  readonly outcome?: RunRecord['outcome'];
  readonly profile?: string;
  readonly tagged?: boolean;
  readonly metric?: string;
  readonly number: number;
  readonly json?: boolean;
}

interface TagOptions {
  readonly store?: string;
}

const outcomes: readonly RunRecord['outcome'][] = ['done', 'failed', 'cancelled', 'running', 'interrupted'];

/** As many runs as fit a window, the newest. */
const shownByDefault = 20;

export function command(outside: CommandOutside): Command {
  const runs = new Command('runs')
    .summary('list runs, give them names')
    .description(
      'Lists what has been run, and gives runs names. Wherever a run is named, these will do: its identifier or the\n' +
        'beginning of it, a tag, latest, latest~1 (the one before), recipe.yaml (its newest run), recipe.yaml~1.',
    )
    .addHelpText('after', '\nExamples:\n  $ roux runs\n  $ roux runs tag latest baseline');
  runs
    .command('ls', { isDefault: true })
    .description('List runs, the newest first.')
    .argument('[recipe]', 'only runs of this recipe')
    .addOption(new Option('--outcome <outcome>', 'only runs that ended so').choices(outcomes))
    .option('-p, --profile <name>', 'only runs with this profile')
    .option('--tagged', 'only runs that have a tag')
    .option(
      '-m, --metric <name>',
      'show this figure: macro_f1, or evaluate.macro_f1 where several stages have it',
    )
    .option('-n, --number <count>', 'how many, 0 for all', wholeNumber(0), shownByDefault)
    .option('--json', 'print the records as JSON')
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ roux runs\n  $ roux runs recipes/quickstart.yaml --metric macro_f1\n  $ roux runs --outcome failed -n 0',
    )
    .action((recipe: string | undefined, options: ListOptions) => list(recipe, options, outside));
  runs
    .command('tag')
    .description(
      'Give a run a name. A tag of that name moves. What a tagged run made is left alone by `roux cache gc`.',
    )
    .argument('<run>', 'the run')
    .argument('<name>', 'its new name: letters, digits, ".", "_" and "-"')
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ roux runs tag latest baseline')
    .action((run: string, name: string, options: TagOptions) => tag(run, name, options, outside));
  runs
    .command('untag')
    .description('Take a name away.')
    .argument('<name>', 'the tag')
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ roux runs untag baseline')
    .action((name: string, options: TagOptions) => untag(name, options, outside));
  return runs;
}

async function list(
  recipe: string | undefined,
  options: ListOptions,
  { terminal }: CommandOutside,
): Promise<void> {
  const [{ findProjectStore, recipeFile }, { listRuns, runIds }, { listTags }, { runList }] =
    await Promise.all([
      import('../recipe-source.js'),
      import('../../engine/run-record.js'),
      import('../../engine/tags.js'),
      import('../output/run-list.js'),
    ]);
  const file = recipe === undefined ? undefined : recipeFile(recipe, terminal);
  const store = await findProjectStore(options, terminal);
  try {
    const ids = store === undefined ? [] : await runIds(store);
    const all = store === undefined ? [] : await listRuns(store);
    const tags = tagsByRun(store === undefined ? [] : await listTags(store));
    const found = all.filter(
      (run) =>
        (file === undefined || run.recipe === file) &&
        (options.outcome === undefined || run.outcome === options.outcome) &&
        (options.profile === undefined || run.profile === options.profile) &&
        (options.tagged !== true || tags.has(run.id)),
    );
    const shown = options.number === 0 ? found : found.slice(0, options.number);
    if (options.json === true) {
      const records = shown.map((run) => ({ ...run, tags: tags.get(run.id) ?? [] }));
      terminal.print(JSON.stringify(records, null, 2));
      return;
    }
    if (ids.length === 0) {
      terminal.print('No run is recorded here. roux run recipe.yaml runs a recipe.');
      return;
    }
    const { metric } = options;
    const lines = runList(shown, { tags, ...(metric !== undefined && { metric }) }, terminal);
    if (all.length > 0) terminal.print(lines.join('\n'));
    const more = found.length - shown.length;
    if (more > 0) terminal.print(terminal.colors.dim(`${more} older; -n 0 lists all`));
    const lost = ids.length - all.length;
    if (lost > 0) {
      const records = lost === 1 ? '1 record is' : `${lost} records are`;
      terminal.print(
        terminal.colors.yellow(`${records} damaged and left out; roux cache verify tells which`),
      );
    }
  } finally {
    await store?.close();
  }
}

async function tag(
  written: string,
  name: string,
  options: TagOptions,
  { terminal }: CommandOutside,
): Promise<void> {
  const [{ openRunStore }, { tagRun, readTag, isTagName, tagNameRule }, { namedRun }, { describeRun }] =
    await Promise.all([
      import('../recipe-source.js'),
      import('../../engine/tags.js'),
      import('../named-run.js'),
      import('../describe-run.js'),
    ]);
  if (!isTagName(name)) {
    throw new CommandLineError('command/argument', `${JSON.stringify(name)} cannot be the name of a run`, {
      written: name,
      expected: tagNameRule,
    });
  }
  const store = await openRunStore(options, terminal);
  try {
    const run = await namedRun(store, written, terminal);
    const before = await readTag(store, name);
    await tagRun(store, run.id, name);
    const moved = before === undefined || before.run === run.id ? '' : `, no longer run ${before.run}`;
    terminal.print(`${name} is ${describeRun(run)}${moved}`);
  } finally {
    await store.close();
  }
}

async function untag(name: string, options: TagOptions, { terminal }: CommandOutside): Promise<void> {
  const [{ findProjectStore }, { removeTag }] = await Promise.all([
    import('../recipe-source.js'),
    import('../../engine/tags.js'),
  ]);
  const store = await findProjectStore(options, terminal);
  try {
    if (store !== undefined && (await removeTag(store, name)))
      terminal.print(`${name} names no run any more`);
    else {
      throw new CommandLineError('command/unknown-run', `there is no tag ${name}`, {
        written: name,
        help: 'roux runs --tagged lists them',
      });
    }
  } finally {
    await store?.close();
  }
}

function tagsByRun(
  tags: readonly { readonly name: string; readonly run: string }[],
): ReadonlyMap<string, readonly string[]> {
  const byRun = new Map<string, readonly string[]>();
  for (const { name, run } of tags) byRun.set(run, [...(byRun.get(run) ?? []), name]);
  return byRun;
}
