/** The model families that roux knows, by `model_type`. */
import { UserError } from '../artifacts/user-error.js';
import { JsonFields, type JsonRecord } from '../formats/json.js';
import type { Architecture } from './architecture.js';
import { createBert } from './bert.js';
import { bertConfigFields } from './bert-config.js';

/** A family to come is one more line: a file that makes an `Architecture` of a `config.json`, and one with its defaults. */
const families: ReadonlyMap<string, ModelFamily> = new Map([
  ['bert', { create: createBert, completeFields: bertConfigFields }],
]);

interface ModelFamily {
  readonly create: (fields: JsonFields) => Architecture;
  /** Completes the fields of `config.json` of a fresh model. */
  readonly completeFields: (given: JsonRecord) => JsonRecord;
}

/** `model_type`s that can be read. */
export const modelTypes: readonly string[] = [...families.keys()];

/** The architecture that a `config.json` describes. A family that roux does not know is a `UserError`. */
export function createArchitecture(fields: JsonFields): Architecture {
  return familyOf(fields).create(fields);
}

/** A fresh model's `config.json`: what is given, completed with the family's defaults. */
export function completeConfig(given: JsonFields): JsonFields {
  return new JsonFields(familyOf(given).completeFields(given.all), given.file);
}

/** The architecture with some fields of its `config.json` replaced. */
export function withConfigFields(architecture: Architecture, fields: JsonRecord): Architecture {
  return createArchitecture(new JsonFields({ ...architecture.config.fields, ...fields }, 'config.json'));
}

function familyOf(fields: JsonFields): ModelFamily {
  const modelType = fields.raw('model_type');
  const family = typeof modelType === 'string' ? families.get(modelType) : undefined;
  if (family === undefined) {
    throw new UserError({
      code: 'model/type',
      message: `${fields.file}: this type of model is not supported`,
      found: modelType === undefined ? 'no model_type' : `model_type ${JSON.stringify(modelType)}`,
      expected: `model_type ${modelTypes.map((type) => JSON.stringify(type)).join(' or ')}`,
      file: fields.file,
    });
  }
  return family;
}
