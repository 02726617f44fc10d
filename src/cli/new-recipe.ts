/** The text of a recipe for somebody's own data, with a comment beside everything that was guessed. */
import type { SplitName } from '../artifacts/kinds.js';
import type { ProposedMapping } from '../data/propose-mapping.js';
import type { SourceSurvey } from '../data/survey.js';

/** What the recipe is made from. Paths are as the recipe writes them. */
export interface NewRecipe {
  readonly name: string;
  /** How the recipe was asked for, for its first line. */
  readonly command: string;
  readonly path: string;
  /** A file for each split, where they were found; `path` is then that for training. */
  readonly files?: Readonly<Partial<Record<SplitName, string>>>;
  readonly survey: SourceSurvey;
  readonly mapping: ProposedMapping;
  readonly model: string;
  readonly lengths: TokenLengths;
  /** The schema for editors, where there is one. */
  readonly schema?: string;
}

/** How long the texts are, in tokens of the model. */
export interface TokenLengths {
  /** 95 of 100 texts have at most so many. */
  readonly most: number;
  /** What to cut off at. */
  readonly maxLength: number;
}

/** Writes the recipe. */
export function newRecipeText(recipe: NewRecipe): string {
  const { mapping, survey } = recipe;
  const labels = survey.columns.find(({ name }) => name === mapping.label)?.values;
  const lines = labels === undefined ? languageModelling(recipe) : classification(recipe, labels);
  return `${lines.join('\n')}\n`;
}

/** Evenly divided, a label would have one share; with less than this part of it, it is rare. */
const rareShare = 0.5;
const smokeRows = 200;
/** A sample keeps some rows of every label for every split. */
const smokeRowsPerLabel = 20;

type LabelCounts = readonly (readonly [string, number])[];

function classification(recipe: NewRecipe, labels: LabelCounts): readonly string[] {
  const { files, lengths, model } = recipe;
  const total = labels.reduce((sum, [, count]) => sum + count, 0);
  const [rarest, least] = labels.at(-1) ?? ['', 0];
  const isUneven = (least / total) * labels.length < rareShare;
  const hasValidation = files === undefined || files.validation !== undefined;
  const held = files !== undefined && files.test === undefined ? 'validation' : 'test';
  const limit = Math.max(smokeRows, smokeRowsPerLabel * labels.length);
  return [
    ...heading(recipe, `Tells ${labels.length} labels apart`),
    ...params(lengths, '3e-4', limit),
    'stages:',
    ...data(recipe, labels),
    '',
    '  base:',
    '    uses: load-model',
    '    in: { dataset: data }',
    `    with: { from: ${scalar(model)}, task: sequence-classification }`,
    '',
    ...tokens(),
    '',
    '  train:',
    '    uses: train',
    '    in: { model: base, tokens: tokens }',
    '    with:',
    `      epochs: "\${params.epochs}"`,
    `      learning_rate: "\${params.learning_rate}"`,
    '      batch_size: 16',
    '      warmup: 0.1',
    ...(isUneven
      ? [`      class_weights: balanced  # ${word(rarest)} has only ${share(least, total)} of the rows`]
      : []),
    ...(hasValidation ? ['      best_metric: macro_f1'] : []),
    '',
    '  evaluate:',
    '    uses: evaluate',
    `    in: { model: train, tokens: tokens.${held}, dataset: data.${held} }`,
    '    # expect: { macro_f1: ">= 0.8" }  # lets the run fail when the model is worse',
    '',
    '  export:',
    '    uses: export',
    `    in: { model: train, tokens: tokens.${held}, metrics: [evaluate] }`,
    '    with: { formats: [safetensors, onnx] }',
    '',
    '  report:',
    '    uses: report',
    '    in: [data, tokens, train, evaluate, export]',
  ];
}

function languageModelling(recipe: NewRecipe): readonly string[] {
  const { files, lengths, model } = recipe;
  const held = files !== undefined && files.test === undefined ? 'validation' : 'test';
  return [
    ...heading(recipe, 'Goes on training a language model on texts without labels'),
    ...params(lengths, '2e-4', smokeRows),
    'stages:',
    ...data(recipe, undefined),
    '',
    '  base:',
    '    uses: load-model',
    `    with: { from: ${scalar(model)}, task: masked-language-modeling }`,
    '',
    ...tokens('overflow: split'),
    '',
    '  # How well the model guesses masked words before and after.',
    '  before:',
    '    uses: evaluate',
    `    in: { model: base, tokens: tokens.${held} }`,
    '',
    '  train:',
    '    uses: train',
    '    in: { model: base, tokens: tokens }',
    '    with:',
    `      epochs: "\${params.epochs}"`,
    `      learning_rate: "\${params.learning_rate}"`,
    '      batch_size: 16',
    '      warmup: 0.1',
    '',
    '  after:',
    '    uses: evaluate',
    `    in: { model: train, tokens: tokens.${held} }`,
    '',
    '  export:',
    '    uses: export',
    '    in: { model: train }',
    '    with: { formats: [safetensors] }',
    '',
    '  report:',
    '    uses: report',
    '    in: [data, tokens, before, train, after, export]',
  ];
}

