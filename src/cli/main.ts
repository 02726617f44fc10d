#!/usr/bin/env node
/** The `roux` command. */
import { runCommandLine } from './command-line.js';

const exitCode = await runCommandLine(process.argv.slice(2));
// Results have been written by now; what may still be open (a pipe nobody reads, an idle child process) must not
// keep the shell waiting. Pipes are written asynchronously, so the output is flushed first.
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
