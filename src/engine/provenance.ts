/** How artifacts came about, for stage types that show it (`provenance: true`). */
import { mkdir } from 'node:fs/promises';
import type { Provenance, ProvenanceStage } from '../plugin/provenance.js';
import type { CheckedRecipe, CheckedStage, InputReference } from '../recipe/checked-recipe.js';
import { canonicalJson } from './canonical-json.js';
import { sha256 } from './digests.js';
import { readFileIfThere, writeFileAtomically } from './file-writing.js';
import { type KeyData, settingsInKey } from './key-data.js';
import type { ResultRecord } from './result-record.js';
import type { Store } from './store.js';

/** A stage's result and what its key was made of. */
export interface KnownResult {
  readonly record: ResultRecord;
  readonly data: KeyData;
}

/** The history of one input, as canonical JSON. All stages behind it must be in `results`. */
export function describeProvenance(
  recipe: CheckedRecipe,
  reference: InputReference,
  results: ReadonlyMap<string, KnownResult>,
): string {
  const needed = new Set([reference.stage]);
  for (const stage of [...recipe.stages].reverse()) {
    if (!needed.has(stage.name)) continue;
    for (const input of Object.values(stage.inputs).flat()) needed.add(input.stage);
  }
  const provenance: Provenance = {
    format: 1,
    stage: reference.stage,
    port: reference.port,
    stages: recipe.stages
      .filter(({ name }) => needed.has(name))
      .map((stage) => {
        const result = results.get(stage.name);
        if (result === undefined) throw new Error(`The result of stage ${stage.name} is not known yet`);
        return describeStage(stage, result);
      }),
  };
  return canonicalJson(provenance);
}

/** The file that holds a provenance; written if it is not there. */
export async function storeProvenance(store: Store, text: string): Promise<string> {
  const digest = sha256(text);
  const path = store.path('provenance', digest.slice(0, 2), `${digest}.json`);
  const stored = await readFileIfThere(path);
  if (stored !== undefined && stored !== text) {
    store.troubles.note('What was noted of how an artifact came about was damaged; it is written again');
  }
  if (stored !== text) {
    await mkdir(store.path('provenance', digest.slice(0, 2)), { recursive: true });
    await writeFileAtomically(path, text, { temporary: await store.temporaryPath(), durable: false });
  }
  return path;
}

function describeStage(stage: CheckedStage, { record, data }: KnownResult): ProvenanceStage {
  return {
    name: stage.name,
    type: data.type,
    version: data.version,
    key: record.key,
    settings: settingsInKey(
      stage,
      (pointer) => stage.paths.find((path) => path.pointer === pointer)?.written ?? null,
    ),
    files: Object.fromEntries(Object.entries(data.files).map(([pointer, { digest }]) => [pointer, digest])),
    inputs: Object.fromEntries(
      Object.entries(stage.inputs).map(([port, references]) => [
        port,
        references.map((reference, index) => ({
          stage: reference.stage,
          port: reference.port,
          ...(reference.part === undefined ? {} : { part: reference.part }),
          digest: data.inputs[port]?.[index]?.digest ?? '',
        })),
      ]),
    ),
    outputs: Object.fromEntries(
      Object.entries(record.outputs).map(([port, { kind, digest, bytes }]) => [
        port,
        { kind, digest, bytes },
      ]),
    ),
    metrics: record.metrics,
    ...(data.seed === undefined ? {} : { seed: data.seed }),
    ...(data.runtime === undefined ? {} : { runtime: data.runtime }),
  };
}