function heading({ name, command, schema, survey }: NewRecipe, purpose: string): readonly string[] {
  const rows = `${survey.isComplete ? '' : 'more than '}${survey.rows.toLocaleString('en')} rows`;
  return [
    ...(schema === undefined ? [] : [`# yaml-language-server: $schema=${schema}`]),
    `# Begun by \`${word(command)}\`, which read ${rows}.`,
    '# What it guessed has its reason beside it; change what you know better.',
    'recipe: 1',
    `name: ${scalar(name)}`,
    `description: ${purpose}`,
    'seed: 13',
  ];
}

/** What can be set from outside, and a profile with a sample of `sampled` rows. */
function params({ most, maxLength }: TokenLengths, learningRate: string, sampled: number): readonly string[] {
  const reason = `95 of 100 texts have at most ${most} tokens`;
  return [
    'params:',
    '  epochs: 3',
    `  learning_rate: ${learningRate}`,
    `  max_length: ${maxLength}  # ${reason}${most > maxLength ? '; the model takes no more' : ''}`,
    '  limit: 1000000  # rows to take, at most',
    'profiles:',
    '  # A sample, to see that everything works: -p smoke',
    `  smoke: { epochs: 1, limit: ${sampled}, max_length: ${Math.min(32, maxLength)} }`,
    '',
  ];
}

function data(
  { path, files, survey, mapping }: NewRecipe,
  labels: LabelCounts | undefined,
): readonly string[] {
  const { shape, broken, columns } = survey;
  const isFile = !['lines', 'folder', 'email'].includes(shape.format);
  const unlabelled = columns.find(({ name }) => name === mapping.label)?.empty ?? 0;
  const source =
    files === undefined
      ? [`      path: ${scalar(path)}`]
      : [
          '      files:',
          ...Object.entries(files).map(([split, file]) => `        ${split}: ${scalar(file)}`),
        ];
  return [
    '  data:',
    '    uses: load-dataset',
    '    with:',
    ...source,
    ...(shape.format === 'email' ? ['      format: email'] : []),
    ...(shape.header === false ? ['      header: false  # the first row is no row of names'] : []),
    ...(shape.delimiter === undefined ? [] : [`      delimiter: ${JSON.stringify(shape.delimiter)}`]),
    ...(isFile ? [`      text: ${scalar(mapping.text)}`] : []),
    // A language model reads texts one by one.
    ...(mapping.textPair === undefined || labels === undefined
      ? []
      : [`      text_pair: ${scalar(mapping.textPair)}`]),
    ...(labels === undefined || mapping.label === undefined
      ? []
      : [`      label: ${scalar(mapping.label)}  # ${shares(labels)}`]),
    ...(broken + unlabelled === 0
      ? []
      : [
          `      broken_rows: skip  # ${(broken + unlabelled).toLocaleString('en')} rows are broken or lack a label`,
        ]),
    `      limit: "\${params.limit}"`,
    ...(files === undefined ? ['      split: { train: 0.8, validation: 0.1, test: 0.1 }'] : []),
  ];
}

function tokens(more?: string): readonly string[] {
  const settings = [`max_length: "\${params.max_length}"`, ...(more === undefined ? [] : [more])].join(', ');
  return [
    '  tokens:',
    '    uses: tokenize',
    '    in: { dataset: data, model: base }',
    `    with: { ${settings} }`,
  ];
}

/** The commonest labels with their shares. */
function shares(labels: LabelCounts): string {
  const total = labels.reduce((sum, [, count]) => sum + count, 0);
  const shown = labels.slice(0, mostShown).map(([label, count]) => `${word(label)} ${share(count, total)}`);
  const hidden = labels.length - shown.length;
  return `${shown.join(', ')}${hidden > 0 ? ` and ${hidden} more` : ''}`;
}

const mostShown = 4;

function share(count: number, total: number): string {
  const percent = (100 * count) / total;
  return `${percent < 1 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** A text of the data inside a comment: one short line of ordinary characters. */
function word(text: string): string {
  const line = text.replaceAll(/[\p{C}\p{Z}]+/gu, ' ').trim();
  return line.length > longestWord ? `${line.slice(0, longestWord)}…` : line;
}

const longestWord = 60;

/** A text as a YAML scalar: plain where that is safe. */
function scalar(text: string): string {
  const isPlain = /^[A-Za-z_./][\w./-]*(?::[\w./@-]+)?$/.test(text);
  const isWord = /^(?:true|false|null|yes|no|on|off|y|n|~|\.(?:inf|nan))$/i.test(text);
  return isPlain && !isWord ? text : JSON.stringify(text);
}
