/** What recipes can say about a data set to be loaded. */
import { type Static, Type } from '@sinclair/typebox';
import { onlyWith } from '../../plugin/conditional-setting.js';
import { PathSetting } from '../../plugin/path-setting.js';
import { formKeyword, oneOfKeyword, sumKeyword } from '../../plugin/setting-keywords.js';

/** A value of a column, as recipes write it. */
export const Scalar = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]);
const Share = (description: string) => Type.Number({ minimum: 0, maximum: 1, description });

/** The settings schema. */
export const settings = Type.Object(
  {
    path: Type.Optional(
      Type.Union(
        [
          PathSetting({ description: 'A file or a folder.' }),
          Type.Array(PathSetting({ description: 'A file or a folder.' }), { minItems: 1 }),
        ],
        {
          description:
            'The file or folder to read, or several whose rows are put one after the other. Its rows are divided by `split`.',
        },
      ),
    ),
    files: Type.Optional(
      Type.Object(
        {
          train: Type.Optional(PathSetting({ description: 'Rows to train on.' })),
          validation: Type.Optional(
            PathSetting({ description: 'Rows to watch the training with and to choose by.' }),
          ),
          test: Type.Optional(PathSetting({ description: 'Rows to measure with at the end.' })),
        },
        {
          additionalProperties: false,
          minProperties: 1,
          description: 'A file or folder for each split, in place of `path` and `split`.',
        },
      ),
    ),
    format: Type.Optional(
      Type.Union(
        (['csv', 'tsv', 'jsonl', 'parquet', 'lines', 'folder', 'email'] as const).map((format) =>
          Type.Literal(format),
        ),
        {
          description:
            'How rows are written. Default: by the extension (.csv, .tsv, .jsonl, .parquet, .txt: one text a line); a folder of text files is `folder`, and `email` reads subject and body of the mails in a folder.',
        },
      ),
    ),
    text: Type.String({
      default: 'text',
      minLength: 1,
      description: 'The column with the text. Lines, folders and e-mails have it as `text`.',
    }),
    text_pair: Type.Optional(
      Type.String({ minLength: 1, description: 'The column with the second text of a pair.' }),
    ),
    label: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'The column with the label. Folders have `folder`, the name of the sub-folder. Without it the texts have no labels.',
      }),
    ),
    labels: Type.Optional(
      Type.Union(
        [
          Type.Array(Type.String({ minLength: 1 }), { minItems: 2, uniqueItems: true }),
          Type.Record(
            Type.String({ minLength: 1 }),
            Type.Union([Scalar, Type.Array(Scalar, { minItems: 1 })]),
          ),
        ],
        {
          description:
            'Names of the labels in their order, or for each name the values of the column that mean it (`*` stands for anything): `{ ham: ["easy-ham-*", hard-ham-1], spam: ["spam-*"] }`. Default: the values found, sorted.',
        },
      ),
    ),
    group: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'A column whose equal values stay in one split: author, thread, patient. With `files` a warning says how many rows share a group with rows of another file.',
      }),
    ),
    id: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "The column with each row's id. Default: the row's number, or the file's path in a folder.",
      }),
    ),
    keep: Type.Union([Type.Literal('all'), Type.Array(Type.String({ minLength: 1 }))], {
      default: [],
      description: 'Further columns to keep, for audits and reports: a list of names, or `all`.',
    }),
    split: Type.Object(
      {
        train: Type.Optional(Share('Share of the training split.')),
        validation: Type.Optional(Share('Share of the validation split.')),
        test: Type.Optional(Share('Share of the test split.')),
      },
      {
        additionalProperties: false,
        default: { train: 0.8, validation: 0.1, test: 0.1 },
        description:
          'Shares of the splits, together 1. Rows are dealt out at random (`seed`), every label in proportion; groups and near-duplicates are never divided. Not with `files`.',
        ...onlyWith('path'),
        [sumKeyword]: 1,
      },
    ),
    where: Type.Optional(
      Type.Record(Type.String(), Type.Union([Scalar, Type.Array(Scalar, { minItems: 1 })]), {
        description: 'Take only rows whose columns have these values: `{ language: [en, de] }`.',
      }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          'Most rows, drawn at random, every label in proportion; of each split where `files` gives them.',
      }),
    ),
    sample: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        description: 'Share of the rows to draw, as for `limit`.',
      }),
    ),
    duplicates: Type.Union([Type.Literal('remove'), Type.Literal('keep')], {
      default: 'remove',
      description:
        'Texts that are equal but for case and white space: keep one of them (with `files`, the one in the test split first), or all, in one split.',
    }),
    near_duplicates: Type.Union([Type.Literal(false), Type.Number({ exclusiveMinimum: 0, maximum: 1 })], {
      default: 0.8,
      description:
        'Texts at least this similar (Jaccard similarity of five-character pieces) stay in one split; false does not look for them.',
    }),
    broken_rows: Type.Union([Type.Literal('error'), Type.Literal('skip')], {
      default: 'error',
      description:
        'Rows that cannot be read, that lack a label or have an unknown one: stop at the first one, or leave them out and count them.',
    }),
    encoding: Type.String({
      default: 'utf-8',
      minLength: 1,
      description:
        'The encoding of text files: utf-8 (a byte order mark of UTF-16 is followed), latin1, windows-1252, utf-16le, or another label of the WHATWG Encoding Standard. E-mails name their own.',
      [formKeyword]: 'encoding',
    }),
    header: Type.Boolean({
      default: true,
      description:
        'csv and tsv: the first row has the names of the columns. Without it they are called 1, 2, ...',
    }),
    columns: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        uniqueItems: true,
        description: 'csv and tsv: names of the columns, in place of those of the header.',
      }),
    ),
    quotes: Type.Optional(
      Type.Boolean({
        description: 'csv and tsv: fields may stand in double quotes. Default: true for csv, false for tsv.',
      }),
    ),
    delimiter: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1, description: 'csv and tsv: the character between fields.' }),
    ),
    include: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        description:
          'folder and email: patterns of the files to read, such as `*/*.txt`. `**` goes across folders. Default: all but hidden files.',
      }),
    ),
    exclude: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        description: 'folder and email: patterns of files to leave out.',
      }),
    ),
    side_file: Type.Optional(
      PathSetting({
        description:
          'folder and email: a csv, tsv or jsonl file with a column `file` (paths inside the folder); its other columns, such as `label`, are added.',
      }),
    ),
  },
  { additionalProperties: false, [oneOfKeyword]: ['path', 'files'] },
);

/** The settings, defaults filled in. */
export type Settings = Static<typeof settings>;
