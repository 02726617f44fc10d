/**
 * What SARIF 2.1.0 asks of the parts of a log that roux writes (sections 3.13 to 3.30 of the standard), as a JSON Schema.
 * Anything else in a log is refused, so that a new part needs its rules here first.
 */
const text = { type: 'string', minLength: 1 };
const message = strict({ text }, ['text']);
const artifactLocation = strict({ uri: text, uriBaseId: text }, ['uri']);
const positive = { type: 'integer', minimum: 1 };

const physicalLocation = strict(
  {
    artifactLocation,
    region: strict({ startLine: positive, startColumn: positive, endLine: positive, endColumn: positive }, [
      'startLine',
    ]),
  },
  ['artifactLocation'],
);

const location = strict({
  id: { type: 'integer', minimum: 0 },
  message,
  physicalLocation,
  logicalLocations: {
    type: 'array',
    items: strict({ name: text, fullyQualifiedName: text }),
  },
});

const rule = strict({ id: text, shortDescription: message, help: message }, ['id']);

const result = strict(
  {
    ruleId: text,
    ruleIndex: { type: 'integer', minimum: 0 },
    level: { enum: ['none', 'note', 'warning', 'error'] },
    message,
    locations: { type: 'array', items: location },
    relatedLocations: { type: 'array', items: location },
  },
  ['message'],
);

const run = strict(
  {
    tool: strict(
      {
        driver: strict(
          { name: text, version: text, rules: { type: 'array', items: rule, uniqueItems: true } },
          ['name'],
        ),
      },
      ['driver'],
    ),
    columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
    originalUriBaseIds: { type: 'object', additionalProperties: artifactLocation },
    results: { type: 'array', items: result },
  },
  ['tool'],
);

export const sarifSchema = strict(
  { $schema: text, version: { const: '2.1.0' }, runs: { type: 'array', items: run } },
  ['version', 'runs'],
);

function strict(properties: Readonly<Record<string, object>>, required: readonly string[] = []): object {
  return { type: 'object', additionalProperties: false, properties, required };
}
