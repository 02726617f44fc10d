/** Where a command writes, and what that place can show. */
import { guardTerminal } from '../../diagnostics/printable-text.js';
import { openProcessOutput } from './process-output.js';

/** Colour functions; the identity where colours are off. */
export type Colors = Readonly<
  Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', (text: string) => string>
>;

/** The outside of a command: streams, colours and size. Tests hand in their own. */
export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** Prints lines to the standard output. */
  print(text: string): void;
  /** Prints lines to the standard error. */
  printError(text: string): void;
  readonly colors: Colors;
  /** Lines can be redrawn: a terminal, not in CI. */
  readonly interactive: boolean;
  /** Width in columns; `pipeWidth` where nobody can tell. */
  readonly columns: number;
  readonly rows: number;
  /** The folder that the command runs in. */
  readonly directory: string;
}

/** Width assumed for pipes and files: wide enough that hardly a line is broken. */
const pipeWidth = 160;

const output = openProcessOutput('stdout');
const errors = openProcessOutput('stderr');

/** The terminal of this process. `color` false switches colours off whatever the environment says. */
export async function processTerminal(options: { readonly color: boolean }): Promise<Terminal> {
  const { env } = process;
  const stdout = output.mayBeTerminal ? output.stream : undefined;
  const tty = stdout?.isTTY === true;
  const dumb = env.TERM === 'dumb';
  const noColor = (env.NO_COLOR ?? '') !== '' || !options.color;
  const forced = (env.FORCE_COLOR ?? '') !== '' && env.FORCE_COLOR !== '0';
  return {
    // Opened when they are asked for, which few commands do.
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return output.stream;
    },
    print: (text) => output.write(`${output.mayBeTerminal ? guardTerminal(text) : text}\n`),
    printError: (text) => errors.write(`${errors.mayBeTerminal ? guardTerminal(text) : text}\n`),
    colors: !noColor && (forced || (tty && !dumb)) ? await realColors() : noColors,
    interactive: tty && !dumb && (env.CI ?? '') === '',
    columns: stdout?.columns ?? pipeWidth,
    rows: stdout?.rows ?? 24,
    directory: process.cwd(),
  };
}

const noColors: Colors = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

function same(text: string): string {
  return text;
}

/** The package asks for the standard output's stream as soon as it is loaded. */
async function realColors(): Promise<Colors> {
  const { default: picocolors } = await import('picocolors');
  return picocolors.createColors(true);
}

/** Calls back when everything that was printed is written. */
export function flushOutput(done: () => void): void {
  output.flush(() => errors.flush(done));
}
