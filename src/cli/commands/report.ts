/** `roux report`: the page of a run, of several, or of a sweep. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { Command } from 'commander';
import type { RunRecord } from '../../engine/api.js';
import type { Store } from '../../engine/store.js';
import type { CommandOutside } from '../command-line.js';
import { CommandLineError } from '../exit-codes.js';
import type { Terminal } from '../output/terminal.js';
import type { PageWishes } from '../page-content.js';
import { storeOption, wholeNumber } from '../recipe-options.js';

interface ReportOptions {
  readonly store?: string;
  readonly stage?: string;
  readonly draw?: boolean;
  readonly profile?: string;
  readonly title?: string;
  readonly examples?: number;
  readonly output?: string;
  readonly open?: boolean;
}

/** A page, ready to be looked at. */
interface FoundPage {
  /** Absolute path. */
  readonly path: string;
  /** What it is about. */
  readonly about: string;
}

/** A page about one run has room for more of them than one about several. */
const defaultExamples = { one: 12, several: 4 };

export function command(outside: CommandOutside): Command {
  return new Command('report')
    .summary('the page of a run, of several side by side, or of a sweep')
    .description(
      'Prints where the page is: one HTML file that needs nothing else. For one run it is what its report stage made, or\n' +
        'else drawn from all that the run measured; several runs and sweeps are compared. Nothing runs again.',
    )
    .argument(
      '[runs...]',
      'identifiers, tags, latest~1, recipe.yaml, SWEEP, SWEEP#3; default: the newest run that made something',
    )
    .option('--stage <name>', 'the report stage, where a recipe has several')
    .option('--draw', 'draw the page from the run although a report stage made one')
    .option('-p, --profile <name>', 'the newest run with this profile')
    .option('--title <text>', 'the heading of a drawn page')
    .option(
      '--examples <count>',
      `examples on a drawn page; 0 keeps all texts out of it; default: ${defaultExamples.one}, of several runs ${defaultExamples.several} a side`,
      wholeNumber(0),
    )
    .option('-o, --output <file>', 'copy the page to this file')
    .option('--open', 'open the page in the browser')
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ roux report --open\n' +
        '  $ roux report baseline latest -o comparison.html\n' +
        '  $ roux report sweep --open',
    )
    .action((runs: readonly string[], options: ReportOptions) => reportCommand(runs, options, outside));
}

async function reportCommand(
  written: readonly string[],
  options: ReportOptions,
  { terminal }: CommandOutside,
): Promise<void> {
  const [{ openRunStore }, { readFile }, { shortPath }, { writeFileIn }] = await Promise.all([
    import('../recipe-source.js'),
    import('node:fs/promises'),
    import('../../diagnostics/short-path.js'),
    import('../write-file-in.js'),
  ]);
  const store = await openRunStore(options, terminal);
  try {
    const page =
      (await comparisonPage(store, written, options, terminal)) ??
      (await runPage(store, await chooseRun(store, written, options, terminal), options, terminal));
    // Not on the standard output, which is for `$(roux report)`.
    terminal.printError(page.about);
    if (options.output === undefined) terminal.print(shortPath(page.path, terminal.directory));
    else {
      const text = await readFile(page.path, 'utf8');
      terminal.print(await writeFileIn(terminal.directory, options.output, text));
    }
    if (options.open === true) await open(page.path);
  } finally {
    await store.close();
  }
}

/** The page of several runs or of a sweep; none when one run is meant. */
async function comparisonPage(
  store: Store,
  written: readonly string[],
  options: ReportOptions,
  terminal: Terminal,
): Promise<FoundPage | undefined> {
  const { namedComparedRuns, namedSweep } = await import('../compared-runs.js');
  const named = written.length === 1 ? await namedSweep(store, written[0] ?? '') : undefined;
  const sweep = named?.trial === undefined ? named?.sweep : undefined;
  if (written.length < 2 && sweep === undefined) return undefined;
  const [{ comparisonOfRuns }, { renderComparison }] = await Promise.all([
    import('../page-content.js'),
    import('../../report/comparison/render-comparison.js'),
  ]);
  const runs = await namedComparedRuns(store, written, terminal);
  const html = await renderComparison(
    await comparisonOfRuns(runs, sweep, wishesOf(options, defaultExamples.several)),
  );
  const ids = createHash('sha256')
    .update(runs.map(({ id }) => id).join(' '))
    .digest('hex');
  const path =
    sweep === undefined
      ? await inRunFolder(store, runs.at(-1)?.id ?? '', `comparison-${ids.slice(0, 12)}.html`)
      : store.path('sweeps', `${sweep.id}.html`);
  await writePage(store, path, html);
  return { path, about: `comparison of ${runs.map(({ label }) => label).join(', ')}` };
}

