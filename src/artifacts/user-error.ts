import type { DiagnosticCode } from '../diagnostics/codes.js';

/** What a `UserError` says. */
export interface UserErrorDetails {
  /** One sentence: what is wrong. */
  readonly message: string;
  /** A stable code such as `data/empty`; shown to the user and used in `--json`. Plugins have codes of their own, or none. */
  readonly code?: string;
  /** What was found. */
  readonly found?: string;
  /** What was expected instead. */
  readonly expected?: string;
  /** What to do about it. */
  readonly help?: string;
  /** The file the mistake is in, as the user wrote it, with line and column (from 1) where they are known. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** What a `UserError` of roux says: its code is one of those that are explained in `docs/reference/errors/`. */
export interface CodedDetails extends UserErrorDetails {
  readonly code: DiagnosticCode;
}

/**
 * Something in the user's project is wrong: data, a model folder, a setting that only shows at run time.
 *
 * It is reported without a stack. Anything else that is thrown counts as a bug of roux and is shown with its stack.
 */
export class UserError<Details extends UserErrorDetails = CodedDetails> extends Error {
  override readonly name = 'UserError';
  readonly details: UserErrorDetails;

  constructor(details: NoInfer<Details>, options?: ErrorOptions) {
    super(details.message, options);
    this.details = details;
  }
}

/** The `UserError` of plugins. */
export class PluginUserError extends UserError<UserErrorDetails> {}
