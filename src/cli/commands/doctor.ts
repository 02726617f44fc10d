/** `roux doctor`: whether this machine has what roux needs. */
import { Command } from 'commander';
import type { CommandOutside } from '../command-line.js';
import { exitCodes } from '../exit-codes.js';
import { storeOption } from '../recipe-options.js';

interface DoctorOptions {
  readonly store?: string;
  readonly json?: boolean;
}

export function command(outside: CommandOutside): Command {
  return new Command('doctor')
    .summary('check the machine, the store and the runtimes')
    .description(
      'Looks at Node, memory, disk, the store and the tensor runtimes, and names the command that adds a missing\n' +
        'runtime. Ends with 1 when something that every recipe needs is missing.',
    )
    .option('--json', 'print the findings as JSON')
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ roux doctor')
    .action((options: DoctorOptions) => doctorCommand(options, outside));
}

async function doctorCommand(options: DoctorOptions, { terminal, exit }: CommandOutside): Promise<void> {
  const [{ examine }, { formatTable }, { oneLine }] = await Promise.all([
    import('../examine.js'),
    import('../output/table.js'),
    import('../output/terminal-text.js'),
  ]);
  const findings = await examine(options, terminal);
  if (findings.some(({ state }) => state === 'bad')) exit(exitCodes.failed);
  if (options.json === true) {
    terminal.print(JSON.stringify(findings, null, 2));
    return;
  }
  const { colors } = terminal;
  const marks = { good: colors.green('✔'), note: colors.yellow('•'), bad: colors.red('✖') };
  const lines = formatTable(
    findings.map(({ subject, detail }) => [oneLine(subject), oneLine(detail)]),
    { width: terminal.columns - 2, paint: (cell, _, column) => (column === 0 ? colors.bold(cell) : cell) },
  );
  // A finding may take several lines; the mark stands before its first, the one that names the subject.
  let index = 0;
  for (const line of lines) {
    const finding = line.startsWith(' ') ? undefined : findings[index++];
    terminal.print(`${finding === undefined ? ' ' : marks[finding.state]} ${line}`);
    const last = findings[index - 1];
    const next = lines[lines.indexOf(line) + 1];
    if (last?.help !== undefined && (next === undefined || !next.startsWith(' '))) {
      terminal.print(`    ${colors.dim('to add it:')} ${colors.cyan(oneLine(last.help))}`);
    }
  }
}
