/** Keys: the hash of everything that can change what a stage makes. */
import type { Json, JsonObject } from '../plugin/stage-info.js';
import type { CheckedStage } from '../recipe/checked-recipe.js';
import { runtimeFingerprint } from '../runtime/fingerprint.js';
import { canonicalJson } from './canonical-json.js';
import { sha256 } from './digests.js';
import { replaceAtPointer } from './json-pointer.js';
import type { PathContents } from './path-contents.js';

/** What a key is made of. A field is here only if its value can change an artifact's bytes. */
export interface KeyData {
  /** How keys and artifacts are made; raised when that changes, since old results could then not be compared. */
  readonly format: 1;
  /** The code that runs: which stage type. */
  readonly type: string;
  /** The code that runs: raised by its author when results change. */
  readonly version: number;
  /** The code that runs, for plugins: SHA-256 of the bundled source, since their authors edit without counting versions. */
  readonly plugin?: string;
  /**
   * Settings after parameters and defaults. Paths are replaced by `null` (their contents are in `files`), and settings
   * declared as changing no result are left out.
   */
  readonly settings: JsonObject;
  /** JSON pointer of a path setting -> what is in the file or folder; not its name, so that moving it changes nothing. */
  readonly files: Readonly<Record<string, PathContents>>;
  /** Port -> what flows in, by content, so that a stage that ran again and made the same bytes changes nothing here. */
  readonly inputs: Readonly<Record<string, readonly KeyInput[]>>;
  /** Only for stages that draw random numbers. */
  readonly seed?: number;
  /** Library, version, provider and threads, which decide the last bits of sums; only for stages that compute with tensors. */
  readonly runtime?: Json;
}

/** One input in a key. */
export interface KeyInput {
  readonly kind: string;
  /** Of the files that are wired: those of the part, or all. */
  readonly digest: string;
  /** The stage is told which part it has, so it can act on it. */
  readonly part?: string;
  /** SHA-256 of the input's provenance; only for stages that show it. */
  readonly provenance?: string;
}

/** Puts together what a stage's key is made of. `files` has an entry for every path setting. */
export function makeKeyData(
  stage: CheckedStage,
  inputs: Readonly<Record<string, readonly KeyInput[]>>,
  files: Readonly<Record<string, PathContents>>,
): KeyData {
  const { info } = stage;
  return {
    format: 1,
    type: info.type,
    version: info.version,
    ...(info.source.from === 'plugin' ? { plugin: info.source.digest } : {}),
    settings: settingsInKey(stage),
    files,
    inputs,
    ...(info.seeded ? { seed: stage.seed } : {}),
    ...(info.tensors ? { runtime: runtimeFingerprint(stage.runtime, stage.threads) } : {}),
  };
}

/** The key of a result: hexadecimal SHA-256 of the canonical JSON. */
export function makeKey(data: KeyData): string {
  return sha256(canonicalJson(data));
}

/** A stage's settings without the keyless ones, paths replaced by `path(pointer)` (`null` by default). */
export function settingsInKey(stage: CheckedStage, path: (pointer: string) => Json = () => null): JsonObject {
  let settings: JsonObject = Object.fromEntries(
    Object.entries(stage.settings).filter(([name]) => !stage.info.keyless.includes(name)),
  );
  for (const { pointer } of pathsInKey(stage)) settings = replaceAtPointer(settings, pointer, path(pointer));
  return settings;
}

/** A stage's path settings, without those that are keyless. */
export function pathsInKey(stage: CheckedStage): CheckedStage['paths'] {
  return stage.paths.filter(
    ({ pointer }) =>
      !stage.info.keyless.some((name) => pointer === `/${name}` || pointer.startsWith(`/${name}/`)),
  );
}
