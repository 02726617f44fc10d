/** Stage types as text: a list, and one with its settings and ports. */
import type { InputPort } from '../../plugin/define-stage.js';
import type { Json, JsonObject, StageInfo } from '../../plugin/stage-info.js';
import { formatTable } from './table.js';
import type { Terminal } from './terminal.js';
import { oneLine } from './terminal-text.js';

/** All stage types with their summaries. */
export function stageList(infos: readonly StageInfo[], terminal: Terminal): readonly string[] {
  const { colors } = terminal;
  return [
    ...formatTable(
      infos.map((info) => [
        oneLine(info.type),
        oneLine(info.summary) + (info.source.from === 'plugin' ? ' (plugin)' : ''),
      ]),
      { width: terminal.columns, paint: (cell, _, column) => (column === 0 ? colors.bold(cell) : cell) },
    ),
    '',
    colors.dim('roux stages TYPE shows the settings of one.'),
  ];
}

/** One stage type: settings, ports and an example. */
export function stageTypeView(info: StageInfo, terminal: Terminal): readonly string[] {
  const { colors } = terminal;
  const lines = [`${colors.bold(oneLine(info.type))}  ${oneLine(info.summary)}`];
  if (info.source.from === 'plugin') lines.push(colors.dim(`from ${oneLine(info.source.file)}`));
  const section = (title: string, rows: readonly (readonly string[])[]): void => {
    if (rows.length === 0) return;
    const table = formatTable(rows, {
      width: terminal.columns,
      indent: 2,
      paint: (cell, _, column) => (column === 0 ? colors.cyan(cell) : cell),
    });
    lines.push('', colors.bold(title), ...table);
  };
  section('settings', settingRows(info.settings));
  section(
    'inputs',
    Object.entries(info.inputs).map(([name, port]) => [
      oneLine(name),
      oneLine(inputKinds(port)),
      oneLine(port.description),
    ]),
  );
  section(
    'outputs',
    Object.entries(info.outputs).map(([name, port]) => [
      oneLine(name),
      oneLine(port.kind),
      oneLine(port.description),
    ]),
  );
  lines.push('', colors.bold('example'), ...exampleOf(info).map((line) => `  ${line}`));
  return lines;
}

function settingRows(schema: JsonObject): readonly (readonly string[])[] {
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  return Object.entries(objectAt(schema, 'properties')).map(([name, property]) => {
    const setting = isObject(property) ? property : {};
    const standard =
      setting.default !== undefined
        ? `default ${JSON.stringify(setting.default)}`
        : required.has(name)
          ? 'required'
          : 'optional';
    const description = typeof setting.description === 'string' ? setting.description : '';
    return [oneLine(name), typeOf(setting), oneLine(`${description} (${standard})`.trim())];
  });
}

/** A short name for a JSON Schema: 'number 0-1', '"a" | "b"', 'list of text'. */
function typeOf(schema: JsonObject, depth = 0): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(alternatives) && depth < 3) {
    const names = alternatives.filter(isObject).map((alternative) => typeOf(alternative, depth + 1));
    return [...new Set(names)].join(' | ');
  }
  if (schema['x-roux-path'] !== undefined) return 'path';
  switch (schema.type) {
    case 'array':
      return isObject(schema.items) && depth < 3 ? `list of ${typeOf(schema.items, depth + 1)}` : 'list';
    case 'integer':
    case 'number':
      return `${schema.type === 'integer' ? 'whole number' : 'number'}${rangeOf(schema)}`;
    case 'string':
      return 'text';
    case 'boolean':
      return 'true | false';
    case 'object':
      return 'map';
    default:
      return 'any';
  }
}

function rangeOf(schema: JsonObject): string {
  const least = schema.minimum ?? schema.exclusiveMinimum;
  const most = schema.maximum ?? schema.exclusiveMaximum;
  const below = schema.exclusiveMaximum !== undefined ? '<' : '<=';
  const above = schema.exclusiveMinimum !== undefined ? '>' : '>=';
  const parts = [
    typeof least === 'number' ? `${above} ${least}` : '',
    typeof most === 'number' ? `${below} ${most}` : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : ` ${parts.join(', ')}`;
}

function inputKinds(port: InputPort): string {
  const kinds = (Array.isArray(port.kind) ? port.kind : [port.kind]).join(' | ');
  return `${kinds}${port.many === true ? ', several' : ''}${port.optional === true ? ', optional' : ''}`;
}

/** A stage of a recipe with what is required, and a setting or two besides. */
function exampleOf(info: StageInfo): readonly string[] {
  const lines = [`${info.type.replaceAll('-', '_')}:`, `  uses: ${info.type}`];
  const ports = Object.entries(info.inputs).filter(([, port]) => port.optional !== true);
  if (ports.length > 0) {
    const wired = ports.map(([name, port]) => `${name}: ${port.many === true ? '[a_stage]' : 'a_stage'}`);
    lines.push(`  in: { ${wired.join(', ')} }`);
  }
  const required = new Set(Array.isArray(info.settings.required) ? info.settings.required : []);
  const properties = Object.entries(objectAt(info.settings, 'properties'));
  const shown = properties.filter(([name, property]) => required.has(name) && !hasDefault(property));
  const settings =
    shown.length > 0 ? shown : properties.filter(([, property]) => hasSimpleDefault(property)).slice(0, 2);
  if (settings.length > 0) {
    const pairs = settings.map(([name, property]) => `${name}: ${exampleValue(name, property)}`);
    lines.push(`  with: { ${pairs.join(', ')} }`);
  }
  return lines.map(oneLine);
}

function exampleValue(name: string, property: Json): string {
  if (!isObject(property)) return '...';
  if (property.default !== undefined) return JSON.stringify(property.default);
  if (Array.isArray(property.examples) && property.examples.length > 0)
    return JSON.stringify(property.examples[0]);
  if (Array.isArray(property.enum)) return String(property.enum[0]);
  if (property['x-roux-path'] !== undefined) return './path';
  switch (property.type) {
    case 'integer':
    case 'number':
      return String(property.minimum ?? 1);
    case 'boolean':
      return 'true';
    case 'string':
      return name;
    case 'array':
      return '[...]';
    default:
      return '...';
  }
}

function hasDefault(property: Json): boolean {
  return isObject(property) && property.default !== undefined;
}

function hasSimpleDefault(property: Json): boolean {
  return isObject(property) && ['string', 'number', 'boolean'].includes(typeof property.default);
}

function objectAt(schema: JsonObject, name: string): JsonObject {
  const value = schema[name];
  return isObject(value) ? value : {};
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
