import type { DiagnosticCode } from './codes.js';
import type { ExcerptedLocation } from './source-text.js';

/** A mistake in a recipe, a plugin or a command line, as a value. */
export interface Diagnostic {
  /** Stable: `setting/unknown`, `wiring/cycle`; explained in `docs/reference/errors/`. */
  readonly code: DiagnosticCode;
  readonly severity: 'error' | 'warning';
  /** One sentence without a full stop: what is wrong. */
  readonly message: string;
  /** Absent only where no text is to blame, as for a file that does not exist. */
  readonly location?: ExcerptedLocation;
  readonly found?: string;
  readonly expected?: string;
  /** What to do about it: `did you mean 'learning_rate'?` */
  readonly help?: string;
  /** Other places that belong to the mistake: the first of two equal keys. */
  readonly related: readonly RelatedLocation[];
}

/** Another place that belongs to a mistake. */
export interface RelatedLocation {
  readonly location: ExcerptedLocation;
  readonly message: string;
}

/** A diagnostic as it is reported; severity and related places have defaults. */
export type NewDiagnostic = Omit<Diagnostic, 'severity' | 'related'> &
  Partial<Pick<Diagnostic, 'severity' | 'related'>>;

/** More are not kept; nobody reads them and a hostile file could make millions. */
const maximumKept = 1000;

/** Collects what a check finds. */
export class Diagnostics {
  readonly #found: Diagnostic[] = [];
  readonly #known = new Set<string>();
  #leftOut: ReadonlySet<DiagnosticCode> = new Set();

  /** From now on keeps none of these kinds: they would only be what follows from a mistake that was told. */
  leaveOut(codes: ReadonlySet<DiagnosticCode>): void {
    this.#leftOut = codes;
  }

  /** Adds one; an equal one at the same place is kept once. */
  add(diagnostic: NewDiagnostic): void {
    const { code, message, found, location } = diagnostic;
    if (this.#leftOut.has(code)) return;
    const identity = JSON.stringify([code, message, found, location?.file, location?.offset]);
    if (this.#found.length >= maximumKept || this.#known.has(identity)) return;
    this.#known.add(identity);
    this.#found.push({ severity: 'error', related: [], ...diagnostic });
  }

  /** Adds several. */
  addAll(diagnostics: readonly NewDiagnostic[]): void {
    for (const diagnostic of diagnostics) this.add(diagnostic);
  }

  get hasErrors(): boolean {
    return this.#found.some(({ severity }) => severity === 'error');
  }

  /** Those that stop the recipe, ordered by position. */
  errors(): readonly Diagnostic[] {
    return inOrder(this.#found.filter(({ severity }) => severity === 'error'));
  }

  /** Those that do not. */
  warnings(): readonly Diagnostic[] {
    return inOrder(this.#found.filter(({ severity }) => severity === 'warning'));
  }
}

function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  const distinct = diagnostics.filter(({ code, message, location }) => {
    const identity = JSON.stringify([code, message, location?.file, location?.offset]);
    return !seen.has(identity) && seen.add(identity);
  });
  // Files stay in the order in which they were first complained about.
  const files = [...new Set(distinct.map(({ location }) => location?.file))];
  return distinct.sort(
    (a, b) =>
      files.indexOf(a.location?.file) - files.indexOf(b.location?.file) ||
      (a.location?.offset ?? 0) - (b.location?.offset ?? 0),
  );
}
