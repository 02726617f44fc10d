/** Where a command writes, and what that place can show. */
import pc from 'picocolors';

/** Colour functions; the identity where colours are off. */
export type Colors = ReturnType<typeof pc.createColors>;

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

/** The terminal of this process. `color` false switches colours off whatever the environment says. */
export function processTerminal(options: { readonly color: boolean }): Terminal {
  const { stdout, stderr, env } = process;
  const tty = stdout.isTTY === true;
  const dumb = env.TERM === 'dumb';
  const noColor = (env.NO_COLOR ?? '') !== '' || !options.color;
  const forced = (env.FORCE_COLOR ?? '') !== '' && env.FORCE_COLOR !== '0';
  return {
    // Opened when it is asked for, which few commands do.
    get stdin() {
      return process.stdin;
    },
    stdout,
    print: (text) => void stdout.write(`${text}\n`),
    printError: (text) => void stderr.write(`${text}\n`),
    colors: pc.createColors(!noColor && (forced || (tty && !dumb))),
    interactive: tty && !dumb && (env.CI ?? '') === '',
    columns: stdout.columns ?? pipeWidth,
    rows: stdout.rows ?? 24,
    directory: process.cwd(),
  };
}
