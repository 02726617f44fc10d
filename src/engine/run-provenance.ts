/** How the results of a past run came about, told from its record and the store alone: its recipe may have changed since. */
import { dirname, isAbsolute, relative, sep } from 'node:path';
import type { ProvenanceInput, ProvenanceStage } from '../plugin/provenance.js';
import type { Json, JsonObject } from '../plugin/stage-info.js';
import type { RunRecord, RunStageRecord } from './api.js';
import { isObject } from './foreign-data.js';
import { replaceAtPointer } from './json-pointer.js';
import type { ResultRecord } from './result-record.js';
import { readResult } from './results.js';
import type { Store } from './store.js';

/** A stage of a past run that came to a result which is still in the store. */
export interface PastStage {
  readonly record: ResultRecord;
  readonly provenance: ProvenanceStage;
}

/** The stages of a run that have a result, in the order of the recipe. */
export async function readPastStages(store: Store, run: RunRecord): Promise<readonly PastStage[]> {
  const names = run.stages.map(({ name }) => name);
  const stages: PastStage[] = [];
  for (const stage of run.stages) {
    const answer = stage.key === undefined ? undefined : await readResult(store, stage.key);
    if (answer?.state !== 'found') continue;
    const { record } = answer;
    stages.push({ record, provenance: describe(run, stage, record, names) });
  }
  return stages;
}

/** A stage and all before it, each after its inputs. */
export function stagesBehind(name: string, stages: readonly PastStage[]): readonly ProvenanceStage[] {
  const wanted = new Set([name]);
  for (const { provenance } of stages.toReversed()) {
    if (!wanted.has(provenance.name)) continue;
    for (const { stage } of Object.values(provenance.inputs).flat()) wanted.add(stage);
  }
  return stages.map(({ provenance }) => provenance).filter((stage) => wanted.has(stage.name));
}

function describe(
  run: RunRecord,
  stage: RunStageRecord,
  record: ResultRecord,
  names: readonly string[],
): ProvenanceStage {
  const { fingerprint } = record;
  const files = isObject(fingerprint.files) ? fingerprint.files : {};
  const keyInputs = isObject(fingerprint.inputs) ? fingerprint.inputs : {};
  return {
    name: stage.name,
    type: stage.type,
    version: typeof fingerprint.version === 'number' ? fingerprint.version : 0,
    key: record.key,
    settings: withRelativePaths(stage.settings, Object.keys(files), dirname(run.recipe)),
    files: Object.fromEntries(
      Object.entries(files).map(([pointer, contents]) => [pointer, digestIn(contents)]),
    ),
    inputs: Object.fromEntries(
      Object.entries(stage.inputs).map(([port, written]) => {
        const digests = keyInputs[port];
        return [
          port,
          written.map((reference, index) =>
            parseReference(reference, names, digestIn(Array.isArray(digests) ? digests[index] : undefined)),
          ),
        ];
      }),
    ),
    outputs: Object.fromEntries(
      Object.entries(record.outputs).map(([port, { kind, digest, bytes }]) => [
        port,
        { kind, digest, bytes },
      ]),
    ),
    metrics: record.metrics,
    ...(typeof fingerprint.seed === 'number' ? { seed: fingerprint.seed } : {}),
    ...(typeof fingerprint.runtime === 'string' ? { runtime: fingerprint.runtime } : {}),
  };
}

/** 'tokens.test' as the stage and what is taken of it; names of stages may hold dots themselves. */
function parseReference(written: string, names: readonly string[], digest: string): ProvenanceInput {
  const stage = names
    .filter((name) => written === name || written.startsWith(`${name}.`))
    .reduce((longest, name) => (name.length > longest.length ? name : longest), '');
  return { stage, port: written.slice(stage.length + 1), digest };
}

/** Paths of the run's machine, as they look from the recipe. */
function withRelativePaths(
  settings: Readonly<Record<string, unknown>>,
  pointers: readonly string[],
  folder: string,
): JsonObject {
  // Written by the recorder, so it is JSON.
  let shown = settings as JsonObject;
  for (const pointer of pointers) {
    const value = pointer
      .slice(1)
      .split('/')
      .reduce<Json | undefined>((inner, name) => memberOf(inner, name), shown);
    if (typeof value !== 'string' || !isAbsolute(value)) continue;
    shown = replaceAtPointer(shown, pointer, relative(folder, value).split(sep).join('/'));
  }
  return shown;
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  if (Array.isArray(value)) return value[Number(name)];
  return isObject(value) ? (value as JsonObject)[name] : undefined;
}

function digestIn(value: unknown): string {
  return isObject(value) && typeof value.digest === 'string' ? value.digest : '';
}