/** The page that a report stage of the run made, or one that is drawn from the run. */
async function runPage(
  store: Store,
  run: RunRecord,
  options: ReportOptions,
  terminal: Terminal,
): Promise<FoundPage> {
  const { describeRun } = await import('../describe-run.js');
  const made = options.draw === true ? undefined : await madePage(store, run, options.stage, terminal);
  if (made !== undefined) return { path: made, about: describeRun(run) };
  if (options.stage !== undefined) {
    throw new CommandLineError(
      'command/no-result',
      `${describeRun(run)} has no report of stage ${options.stage}`,
    );
  }
  const [{ reportOfRun }, { renderReport }] = await Promise.all([
    import('../page-content.js'),
    import('../../report/render-report.js'),
  ]);
  const path = await inRunFolder(store, run.id, 'report.html');
  await writePage(
    store,
    path,
    await renderReport(await reportOfRun(store, run, wishesOf(options, defaultExamples.one))),
  );
  return { path, about: `${describeRun(run)}, drawn from what it measured` };
}

async function madePage(
  store: Store,
  run: RunRecord,
  stage: string | undefined,
  terminal: Terminal,
): Promise<string | undefined> {
  const [{ readPastStages }, { productsOf }, { isInStore }] = await Promise.all([
    import('../../engine/run-provenance.js'),
    import('../products.js'),
    import('../verified-artifact.js'),
  ]);
  const stages = (await readPastStages(store, run))
    .map(({ record, provenance: { name } }) => ({ name, record }))
    .filter(({ name }) => stage === undefined || name === stage);
  const found = productsOf(stages, store, terminal.directory)
    .filter(({ path }) => path.endsWith('.html'))
    .at(-1);
  if (found === undefined || !(await isInStore(store, found.artifact))) return undefined;
  return resolve(terminal.directory, found.path);
}

async function chooseRun(
  store: Store,
  [written]: readonly string[],
  options: ReportOptions,
  terminal: Terminal,
): Promise<RunRecord> {
  const { namedRun, noRunRecorded } = await import('../named-run.js');
  if (written !== undefined) return namedRun(store, written, terminal);
  const { listRuns } = await import('../../engine/run-record.js');
  const runs = await listRuns(store);
  if (runs.length === 0) throw noRunRecorded();
  const run = runs.find(
    ({ profile, stages }) =>
      (options.profile === undefined || profile === options.profile) &&
      stages.some(
        ({ name, key }) => key !== undefined && (options.stage === undefined || name === options.stage),
      ),
  );
  if (run !== undefined) return run;
  throw new CommandLineError('command/no-result', 'no run has made anything that a report could show', {
    help: 'roux run recipe.yaml runs a recipe',
  });
}

function wishesOf({ title, examples }: ReportOptions, most: number): PageWishes {
  return { examples: examples ?? most, ...(title !== undefined && { title }) };
}

/** In the folder of the run's record, so that it goes when that goes; a trial may have none. */
async function inRunFolder(store: Store, run: string, name: string): Promise<string> {
  const { existsSync } = await import('node:fs');
  const folder = store.path('runs', run);
  return existsSync(folder) && run !== '' ? store.path('runs', run, name) : store.path('sweeps', name);
}

async function writePage(store: Store, path: string, html: string): Promise<void> {
  const [{ mkdir }, { dirname }, { writeFileAtomically }] = await Promise.all([
    import('node:fs/promises'),
    import('node:path'),
    import('../../engine/file-writing.js'),
  ]);
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomically(path, html, { temporary: await store.temporaryPath(), durable: false });
}

/** Opens a file with the program that the desktop has chosen for it. */
async function open(path: string): Promise<void> {
  const { spawn } = await import('node:child_process');
  const [program, ...args] =
    process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['explorer.exe'] : ['xdg-open'];
  const child = spawn(program ?? 'xdg-open', [...args, path], { detached: true, stdio: 'ignore' });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', () =>
      reject(
        new CommandLineError('command/program', `${program} could not be started`, {
          help: `the report is ${path}`,
        }),
      ),
    );
  });
  child.unref();
}
