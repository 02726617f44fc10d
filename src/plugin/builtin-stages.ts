/**
 * The stage types that come with roux.
 *
 * Nobody keeps a list: a folder `src/stages/TYPE/` with a file `TYPE.ts` that exports a stage definition is one. The
 * build describes them in `dist/generated/`; this module reads that description, and no stage's code.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { generatedFolder } from './installation.js';
import type { SettingsError, StageInfo, StageRegistry } from './stage-info.js';

/** What `dist/generated/stages.json` holds of a stage type: everything but its source and validator. */
export type StageFacts = Omit<StageInfo, 'source' | 'validate'>;

/** A compiled validator: fills in defaults, says whether all is well, and keeps what is wrong in `errors`. */
export interface CompiledValidator {
  (value: unknown): boolean;
  errors?: readonly SettingsError[] | null;
}

/** The description of the stage types that come with roux. Throws when roux was not built. */
export function loadBuiltinStages(): StageRegistry {
  const facts: readonly StageFacts[] = JSON.parse(
    readFileSync(new URL('stages.json', generatedFolder), 'utf8'),
  );
  return new Map(
    facts.map((fact) => [
      fact.type,
      {
        ...fact,
        source: { from: 'roux' },
        validate: lazyValidator(new URL(`validators/${fact.type}.cjs`, generatedFolder)),
      },
    ]),
  );
}

/** A stage type from its facts and a compiled validator that is loaded when it is first needed. */
export function lazyValidator(file: URL): StageInfo['validate'] {
  let validator: CompiledValidator | undefined;
  return (settings) => {
    validator ??= loadValidator(file);
    return validator(settings) ? [] : (validator.errors ?? []);
  };
}

/** Loads a validator that `compileValidator` wrote. */
export function loadValidator(file: URL): CompiledValidator {
  const loaded: { readonly default: CompiledValidator } = createRequire(import.meta.url)(fileURLToPath(file));
  return loaded.default;
}
