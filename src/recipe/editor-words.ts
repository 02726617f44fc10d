/** What editors show of stage types and settings, in Markdown. */
import type { StageFacts } from '../plugin/builtin-stages.js';
import type { Json, JsonObject } from '../plugin/stage-info.js';
import { describeSchema, isList, isObject } from './describe-schema.js';

/** A stage type in Markdown: what it does, reads and makes. */
export function stageInWords({ summary, inputs, outputs }: StageFacts): string {
  const reads = Object.entries(inputs).map(
    ([name, { kind, optional }]) => `\`${name}\` (${optional ? 'optional ' : ''}${[kind].flat().join(', ')})`,
  );
  const makes = Object.entries(outputs).map(([name, { kind }]) => `\`${name}\` (${kind})`);
  return [
    `${summary}.`,
    `Reads: ${reads.length === 0 ? 'nothing' : reads.join(', ')}.`,
    `Makes: ${makes.join(', ')}.`,
  ].join('\n\n');
}

/** Adds to every described setting, for people, what it may be and what it is by default. */
export function inWords(schema: JsonObject): JsonObject {
  const entries = Object.entries(schema).map(([keyword, value]): [string, Json] => {
    if (keyword === 'properties' && isObject(value)) {
      const children = Object.entries(value).map(([name, child]) => [
        name,
        isObject(child) ? inWords(child) : child,
      ]);
      return [keyword, Object.fromEntries(children)];
    }
    if ((keyword === 'items' || keyword === 'additionalProperties') && isObject(value))
      return [keyword, inWords(value)];
    if (keyword === 'anyOf' && isList(value))
      return [keyword, value.map((child) => (isObject(child) ? inWords(child) : child))];
    return [keyword, value];
  });
  const described = Object.fromEntries(entries);
  if (typeof schema.description !== 'string') return described;
  const standard = schema.default === undefined ? '' : `; default: \`${JSON.stringify(schema.default)}\``;
  const allowed = describeSchema(schema);
  const sentence = `${allowed.charAt(0).toUpperCase()}${allowed.slice(1)}${standard}.`;
  return { ...described, markdownDescription: `${schema.description}\n\n${sentence}` };
}
