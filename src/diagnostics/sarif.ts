/**
 * Diagnostics as SARIF 2.1.0, the format in which code hosts and editors read the findings of tools
 * (https://docs.oasis-open.org/sarif/sarif/v2.1.0/).
 */
import { isAbsolute, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type DiagnosticCode, diagnosticCodes } from './codes.js';
import type { Diagnostic } from './diagnostic.js';
import type { ExcerptedLocation } from './source-text.js';

/** What a log says besides the diagnostics. */
export interface SarifOptions {
  /** The version of roux. */
  readonly version: string;
  /** Files below this folder are named relative to it: the root of the project. */
  readonly folder: string;
}

/** Findings of one recipe; those that have no place of their own are told of its file. */
export interface FileDiagnostics {
  readonly file: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** A SARIF log with one run. */
export function sarifLog(files: readonly FileDiagnostics[], { version, folder }: SarifOptions): object {
  const codes = [...new Set(files.flatMap(({ diagnostics }) => diagnostics.map(({ code }) => code)))].sort();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'roux', version, rules: codes.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { [base]: { uri: `${pathToFileURL(folder).href}/` } },
        results: files.flatMap(({ file, diagnostics }) =>
          diagnostics.map((diagnostic) => resultOf(diagnostic, codes, file, folder)),
        ),
      },
    ],
  };
}

/** What relative addresses in the log start from. */
const base = 'PROJECT';

function ruleOf(code: DiagnosticCode): object {
  const [family = '', name = ''] = code.split('/');
  return {
    id: code,
    shortDescription: { text: sentence(diagnosticCodes[code]) },
    help: { text: `docs/reference/errors/${family}.md#${family}${name} explains it.` },
  };
}

function resultOf(
  { code, severity, message, found, expected, help, location, related }: Diagnostic,
  codes: readonly DiagnosticCode[],
  file: string,
  folder: string,
): object {
  const facts = [
    sentence(message),
    found === undefined ? '' : `Found: ${found}.`,
    expected === undefined ? '' : `Expected: ${expected}.`,
    help === undefined ? '' : sentence(help),
  ];
  const isPhysical = location !== undefined && isAbsolute(location.file);
  const place = isPhysical
    ? { physicalLocation: physicalLocation(location, folder) }
    : { physicalLocation: { artifactLocation: artifactLocation(file, folder) } };
  const words =
    location !== undefined && !isPhysical
      ? { logicalLocations: [{ name: 'command line', fullyQualifiedName: location.excerpt.at(-1)?.text }] }
      : {};
  return {
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: severity,
    message: { text: facts.filter((fact) => fact !== '').join(' ') },
    locations: [{ ...place, ...words }],
    ...(related.length > 0 && {
      relatedLocations: related.map((other, index) => ({
        id: index,
        message: { text: sentence(other.message) },
        physicalLocation: physicalLocation(other.location, folder),
      })),
    }),
  };
}

function physicalLocation(location: ExcerptedLocation, folder: string): object {
  return { artifactLocation: artifactLocation(location.file, folder), region: regionOf(location) };
}

function artifactLocation(file: string, folder: string): object {
  const path = relative(folder, file);
  if (path.startsWith('..') || isAbsolute(path)) return { uri: pathToFileURL(file).href };
  return { uri: path.split(sep).map(encodeURIComponent).join('/'), uriBaseId: base };
}

/** Without an end a region goes to the end of its line; so do ranges of more lines than the excerpt has. */
function regionOf({ line, column, length, excerpt }: ExcerptedLocation): object {
  const start = { startLine: line, startColumn: column };
  let left = length;
  let from = column - 1;
  for (const { line: number, startColumn, text, cutAtEnd } of excerpt) {
    if (number < line) continue;
    const end = startColumn - 1 + text.length;
    if (from + left <= end) return { ...start, endLine: number, endColumn: from + left + 1 };
    if (cutAtEnd) break;
    // The line break counts as one.
    left -= end - from + 1;
    from = 0;
  }
  return start;
}

function sentence(text: string): string {
  const first = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return /[.?!]$/.test(first) ? first : `${first}.`;
}
