/** JSON Schema -> validator. Imported by the build and when a plugin is bundled, never for a run of built-in stages. */
import { Ajv } from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';
import type { CompiledValidator } from './builtin-stages.js';
import {
  formKeyword,
  oneOfKeyword,
  onlyWithKeyword,
  pathKeyword,
  someAboveKeyword,
  sumKeyword,
} from './setting-keywords.js';
import type { JsonObject } from './stage-info.js';

/** A validator for this process. Throws when the schema itself is wrong. */
export function createValidator(schema: JsonObject): CompiledValidator {
  return createAjv(false).compile(schema) as CompiledValidator;
}

/** The text of a CommonJS module, without imports, whose default export is the validator. */
export async function compileValidator(schema: JsonObject): Promise<string> {
  const ajv = createAjv(true);
  const code = standaloneCode.default(ajv, ajv.compile(schema));
  const result = await build({
    stdin: { contents: code, resolveDir: import.meta.dirname, loader: 'js' },
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    tsconfigRaw: {},
    logLevel: 'silent',
  });
  return result.outputFiles.map(({ text }) => text).join('');
}

function createAjv(forFile: boolean): Ajv {
  return new Ajv({
    allErrors: true,
    useDefaults: true,
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    keywords: [formKeyword, oneOfKeyword, onlyWithKeyword, pathKeyword, someAboveKeyword, sumKeyword],
    code: { source: forFile, lines: forFile },
  });
}
