/** `roux cache`: what the store holds, and how it is kept small and sound. */
import { Command, InvalidArgumentError } from 'commander';
import type { Store } from '../../engine/store.js';
import type { CommandOutside } from '../command-line.js';
import { exitCodes } from '../exit-codes.js';
import { formatBytes, formatDuration } from '../output/format-value.js';
import { formatTable } from '../output/table.js';
import type { Terminal } from '../output/terminal.js';
import { oneLine } from '../output/terminal-text.js';
import { storeOption } from '../recipe-options.js';

interface CacheOptions {
  readonly store?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly olderThan?: number;
  readonly maxSize?: number;
  readonly unreachable?: boolean;
}

export function command(outside: CommandOutside): Command {
  const cache = new Command('cache')
    .summary('list, clean and verify the store')
    .description('What the store holds, and how it is kept small and sound.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ roux cache ls\n  $ roux cache gc --older-than 30d\n  $ roux cache verify',
    );
  cache
    .command('ls')
    .description('List the results in the store, the one used last first.')
    .option('--json', 'print the results as JSON')
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ roux cache ls')
    .action((options: CacheOptions) => list(options, outside));
  cache
    .command('gc')
    .description(
      'Remove what killed processes left, and results by age, size or use, with the records of runs and sweeps, pages and\n' +
        'recalled recipes. Never what a running process uses.',
    )
    .option('--older-than <age>', 'what was not used for so long: 12h, 30d, 8w', age)
    .option('--max-size <size>', 'the longest unused results until the rest is this small: 500MB, 2GB', size)
    .option(
      '--unreachable',
      'results that no stage of an existing recipe gave in its last run; sweeps of recipes that are gone',
    )
    .option('-n, --dry-run', 'only say what would be removed')
    .option('--json', 'print what was removed as JSON')
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ roux cache gc --dry-run --older-than 30d\n  $ roux cache gc --unreachable --max-size 2GB',
    )
    .action((options: CacheOptions) => clean(options, outside));
  cache
    .command('verify')
    .description(
      'Read every byte of the store. What is damaged is set aside, and made again by the next run.',
    )
    .option('-n, --dry-run', 'only say what is damaged')
    .option('--json', 'print what was found as JSON')
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ roux cache verify')
    .action((options: CacheOptions) => verify(options, outside));
  return cache;
}

/** Opens the store; where there is none yet, this is said, and nothing is made. */
async function existingStore(
  options: CacheOptions,
  terminal: Terminal,
  json = 'null',
): Promise<Store | undefined> {
  const { findProjectStore, projectStoreFolder } = await import('../recipe-source.js');
  const store = await findProjectStore(options, terminal);
  if (store !== undefined) return store;
  if (options.json === true) terminal.print(json);
  else {
    const { shortPath } = await import('../../diagnostics/short-path.js');
    const folder = shortPath(await projectStoreFolder(options, terminal), terminal.directory);
    terminal.print(`There is no store ${oneLine(folder)} yet; the first run makes it.`);
  }
  return undefined;
}

async function list(options: CacheOptions, { terminal }: CommandOutside): Promise<void> {
  const { listResults } = await import('../../engine/stored-results.js');
  const store = await existingStore(options, terminal, '[]');
  if (store === undefined) return;
  try {
    const results = await listResults(store);
    if (options.json === true) {
      terminal.print(JSON.stringify(results, null, 2));
      return;
    }
    const now = Date.now();
    const rows = results.map((result) => [
      result.key.slice(0, 12),
      oneLine(result.record.stageType),
      formatBytes(result.bytes),
      `${formatDuration(Math.max(0, now - result.lastUsed))} ago`,
      result.complete ? oneLine(result.usedBy.map(({ stage }) => stage).join(', ')) : 'incomplete',
    ]);
    const lines = formatTable([['key', 'type', 'size', 'used', 'last result of'], ...rows], {
      width: terminal.columns,
      right: [2],
      paint: (cell, row) => (row === 0 ? terminal.colors.dim(cell) : cell),
    });
    // An artifact that several results share is on the disk once.
    const bytes = new Map(
      results.flatMap(({ record }) =>
        Object.values(record.outputs).map(({ digest, bytes }) => [digest, bytes]),
      ),
    );
    const total = [...bytes.values()].reduce((sum, value) => sum + value, 0);
    terminal.print(
      [...lines, '', `${results.length} results, ${formatBytes(total)} in ${store.folder}`].join('\n'),
    );
  } finally {
    await store.close();
  }
}

