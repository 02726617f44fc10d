/** Stage definition -> facts, with everything checked that TypeScript cannot promise of a plugin's module. */
import { failure, type Result, success } from '../diagnostics/result.js';
import type { StageFacts } from './builtin-stages.js';
import type { InputPort, OutputPort, StageDefinition } from './define-stage.js';
import type { JsonObject } from './stage-info.js';

/** Whether a module's export is meant as a stage definition. */
export function looksLikeStage(value: unknown): value is Readonly<Record<string, unknown>> {
  return isRecord(value) && 'type' in value && 'run' in value;
}

/** Whether a value is a stage definition without fault. */
export function isStageDefinition(value: unknown): value is StageDefinition {
  return stageProblems(value).length === 0;
}

/** The facts of a stage definition, or what is wrong with it, one sentence each. */
export function describeStage(value: unknown): Result<StageFacts, readonly string[]> {
  if (!isStageDefinition(value)) return failure(stageProblems(value));
  // Symbols that TypeBox leaves in schemas do not survive JSON.
  const settings: JsonObject = JSON.parse(JSON.stringify({ additionalProperties: false, ...value.settings }));
  return success({
    type: value.type,
    version: value.version,
    summary: value.summary,
    ...(value.description !== undefined && { description: value.description }),
    settings,
    inputs: value.inputs,
    outputs: value.outputs,
    seeded: value.seeded ?? false,
    tensors: value.tensors ?? false,
    threads: value.threads ?? 1,
    keyless: value.keyless ?? [],
    ...(value.sample !== undefined && { sample: value.sample }),
    ...(value.provenance === true && { provenance: true }),
    ...(value.continuation !== undefined && { continuation: value.continuation }),
    ...(value.stopSeconds !== undefined && { stopSeconds: value.stopSeconds }),
  });
}

/** What a stage type may be called. */
export const typePattern = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const portPattern = /^[a-z][a-z0-9_]*$/;

function stageProblems(value: unknown): readonly string[] {
  if (!isRecord(value)) return ['it is no object'];
  const { type, version, summary, description, settings, inputs, outputs, threads, keyless, run } = value;
  const problems: string[] = [];
  const demand = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem);
  };
  demand(typeof type === 'string' && typePattern.test(type), "'type' must be a name in kebab-case");
  demand(
    typeof version === 'number' && Number.isSafeInteger(version) && version >= 1,
    "'version' must be a whole number from 1",
  );
  demand(typeof summary === 'string' && summary !== '', "'summary' must be a line of text");
  demand(description === undefined || typeof description === 'string', "'description' must be a text");
  demand(typeof run === 'function', "'run' must be a function");
  demand(isOptionalBoolean(value.seeded), "'seeded' must be true or false");
  demand(isOptionalBoolean(value.provenance), "'provenance' must be true or false");
  demand(isOptionalBoolean(value.tensors), "'tensors' must be true or false");
  demand(isOptionalSample(value.sample), "'sample' must be a map of settings to numbers, texts or booleans");
  const { stopSeconds } = value;
  demand(
    stopSeconds === undefined || (typeof stopSeconds === 'number' && stopSeconds > 0 && stopSeconds <= 60),
    "'stopSeconds' must be a number up to 60",
  );
  const isThreads =
    threads === undefined || threads === 'all' || (Number.isSafeInteger(threads) && Number(threads) >= 1);
  demand(isThreads, "'threads' must be 'all' or a whole number from 1");
  const properties =
    isRecord(settings) && settings.type === 'object' && isRecord(settings.properties)
      ? settings.properties
      : undefined;
  demand(properties !== undefined, "'settings' must be made with Type.Object({...})");
  const isNames =
    keyless === undefined || (Array.isArray(keyless) && keyless.every((name) => typeof name === 'string'));
  demand(isNames, "'keyless' must be a list of names of settings");
  if (properties && Array.isArray(keyless)) {
    for (const name of keyless) {
      demand(Object.hasOwn(properties, String(name)), `'keyless' names '${name}', which is no setting`);
    }
  }
  if (value.continuation !== undefined) {
    const extent: unknown = isRecord(value.continuation) ? value.continuation.extent : undefined;
    const isKnown = (name: unknown) => properties === undefined || Object.hasOwn(properties, String(name));
    demand(
      Array.isArray(extent) && extent.length > 0 && extent.every(isKnown),
      "'continuation' must name settings in 'extent'",
    );
  }
  problems.push(
    ...portProblems('inputs', inputs, isInputPort),
    ...portProblems('outputs', outputs, isOutputPort),
  );
  return problems;
}

function portProblems(
  section: string,
  ports: unknown,
  isPort: (port: unknown) => boolean,
): readonly string[] {
  if (!isRecord(ports)) return [`'${section}' must be an object of ports`];
  return Object.entries(ports).flatMap(([name, port]) => {
    if (!portPattern.test(name)) return [`the port '${name}' in '${section}' must be named in snake_case`];
    return isPort(port) ? [] : [`the port '${name}' in '${section}' needs a 'kind' and a 'description'`];
  });
}

function isInputPort(port: unknown): port is InputPort {
  if (!isRecord(port) || typeof port.description !== 'string') return false;
  const { kind } = port;
  const isKinds = Array.isArray(kind) && kind.length > 0 && kind.every((name) => typeof name === 'string');
  return (
    (typeof kind === 'string' || isKinds) && isOptionalBoolean(port.optional) && isOptionalBoolean(port.many)
  );
}

function isOutputPort(port: unknown): port is OutputPort {
  return isRecord(port) && typeof port.kind === 'string' && typeof port.description === 'string';
}

function isOptionalBoolean(value: unknown): boolean {
  return value === undefined || typeof value === 'boolean';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOptionalSample(value: unknown): boolean {
  return (
    value === undefined ||
    (isRecord(value) &&
      Object.values(value).every((setting) => ['number', 'string', 'boolean'].includes(typeof setting)))
  );
}
