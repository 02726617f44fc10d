/** `roux report`: finds a run's report, opens or copies it. */
import { Command } from 'commander';
import type { CommandOutside } from '../command-line.js';
import { CommandLineError } from '../exit-codes.js';
import { storeOption } from '../recipe-options.js';

interface ReportOptions {
  readonly store?: string;
  readonly run?: string;
  readonly profile?: string;
  readonly output?: string;
  readonly open?: boolean;
}

export function command(outside: CommandOutside): Command {
  return new Command('report')
    .summary("find a run's report, open or copy it")
    .description(
      'Prints where the report of the newest run that made one is: one HTML file that needs nothing else.',
    )
    .argument('[stage]', 'the report stage, where a recipe has several')
    .option('--run <id>', 'the run to look at; default: the newest that has a report')
    .option('-p, --profile <name>', 'look only at runs with this profile')
    .option('-o, --output <file>', 'copy the report to this file')
    .option('--open', 'open the report in the browser')
    .addOption(storeOption())
    .addHelpText('after', '\nExamples:\n  $ roux report --open\n  $ roux report -o spam-filter.html')
    .action((stage: string | undefined, options: ReportOptions) => reportCommand(stage, options, outside));
}

async function reportCommand(
  stage: string | undefined,
  options: ReportOptions,
  { terminal }: CommandOutside,
): Promise<void> {
  const [
    { openProjectStore },
    { listRuns },
    { listResults },
    { productsOf },
    { isInStore },
    { describeRun },
    { copyFile },
    { resolve },
  ] = await Promise.all([
    import('../recipe-source.js'),
    import('../../engine/run-record.js'),
    import('../../engine/stored-results.js'),
    import('../products.js'),
    import('../verified-artifact.js'),
    import('../describe-run.js'),
    import('node:fs/promises'),
    import('node:path'),
  ]);
  const store = await openProjectStore(options, terminal);
  try {
    const records = new Map((await listResults(store)).map(({ key, record }) => [key, record]));
    const runs = (await listRuns(store)).filter(
      ({ id, profile }) =>
        (options.run === undefined || id === options.run) &&
        (options.profile === undefined || profile === options.profile),
    );
    for (const run of runs) {
      const stages = run.stages.flatMap(({ name, key }) => {
        const record = records.get(key ?? '');
        return record === undefined || (stage !== undefined && name !== stage) ? [] : [{ name, record }];
      });
      const reports = productsOf(stages, store, terminal.directory).filter(({ path }) =>
        path.endsWith('.html'),
      );
      const found = reports.at(-1);
      if (found === undefined || !(await isInStore(store, found.artifact))) continue;
      // Not on the standard output, which is for `$(roux report)`.
      terminal.printError(describeRun(run));
      const path = resolve(terminal.directory, found.path);
      if (options.output === undefined) terminal.print(found.path);
      else {
        const target = resolve(terminal.directory, options.output);
        await copyFile(path, target);
        terminal.print(target);
      }
      if (options.open === true) await open(path);
      return;
    }
    throw new CommandLineError('command/no-result', 'no run has made a report', {
      help: 'add a stage with `uses: report` to the recipe and wire what it shall show',
    });
  } finally {
    await store.close();
  }
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
