/** A few stage types that look like real ones, so that recipes can be checked without building any. */
import { type TObject, Type } from '@sinclair/typebox';
import { createValidator } from '../../src/plugin/compile-validator.js';
import { onlyWith } from '../../src/plugin/conditional-setting.js';
import type { InputPort, OutputPort } from '../../src/plugin/define-stage.js';
import { OutputFolderSetting, PathSetting } from '../../src/plugin/path-setting.js';
import { oneOfKeyword } from '../../src/plugin/setting-keywords.js';
import type { JsonObject, StageInfo, StageRegistry } from '../../src/plugin/stage-info.js';

interface FakeStage {
  readonly type: string;
  readonly settings?: TObject;
  readonly inputs?: Readonly<Record<string, InputPort>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly threads?: number | 'all';
}

/** A stage type as the registry describes it. */
function fakeStage({ type, settings, inputs = {}, outputs, threads = 1 }: FakeStage): StageInfo {
  const schema: JsonObject = JSON.parse(
    JSON.stringify(settings ?? Type.Object({}, { additionalProperties: false })),
  );
  const validator = createValidator(schema);
  const ports = Object.entries(outputs).map(([port, kind]): [string, OutputPort] => [
    port,
    { kind, description: port },
  ]);
  return {
    type,
    version: 1,
    summary: `A ${type}`,
    settings: schema,
    inputs,
    outputs: Object.fromEntries(ports),
    seeded: false,
    tensors: false,
    threads,
    keyless: [],
    source: { from: 'roux' },
    validate: (value) => (validator(value) ? [] : (validator.errors ?? [])),
  };
}

const closed = { additionalProperties: false };

/** The stage types of DESIGN's example. */
export const fakeRegistry: StageRegistry = new Map(
  [
    fakeStage({
      type: 'load-dataset',
      settings: Type.Object(
        {
          path: PathSetting({ description: 'The file' }),
          text: Type.String({ description: 'The column of the text', default: 'text', minLength: 1 }),
          label: Type.String({ description: 'The column of the label', default: 'label', minLength: 1 }),
          split: Type.Optional(
            Type.Object(
              {
                train: Type.Number({ minimum: 0, maximum: 1 }),
                validation: Type.Number({ minimum: 0, maximum: 1 }),
                test: Type.Number({ minimum: 0, maximum: 1 }),
              },
              closed,
            ),
          ),
          limit: Type.Optional(Type.Integer({ minimum: 1 })),
        },
        closed,
      ),
      outputs: { dataset: 'dataset' },
    }),
    fakeStage({
      type: 'load-splits',
      settings: Type.Object(
        {
          path: Type.Optional(PathSetting({ description: 'A file' })),
          files: Type.Optional(Type.Object({ train: PathSetting({ description: 'A file' }) }, closed)),
          text: Type.String({ default: 'text', minLength: 1 }),
        },
        { ...closed, [oneOfKeyword]: ['path', 'files'] },
      ),
      outputs: { dataset: 'dataset' },
    }),
    fakeStage({
      type: 'load-model',
      settings: Type.Object(
        {
          from: Type.Optional(PathSetting({ description: 'The folder' })),
          task: Type.Union([Type.Literal('sequence-classification'), Type.Literal('masked-language-model')], {
            default: 'sequence-classification',
          }),
        },
        closed,
      ),
      outputs: { model: 'model' },
    }),
    fakeStage({
      type: 'tokenize',
      settings: Type.Object(
        {
          max_length: Type.Integer({ default: 128, minimum: 8, maximum: 4096 }),
          pairs: Type.Boolean({ default: false }),
        },
        closed,
      ),
      inputs: {
        dataset: { kind: 'dataset', description: 'The rows' },
        model: { kind: ['model', 'tokenizer'], description: 'Whose tokenizer to use' },
      },
      outputs: { tokens: 'tokens' },
    }),
    fakeStage({
      type: 'freeze-layers',
      settings: Type.Object(
        {
          freeze: Type.Union([
            Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
            Type.Integer({ minimum: 0 }),
          ]),
        },
        closed,
      ),
      inputs: { model: { kind: 'model', description: 'The model' } },
      outputs: { model: 'model' },
    }),
    fakeStage({
      type: 'ewc',
      settings: Type.Object({ strength: Type.Number({ default: 400, exclusiveMinimum: 0 }) }, closed),
      inputs: {
        model: { kind: 'model', description: 'The model' },
        tokens: { kind: 'tokens', description: 'The old task' },
      },
      outputs: { penalty: 'penalty' },
    }),
    fakeStage({
      type: 'train',
      settings: Type.Object(
        {
          epochs: Type.Integer({ default: 3, minimum: 1 }),
          learning_rate: Type.Number({ default: 5e-5, exclusiveMinimum: 0 }),
          batch_size: Type.Integer({ default: 32, minimum: 1 }),
          schedule: Type.Union([Type.Literal('linear'), Type.Literal('cosine'), Type.Literal('constant')], {
            default: 'linear',
          }),
          optimizer: Type.Union([Type.Literal('adamw'), Type.Literal('sgd')], { default: 'adamw' }),
          momentum: Type.Optional(Type.Number({ ...onlyWith('optimizer', ['sgd']) })),
          log_to: Type.Optional(
            Type.Object({ folder: OutputFolderSetting({ description: 'A folder to look at' }) }, closed),
          ),
          nesterov: Type.Optional(Type.Boolean({ ...onlyWith('momentum') })),
        },
        closed,
      ),
      inputs: {
        model: { kind: 'model', description: 'The model' },
        tokens: { kind: 'tokens', description: 'The examples' },
        penalties: { kind: 'penalty', description: 'What holds weights', optional: true, many: true },
      },
      outputs: { model: 'model', curve: 'curve' },
      threads: 'all',
    }),
    fakeStage({
      type: 'evaluate',
      inputs: {
        model: { kind: 'model', description: 'The model' },
        tokens: { kind: 'tokens', description: 'The examples' },
      },
      outputs: { metrics: 'metrics', predictions: 'predictions' },
    }),
    fakeStage({
      type: 'compare',
      inputs: {
        before: { kind: 'metrics', description: 'The first' },
        after: { kind: 'metrics', description: 'The second' },
      },
      outputs: { report: 'report' },
    }),
  ].map((info) => [info.type, info]),
);