async function clean(options: CacheOptions, { terminal }: CommandOutside): Promise<void> {
  const [{ collectGarbage }, { keptRecipesFolder }] = await Promise.all([
    import('../../engine/gc.js'),
    import('../../recipe/recalled-recipe.js'),
  ]);
  const store = await existingStore(options, terminal);
  if (store === undefined) return;
  try {
    const report = await collectGarbage(store, {
      dryRun: options.dryRun === true,
      recipes: keptRecipesFolder(terminal.directory),
      ...(options.olderThan !== undefined && { olderThanMs: options.olderThan }),
      ...(options.maxSize !== undefined && { maxBytes: options.maxSize }),
      ...(options.unreachable === true && { unreachable: true }),
    });
    if (options.json === true) {
      terminal.print(JSON.stringify(report, null, 2));
      return;
    }
    const verb = report.dryRun ? 'would remove' : 'removed';
    for (const result of report.removedResults) {
      terminal.print(
        `${verb} ${result.key.slice(0, 12)} ${oneLine(result.record.stageType)}, ${formatBytes(result.bytes)}`,
      );
    }
    const { removedSweeps, removedPages, removedRecipes } = report;
    for (const id of removedSweeps) terminal.print(`${verb} the record of sweep ${id}`);
    for (const page of removedPages) terminal.print(`${verb} the page ${oneLine(page)}`);
    for (const recipe of removedRecipes) terminal.print(`${verb} the recalled recipe ${oneLine(recipe)}`);
    terminal.print(
      `${verb} ${report.removedResults.length} results, ${report.removedArtifacts.length} artifacts, ` +
        `${report.removedRuns.length} run records, ${removedSweeps.length} sweeps, ${removedPages.length} pages, ` +
        `${removedRecipes.length} recalled recipes and ${report.removedDebris.length} leftovers: ` +
        `${formatBytes(report.freedBytes)}`,
    );
    terminal.print(`${report.keptResults} results stay: ${formatBytes(report.keptBytes)}`);
  } finally {
    await store.close();
  }
}

async function verify(options: CacheOptions, { terminal, exit }: CommandOutside): Promise<void> {
  const { verifyStore } = await import('../../engine/verify.js');
  const store = await existingStore(options, terminal);
  if (store === undefined) return;
  try {
    const report = await verifyStore(store, { dryRun: options.dryRun === true });
    if (report.damaged.length > 0) exit(exitCodes.failed);
    if (options.json === true) {
      terminal.print(JSON.stringify(report, null, 2));
      return;
    }
    const { colors } = terminal;
    for (const { kind, id, detail } of report.damaged) {
      const name = kind === 'note' ? oneLine(id) : id.slice(0, 12);
      terminal.print(`${colors.red('damaged')} ${kind} ${name}: ${oneLine(detail)}`);
    }
    const read = `${report.artifacts} artifacts (${formatBytes(report.bytes)}) and ${report.results} results`;
    if (report.damaged.length === 0) terminal.print(`${colors.green('sound')}: ${read}`);
    else {
      const then = options.dryRun === true ? '' : '; they were set aside, and the next run makes them again';
      terminal.print(`${report.damaged.length} of ${read} are damaged${then}`);
    }
  } finally {
    await store.close();
  }
}

const milliseconds: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** '12h', '30d' -> milliseconds. */
function age(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([smhdw])$/.exec(text.trim()) ?? [];
  const factor = milliseconds[unit ?? ''];
  if (number === undefined || factor === undefined) {
    throw new InvalidArgumentError('Expected a number and a unit: 45m, 12h, 30d, 8w.');
  }
  return Number(number) * factor;
}

const bytes: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
};

/** '500MB', '2GiB' -> bytes. */
function size(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?$/i.exec(text.trim()) ?? [];
  const factor = bytes[(unit ?? '?').toLowerCase()];
  if (number === undefined || factor === undefined) {
    throw new InvalidArgumentError('Expected a number and a unit: 500MB, 2GB, 1GiB.');
  }
  return Math.floor(Number(number) * factor);
}
