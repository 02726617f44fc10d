/** What is wrong with a command line, as a diagnostic that points at the word to blame. */
import { CommanderError } from 'commander';
import type { DiagnosticCode } from '../diagnostics/codes.js';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { SourceText } from '../diagnostics/source-text.js';
import { didYouMean, listOfNames } from '../diagnostics/suggest.js';
import type { CommandLineError } from './exit-codes.js';

/** Translates a complaint of commander's or of a command's. `args` are those of the process, without node and script. */
export function diagnoseCommandLine(
  error: CommanderError | CommandLineError,
  args: readonly string[],
): Diagnostic {
  if (error instanceof CommanderError) return fromCommander(error, args);
  const { code, message, details } = error;
  return diagnostic(code, message, details, args, [details.written ?? '']);
}

function fromCommander({ code, message }: CommanderError, args: readonly string[]): Diagnostic {
  const [first = '', suggestion] = message.replace(/^error: /, '').split('\n');
  const [what = first, ...rest] = first.replace(/\.$/, '').split(/\. /);
  const requirement = rest.join('; ');
  const quoted = [...first.matchAll(/'([^']*)'/g)].map(([, part = '']) => part);
  const option = quoted[0] ?? '';
  const value = quoted.at(-1) ?? '';
  switch (code) {
    case 'commander.unknownCommand':
    case 'commander.unknownOption': {
      const help = suggestion?.replace(/^\(D(.*)\)$/, 'd$1').replace(/ (\S+)\?$/, " '$1'?");
      const kind = code === 'commander.unknownCommand' ? 'command' : 'option';
      return diagnostic(`command/unknown-${kind}`, `there is no ${kind} '${value}'`, { help }, args, [value]);
    }
    case 'commander.optionMissingArgument':
      return diagnostic(
        'command/option-value',
        'the option lacks its value',
        { expected: option },
        args,
        option.split(/[ ,|]+/),
      );
    case 'commander.invalidArgument': {
      const choices = /^Allowed choices are (.*)$/.exec(requirement)?.[1]?.split(', ');
      const expected = choices ? listOfNames(choices) : requirement.replace(/^Expected /, '');
      const help = choices && didYouMean(value, choices);
      const wrong = `'${value}' is no value of the option '${option}'`;
      return diagnostic('command/option-value', wrong, { expected, help }, args, [value]);
    }
    case 'commander.excessArguments': {
      const [, expected, found] = /^Expected (.*) but got (.*)$/.exec(requirement) ?? [];
      return diagnostic('command/argument', what, { expected, found }, args, []);
    }
    case 'commander.missingArgument':
      return diagnostic('command/argument', `the argument <${value}> is missing`, {}, args, []);
    case 'commander.conflictingOption':
      return diagnostic('command/conflict', what, {}, args, [value]);
    default:
      return diagnostic('command/argument', what, {}, args, [value]);
  }
}

function diagnostic(
  code: DiagnosticCode,
  message: string,
  facts: { readonly [fact in 'expected' | 'found' | 'help']?: string | undefined },
  args: readonly string[],
  blamed: readonly string[],
): Diagnostic {
  const words = ['roux', ...args].map(quoted);
  const source = new SourceText('<command line>', words.join(' '), '.');
  const [start, end] = placeOf(words, args, blamed) ?? [0, source.text.length];
  return {
    code,
    severity: 'error',
    message,
    location: source.excerpt(start, end),
    ...(facts.found !== undefined && { found: facts.found }),
    ...(facts.expected !== undefined && { expected: facts.expected }),
    ...(facts.help !== undefined && { help: facts.help }),
    related: [],
  };
}

/** The range of the first of the words that was really typed, alone or behind an equals sign. */
function placeOf(
  words: readonly string[],
  args: readonly string[],
  blamed: readonly string[],
): readonly [number, number] | undefined {
  for (const word of blamed.filter((candidate) => candidate !== '')) {
    const exact = args.indexOf(word);
    const index =
      exact >= 0 ? exact : args.findIndex((arg) => arg.startsWith(`${word}=`) || arg.endsWith(`=${word}`));
    if (index < 0) continue;
    const start = words.slice(0, index + 1).join(' ').length + 1;
    return [start, start + (words[index + 1] ?? '').length];
  }
  return undefined;
}

/** As a shell would need it, so that the line can be copied. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
