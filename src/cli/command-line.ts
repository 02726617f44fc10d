/** From arguments to an exit code. */
import { Command, CommanderError } from 'commander';
import { UserError } from '../artifacts/user-error.js';
import { fileSystemError } from '../engine/fs-failure.js';
import { installedVersion } from '../plugin/installation.js';
import { CommandLineError, exitCodes } from './exit-codes.js';
import { formatBug, formatUserError } from './output/failure.js';
import { processTerminal, type Terminal } from './output/terminal.js';

/** A command's file: it builds the command; what the command needs is imported when it is carried out. */
export interface CommandModule {
  readonly command: (outside: CommandOutside) => Command;
}

/** What a command is given besides its arguments. */
export interface CommandOutside {
  readonly terminal: Terminal;
  /** The whole command line, without `node` and the script. */
  readonly args: readonly string[];
  /** Sets the exit code; 0 when never called. */
  readonly exit: (code: number) => void;
}

/** The commands in the order of the help text. Only the one that is called is loaded. */
const commands: Readonly<Record<string, () => Promise<CommandModule>>> = {
  new: () => import('./commands/new.js'),
  run: () => import('./commands/run.js'),
  plan: () => import('./commands/plan.js'),
  check: () => import('./commands/check.js'),
  watch: () => import('./commands/watch.js'),
  sweep: () => import('./commands/sweep.js'),
  why: () => import('./commands/why.js'),
  graph: () => import('./commands/graph.js'),
  runs: () => import('./commands/runs.js'),
  show: () => import('./commands/show.js'),
  compare: () => import('./commands/compare.js'),
  report: () => import('./commands/report.js'),
  predict: () => import('./commands/predict.js'),
  stages: () => import('./commands/stages.js'),
  schema: () => import('./commands/schema.js'),
  cache: () => import('./commands/cache.js'),
  doctor: () => import('./commands/doctor.js'),
};

/**
 * Carries out a command line (without `node` and the script) and gives the exit code. Never throws. `given` stands for the
 * terminal of the process.
 */
export async function runCommandLine(args: readonly string[], given?: Terminal): Promise<number> {
  const terminal = given ?? (await processTerminal({ color: !args.includes('--no-color') }));
  if (given === undefined) {
    process.once('uncaughtException', (error) => {
      terminal.printError(formatBug(error, terminal));
      process.exit(exitCodes.failed);
    });
  }
  let exitCode: number = exitCodes.done;
  const outside: CommandOutside = {
    terminal,
    args,
    exit: (code) => {
      exitCode = code;
    },
  };
  try {
    const program = await createProgram(args[0], outside);
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, args, terminal);
  }
}

async function createProgram(name: string | undefined, outside: CommandOutside): Promise<Command> {
  const program = new Command('roux')
    .description('Fine-tunes language models from YAML recipes; nothing is ever computed twice.')
    .version(installedVersion(), '-V, --version')
    .option('--no-color', 'print without colours (as NO_COLOR does)')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ roux run recipes/quickstart.yaml     run a recipe; what is cached is not run again\n' +
        '  $ roux plan recipes/quickstart.yaml    show what would run, and why\n' +
        '  $ roux watch recipes/quickstart.yaml   run again whenever something changes\n\n' +
        'Exit codes: 0 done, 1 a stage failed, 2 the recipe or command line is wrong, 130 interrupted.',
    );
  const one = name === undefined ? undefined : commands[name];
  const loaders = one === undefined || name === 'help' ? Object.values(commands) : [one];
  for (const { command } of await Promise.all(loaders.map((load) => load()))) {
    program.addCommand(command(outside).option('--no-color', 'print without colours (as NO_COLOR does)'));
  }
  // Subcommands made apart do not inherit these from the program.
  for (const command of everyCommand(program)) {
    command.exitOverride().showSuggestionAfterError(true);
    command.configureHelp({ commandDescription: (described) => joinLines(described.description()) });
    command.configureOutput({
      getOutHelpWidth: () => helpWidth(outside.terminal),
      // Mistakes are shown by `report`.
      outputError: () => {},
    });
  }
  return program;
}

/** Help is set in lines no longer than this, however wide the window is. */
const widestHelp = 110;

function helpWidth(terminal: Terminal): number {
  return Math.min(terminal.columns, widestHelp);
}

/** A paragraph is set anew in the width of the window; where its lines end in the source means nothing. */
function joinLines(text: string): string {
  return text.replace(/(?<!\n)\n(?!\n)/g, ' ');
}

function everyCommand(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

async function report(error: unknown, args: readonly string[], terminal: Terminal): Promise<number> {
  const { colors } = terminal;
  if (error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help')) {
    // Commander has printed help or version.
    return error.exitCode === 0 ? exitCodes.done : exitCodes.wrong;
  }
  if (error instanceof CommanderError || error instanceof CommandLineError) {
    const [{ diagnoseCommandLine }, { printDiagnostics }] = await Promise.all([
      import('./diagnose-command-line.js'),
      import('./recipe-source.js'),
    ]);
    await printDiagnostics([diagnoseCommandLine(error, args)], { terminal, json: args.includes('--json') });
    return exitCodes.wrong;
  }
  // What a disk refuses is nobody's mistake, wherever it was not foreseen: bundling a plugin, for one.
  const told = error instanceof UserError ? error : fileSystemError(error, `carrying out roux ${args[0]}`);
  if (told !== undefined) {
    if (args.includes('--json')) {
      const diagnostic = { severity: 'error', ...told.details, related: [] };
      terminal.print(JSON.stringify({ event: 'diagnostics', diagnostics: [diagnostic] }));
    } else terminal.printError(`${colors.red('error:')} ${formatUserError(told.details, terminal)}`);
    return isOfTheMachine(told.details.code) ? exitCodes.failed : exitCodes.wrong;
  }
  terminal.printError(formatBug(error, terminal));
  return exitCodes.failed;
}

/** Whether what failed is the machine, the store, or a row after others: not what the command line names. */
function isOfTheMachine(code = ''): boolean {
  return /^(?:disk|artifact)\/|^store\/(?:busy|unreliable)$|^predict\/row$/.test(code);
}
