/** The reference page of a stage type, made from its definition. */
import type { StageFacts } from '../plugin/builtin-stages.js';
import type { InputPort } from '../plugin/define-stage.js';
import type { Json, JsonObject } from '../plugin/stage-info.js';
import {
  branchesOf,
  constantsOf,
  describeSchema,
  isList,
  isObject,
  requiredNames,
} from './describe-schema.js';

/** One stage type as Markdown: what it does, settings, ports, an example. */
export function stageReference(stage: StageFacts): string {
  const sections = [
    `# ${stage.type}`,
    `${stage.summary}${/[.!?]$/.test(stage.summary) ? '' : '.'}`,
    stage.description?.trim(),
    '## Settings',
    settingsTable(stage.settings),
    '## Inputs',
    inputsTable(stage),
    '## Outputs',
    table(
      ['output', 'kind', 'description'],
      Object.entries(stage.outputs).map(([name, { kind, description }]) => [
        `\`${name}\``,
        kind,
        description,
      ]),
    ),
    '## Example',
    `\`\`\`yaml\n${example(stage)}\`\`\``,
    facts(stage),
    'This page is generated from the stage definition.',
  ];
  return `${sections.filter((section) => section !== undefined && section !== '').join('\n\n')}\n`;
}

/** The list of all stage types as Markdown. */
export function stageReferenceIndex(stages: readonly StageFacts[]): string {
  const rows = stages.map(({ type, summary, inputs, outputs }) => [
    `[${type}](${type}.md)`,
    summary,
    Object.keys(inputs).join(', '),
    Object.keys(outputs).join(', '),
  ]);
  return `# Stage types\n\n${table(['type', 'what it does', 'inputs', 'outputs'], rows)}\n`;
}

function settingsTable(settings: JsonObject): string {
  const rows = settingRows(settings, '');
  return rows.length === 0 ? 'None.' : table(['setting', 'value', 'default', 'description'], rows);
}

function settingRows(schema: JsonObject, prefix: string): readonly string[][] {
  const required = requiredNames(schema);
  return Object.entries(isObject(schema.properties) ? schema.properties : {}).flatMap(([name, property]) => {
    if (!isObject(property)) return [];
    const path = `${prefix}${name}`;
    const standard = property.default;
    const fallback = standard !== undefined ? code(standard) : required.includes(name) ? 'required' : '';
    const description = typeof property.description === 'string' ? property.description : '';
    const nested = [property, ...branchesOf(property)].flatMap((branch) => settingRows(branch, `${path}.`));
    return [[`\`${path}\``, allowedValues(property), fallback, description], ...nested];
  });
}

function allowedValues(schema: JsonObject): string {
  const constants = constantsOf(schema);
  if (constants) return constants.map(code).join(', ');
  const branches = branchesOf(schema);
  return branches.length > 0 ? branches.map(allowedValues).join(' or ') : describeSchema(schema);
}

function inputsTable({ inputs }: StageFacts): string {
  const rows = Object.entries(inputs).map(([name, port]) => [
    `\`${name}\``,
    kinds(port),
    count(port),
    port.description,
  ]);
  return rows.length === 0 ? 'None.' : table(['input', 'kind', 'count', 'description'], rows);
}

function kinds({ kind }: InputPort): string {
  return typeof kind === 'string' ? kind : kind.join(' or ');
}

function count({ optional, many }: InputPort): string {
  if (many) return optional ? 'any number' : 'one or more';
  return optional ? 'optional' : 'one';
}

function example({ type, settings, inputs }: StageFacts): string {
  const lines = ['stages:', `  my_${type.replaceAll('-', '_')}:`, `    uses: ${type}`];
  const ports = Object.entries(inputs).filter(([, port]) => !port.optional);
  if (ports.length > 0) {
    const wires = ports.map(([name, port]) => `${name}: ${port.many ? `[my_${name}]` : `my_${name}`}`);
    lines.push(`    in: { ${wires.join(', ')} }`);
  }
  const required = requiredNames(settings);
  const properties = Object.entries(isObject(settings.properties) ? settings.properties : {});
  const shown = properties.flatMap(([name, property]) =>
    isObject(property) && (required.includes(name) || isScalar(property.default))
      ? [`      ${name}: ${exampleValue(name, property)}`]
      : [],
  );
  if (shown.length > 0) lines.push('    with:', ...shown);
  return `${lines.join('\n')}\n`;
}

function exampleValue(name: string, schema: JsonObject): string {
  const [given] = isList(schema.examples) ? schema.examples : [];
  if (given !== undefined) return yaml(given);
  if (schema.default !== undefined) return yaml(schema.default);
  const [constant] = constantsOf(schema) ?? [];
  if (constant !== undefined) return yaml(constant);
  const [branch] = branchesOf(schema);
  if (branch) return exampleValue(name, branch);
  if (schema['x-roux-path'] !== undefined) return `./data/${name}`;
  switch (schema.type) {
    case 'integer':
    case 'number':
      return yaml(schema.minimum ?? schema.maximum ?? 1);
    case 'boolean':
      return 'true';
    case 'array':
      return `[${isObject(schema.items) ? exampleValue(name, schema.items) : ''}]`;
    case 'object': {
      const required = requiredNames(schema);
      const members = Object.entries(isObject(schema.properties) ? schema.properties : {}).filter(([key]) =>
        required.includes(key),
      );
      const written = members.flatMap(([key, child]) =>
        isObject(child) ? [`${key}: ${exampleValue(key, child)}`] : [],
      );
      return written.length === 0 ? '{}' : `{ ${written.join(', ')} }`;
    }
    default:
      return name;
  }
}

function facts({ version, seeded, tensors, threads, keyless }: StageFacts): string {
  const sentences = [
    `Version ${version} of this stage type.`,
    seeded ? 'The result depends on the seed.' : '',
    tensors ? 'It computes with the tensor runtime.' : '',
    threads === 'all' ? 'It takes all threads unless told otherwise.' : '',
    keyless.length > 0 ? `These settings change no result and cause no new run: ${keyless.join(', ')}.` : '',
  ];
  return sentences.filter((sentence) => sentence !== '').join(' ');
}

function isScalar(value: Json | undefined): boolean {
  return value !== undefined && (value === null || typeof value !== 'object');
}

/** Plain where YAML reads it back as the same value; JSON, which is YAML as well, otherwise. */
function yaml(value: Json): string {
  const isPlain =
    typeof value === 'string' && /^[A-Za-z][\w./-]*$/.test(value) && !/^(true|false|null)$/i.test(value);
  return isPlain ? value : JSON.stringify(value);
}

function code(value: Json): string {
  return `\`${typeof value === 'string' ? (value === '' ? '""' : value) : JSON.stringify(value)}\``;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');
}
