/** A terminal that keeps what is printed, for tests of the command line. */
import { PassThrough } from 'node:stream';
import pc from 'picocolors';
import type { Terminal } from '../../src/cli/output/terminal.js';

/** What a test looks at besides the terminal. */
export interface FakeTerminal extends Terminal {
  /** Everything printed to the standard output so far. */
  readonly printed: () => string;
  readonly printedErrors: () => string;
}

/** A terminal of `columns` columns without colours. */
export function fakeTerminal(
  options: { readonly columns?: number; readonly directory?: string; readonly colors?: boolean } = {},
): FakeTerminal {
  const out: string[] = [];
  const errors: string[] = [];
  const stdout = new PassThrough();
  stdout.on('data', (chunk: Buffer) => out.push(chunk.toString()));
  return {
    stdin: Object.assign(new PassThrough(), { isTTY: false }) as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    print: (text) => void out.push(`${text}\n`),
    printError: (text) => void errors.push(`${text}\n`),
    colors: pc.createColors(options.colors ?? false),
    interactive: false,
    columns: options.columns ?? 100,
    rows: 24,
    directory: options.directory ?? '/project',
    printed: () => out.join(''),
    printedErrors: () => errors.join(''),
  };
}
