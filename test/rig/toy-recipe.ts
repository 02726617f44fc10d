/** Recipes of toy stages, in the form in which the checker hands recipes to the engine; small enough to send as JSON. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { JsonObject, StageInfo } from '../../src/plugin/stage-info.js';
import type {
  CheckedRecipe,
  CheckedStage,
  Expectation,
  SourceLocation,
} from '../../src/recipe/checked-recipe.js';
import type { RuntimeName } from '../../src/runtime/runtime.js';
import { toyStages } from './toy-stages.js';

/** A stage of a toy recipe. */
export interface ToyStage {
  readonly uses: keyof typeof toyStages;
  readonly with?: JsonObject;
  /** Stages whose texts it takes: `name`, or `name.part`. */
  readonly files?: readonly string[];
  readonly expect?: readonly Pick<Expectation, 'metric' | 'operator' | 'value'>[];
  readonly seed?: number;
  readonly runtime?: RuntimeName;
  /** Threads to claim instead of the type's. */
  readonly threads?: number | 'all';
  readonly version?: number;
  /** How long it may take to stop when it is cancelled, before its process is ended; default: the pool's grace. */
  readonly stopSeconds?: number;
}

/** Stages by name, each after its inputs. */
export type ToyRecipe = Readonly<Record<string, ToyStage>>;

/** Makes a checked recipe. `folder` is the project's, `module` the compiled `toy-stages.js`. */
export function checkToyRecipe(recipe: ToyRecipe, folder: string, module: string): CheckedRecipe {
  const file = join(folder, 'recipe.yaml');
  const digest = createHash('sha256').update(readFileSync(module)).digest('hex');
  const stages = Object.entries(recipe).map(([name, toy], index): CheckedStage => {
    const location: SourceLocation = {
      file,
      line: 10 * index + 3,
      column: 3,
      offset: 0,
      length: name.length,
    };
    const definition = toyStages[toy.uses];
    const path = toy.with?.path;
    const absolute = typeof path === 'string' ? (isAbsolute(path) ? path : join(folder, path)) : '';
    const info: StageInfo = {
      type: definition.type,
      version: toy.version ?? definition.version,
      summary: definition.summary,
      settings: {},
      inputs: definition.inputs,
      outputs: definition.outputs,
      seeded: 'seeded' in definition ? (definition.seeded ?? false) : false,
      tensors: 'tensors' in definition ? (definition.tensors ?? false) : false,
      threads: toy.threads ?? definition.threads ?? 1,
      keyless: definition.keyless ?? [],
      provenance: definition.provenance ?? false,
      ...('continuation' in definition && definition.continuation !== undefined
        ? { continuation: definition.continuation }
        : {}),
      ...(toy.stopSeconds === undefined ? {} : { stopSeconds: toy.stopSeconds }),
      source: { from: 'plugin', file: module, module, digest },
      validate: () => [],
    };
    return {
      name,
      info,
      settings: typeof path === 'string' ? { ...toy.with, path: absolute } : (toy.with ?? {}),
      paths: typeof path === 'string' ? [{ pointer: '/path', absolute, written: path, location }] : [],
      inputs:
        toy.files === undefined
          ? {}
          : {
              files: toy.files.map((written) => {
                const [stage = '', part] = written.split('.');
                const reference = { stage, port: 'out', written, location };
                return part === undefined ? reference : { ...reference, part };
              }),
            },
      expect: (toy.expect ?? []).map((expectation) => ({ ...expectation, location })),
      seed: toy.seed ?? 0,
      runtime: toy.runtime ?? 'cpu',
      threads: typeof toy.threads === 'number' ? toy.threads : 2,
      location,
      settingLocations: Object.fromEntries(
        Object.keys(toy.with ?? {}).map((setting, line) => [
          `/${setting}`,
          { ...location, line: location.line + 2 + line },
        ]),
      ),
    };
  });
  return { file, name: 'toys', stages, files: [file] };
}
