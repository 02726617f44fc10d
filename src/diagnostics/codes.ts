/**
 * The codes of diagnostics: `FAMILY/NAME`. A code is a promise: it names the same kind of mistake for as long as roux
 * exists, whatever words the message has, and never another one.
 *
 * Every code has a section in `docs/reference/errors/FAMILY.md` whose examples a test checks. A new code is one more line
 * here and one more section there.
 */
/** All codes, family by family. */
export const diagnosticCodes = [
  // The text of the file.
  'file/binary',
  'file/encoding',
  'file/folder',
  'file/missing',
  'file/too-large',
  'file/unreadable',
  // YAML.
  'yaml/alias',
  'yaml/alias-bomb',
  'yaml/anchor',
  'yaml/colon',
  'yaml/depth',
  'yaml/documents',
  'yaml/duplicate-key',
  'yaml/escape',
  'yaml/indentation',
  'yaml/key',
  'yaml/merge',
  'yaml/number',
  'yaml/quotes',
  'yaml/separator',
  'yaml/syntax',
  'yaml/tab',
  'yaml/tag',
  'yaml/unclosed',
  // The recipe's structure.
  'recipe/choice',
  'recipe/empty',
  'recipe/format',
  'recipe/length',
  'recipe/missing',
  'recipe/not-a-map',
  'recipe/range',
  'recipe/stage-name',
  'recipe/type',
  'recipe/unknown',
  'recipe/unknown-stage-type',
  'recipe/value',
  // The settings of a stage.
  'setting/choice',
  'setting/combination',
  'setting/format',
  'setting/length',
  'setting/missing',
  'setting/range',
  'setting/type',
  'setting/unknown',
  'setting/value',
  // What stages read.
  'wiring/ambiguous',
  'wiring/cycle',
  'wiring/kind',
  'wiring/missing-input',
  'wiring/self',
  'wiring/syntax',
  'wiring/too-many',
  'wiring/unknown-input',
  'wiring/unknown-output',
  'wiring/unknown-stage',
  // What must hold.
  'expect/syntax',
  // Recipes that build on others.
  'extends/append',
  'extends/cycle',
  'extends/missing',
  'extends/value',
  // Parameters and profiles.
  'params/assignment',
  'params/cycle',
  'params/name',
  'params/not-a-text',
  'params/reference',
  'params/too-large',
  'params/unknown',
  'params/unknown-profile',
  'params/unused',
  // Files and folders that settings name.
  'path/address',
  'path/missing',
  'path/package',
  // Plugins.
  'plugin/collision',
  'plugin/definition',
  'plugin/missing',
  'plugin/no-stage',
  'plugin/syntax',
  'plugin/throws',
] as const;

/** The code of a diagnostic. */
export type DiagnosticCode = (typeof diagnosticCodes)[number];
