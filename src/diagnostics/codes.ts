import { runningCodes } from './running-codes.js';

/**
 * The codes of diagnostics: `FAMILY/NAME`. A code is a promise: it names the same kind of mistake for as long as roux
 * exists, whatever words the message has, and never another one.
 *
 * Those below are found before anything runs; `running-codes.ts` has the others. Every code has a section in `docs/reference/errors/FAMILY.md` whose examples a test checks. A new code is one
 * more line here and one more section there.
 */

/** Codes of what is wrong with a recipe or a command line, family by family, each with its kind of mistake in a few words. */
export const checkingCodes = {
  // The text of a recipe.
  'file/binary': 'the file is no text',
  'file/encoding': 'the file is not UTF-8',
  'file/folder': 'a folder stands where a recipe should',
  'file/missing': 'the recipe, or a file that it needs, does not exist',
  'file/too-large': 'the file is too large for a recipe',
  'file/unreadable': 'the file cannot be read',
  // YAML.
  'yaml/alias': 'an alias has no anchor before it',
  'yaml/alias-bomb': 'aliases multiply beyond measure',
  'yaml/anchor': 'an anchor or alias is badly written',
  'yaml/colon': 'a colon too many, or one too few',
  'yaml/depth': 'values are nested too deeply',
  'yaml/documents': 'more than one document in a file',
  'yaml/duplicate-key': 'a key is written twice',
  'yaml/escape': 'an unknown escape in double quotes',
  'yaml/indentation': 'lines do not stand in one column',
  'yaml/key': 'something that cannot be a key',
  'yaml/merge': 'a merge key without a map',
  'yaml/number': 'a number that cannot be kept',
  'yaml/quotes': 'a text that needs quotes',
  'yaml/separator': 'a comma, dash or space is missing',
  'yaml/syntax': 'other mistakes of syntax',
  'yaml/tab': 'a tab as indentation',
  'yaml/tag': 'an unknown tag',
  'yaml/unclosed': 'a bracket or quote is not closed',
  // The recipe's structure.
  'recipe/choice': 'a key of the recipe has a value that is not among the choices',
  'recipe/empty': 'the recipe is empty',
  'recipe/format': 'a key of the recipe is badly formed',
  'recipe/length': 'a key of the recipe has too few or too many items',
  'recipe/missing': 'a required key is missing',
  'recipe/not-a-map': 'the recipe is no map',
  'recipe/range': 'a number of the recipe is out of its range',
  'recipe/stage-name': 'a name that no stage can have',
  'recipe/type': 'a key of the recipe has a value of the wrong type',
  'recipe/unknown': 'an unknown key',
  'recipe/unknown-stage-type': 'an unknown stage type',
  'recipe/value': 'a key of the recipe has a value that is not allowed',
  // The settings of a stage.
  'setting/choice': 'a setting is not among its choices',
  'setting/combination': 'settings that do not go together',
  'setting/format': 'a setting is badly formed',
  'setting/length': 'a setting has too few or too many items or characters',
  'setting/missing': 'a required setting is missing',
  'setting/range': 'a setting is out of its range',
  'setting/type': 'a setting has the wrong type',
  'setting/unknown': 'an unknown setting',
  'setting/value': 'a setting has a value that is not allowed',
  // What stages read.
  'wiring/ambiguous': 'a reference fits several inputs',
  'wiring/cycle': 'stages wait for each other',
  'wiring/kind': 'an artifact of the wrong kind',
  'wiring/missing-input': 'a required input is missing',
  'wiring/self': 'a stage reads itself',
  'wiring/syntax': 'a reference that is none',
  'wiring/too-many': 'more artifacts than an input takes',
  'wiring/unknown-input': 'an unknown input',
  'wiring/unknown-output': 'an unknown output or part',
  'wiring/unknown-stage': 'an unknown stage',
  // What must hold.
  'expect/syntax': 'an expectation that is no comparison',
  // Recipes that build on others.
  'extends/append': 'items appended to something that is no list',
  'extends/cycle': 'a recipe extends itself',
  'extends/missing': 'the extended recipe does not exist',
  'extends/value': 'something that cannot be extended',
  // Parameters and profiles.
  'params/assignment': 'a parameter is set in a wrong way',
  'params/choice': 'a value of a parameter is none of its choices',
  'params/cycle': 'a parameter refers to itself',
  'params/declaration': 'a parameter is declared in a way that contradicts itself',
  'params/file': 'a params file holds no values by name',
  'params/missing': 'a parameter has no value',
  'params/name': 'a name that no parameter can have',
  'params/not-a-text': 'a list or map inside a text',
  'params/range': 'a value of a parameter is out of its range',
  'params/reference': 'a reference to nothing',
  'params/too-large': 'parameters multiply beyond measure',
  'params/type': 'a value of a parameter has the wrong type',
  'params/unknown': 'an unknown parameter',
  'params/unknown-profile': 'an unknown profile',
  'params/unused': 'a parameter that nothing uses',
  // Stages that multiply.
  'matrix/duplicate': 'two items of the same name vary',
  'matrix/name': 'a name that no item or value can have',
  'matrix/nested': 'values that depend on something that varies itself',
  'matrix/param': 'a matrix varies an unknown parameter',
  'matrix/selector': 'a reference to a variant that does not exist',
  'matrix/too-many': 'a matrix makes too many stages',
  'matrix/unknown': 'a reference to an item that nothing varies',
  'matrix/wiring': 'the type or the inputs of a stage vary',
  // Recipes that are stages of others.
  'subrecipe/expect': 'an expectation of a recipe as a whole',
  'subrecipe/inputs': 'a recipe with inputs is run by itself',
  'subrecipe/kind': 'an input of an unknown kind',
  'subrecipe/missing': 'the used recipe does not exist',
  'subrecipe/name': 'a stage has the name of the inputs',
  'subrecipe/open-input': 'an input that was left open is needed',
  'subrecipe/output': 'an output is not what it is declared to be',
  'subrecipe/recursion': 'a recipe is a stage of itself',
  // Searches over params.
  'sweep/budget': 'budgets that contradict each other',
  'sweep/goal': 'a sweep looks at a stage that cannot be judged',
  'sweep/grid': 'a grid over a range',
  'sweep/none': 'a recipe without a sweep is swept',
  'sweep/param': 'a sweep varies an unknown parameter',
  'sweep/range': 'a range without numbers in it',
  // Files and folders that settings name.
  'path/address': 'an address in the place of a path',
  'path/missing': 'a file or folder does not exist',
  'path/package': 'a package is not installed',
  // Plugins.
  'plugin/collision': 'two stage types of one name',
  'plugin/definition': 'a stage type is not well defined',
  'plugin/missing': 'the plugin does not exist',
  'plugin/no-stage': 'the plugin exports no stage type',
  'plugin/syntax': 'the plugin cannot be compiled',
  'plugin/throws': 'the plugin throws when it is loaded',
  // The command line.
  'command/argument': 'an argument is missing, or one too many',
  'command/conflict': 'options that exclude each other',
  'command/file-exists': 'a file that would be overwritten',
  'command/no-recipe': 'no recipe is named',
  'command/no-result': 'nothing was run yet',
  'command/no-text': 'data without a column of texts',
  'command/option-value': "an option's value is missing or wrong",
  'command/program': 'a program cannot be started',
  'command/unknown-column': 'an unknown column',
  'command/unknown-command': 'an unknown command',
  'command/unknown-file': 'an unknown file',
  'command/unknown-option': 'an unknown option',
  'command/unknown-recipe': 'an unknown recipe',
  'command/unknown-run': 'an unknown run',
  'command/unknown-stage': 'an unknown stage on the command line',
  'command/unknown-stage-type': 'an unknown stage type on the command line',
} as const satisfies Readonly<Record<string, string>>;

/** All codes. */
export const diagnosticCodes = { ...checkingCodes, ...runningCodes } as const;

/** The code of a diagnostic, or of a `UserError` of roux. */
export type DiagnosticCode = keyof typeof diagnosticCodes;
