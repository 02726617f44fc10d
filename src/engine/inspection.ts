/** What is known of a stage once its inputs are: its key, whether the store has its result, and why it must run. */
import { artifactKinds } from '../artifacts/kinds.js';
import { UserError } from '../artifacts/user-error.js';
import type { CheckedRecipe, CheckedStage, InputReference } from '../recipe/checked-recipe.js';
import { checkArtifact, wasSetAside } from './artifacts.js';
import { mapConcurrently } from './concurrency.js';
import { explainContinuation } from './continuation.js';
import { digestOfFiles, sha256 } from './digests.js';
import { readHistory } from './history.js';
import { type KeyData, type KeyInput, makeKey, makeKeyData, pathsInKey } from './key-data.js';
import { type PathContents, readPathContents } from './path-contents.js';
import type { RunReason } from './plan.js';
import { describeProvenance, type KnownResult } from './provenance.js';
import { explainDifferences } from './reasons.js';
import type { ResultRecord, StoredArtifact } from './result-record.js';
import { readResult } from './results.js';
import type { Store } from './store.js';

/** An input that is in the store. */
export interface ResolvedInput {
  readonly reference: InputReference;
  readonly artifact: StoredArtifact;
  /** Of the part's files where a part is wired. */
  readonly digest: string;
  /** Canonical JSON; only for stage types that show it. */
  readonly provenance?: string;
}

/** Port -> inputs. */
export type ResolvedInputs = Readonly<Record<string, readonly ResolvedInput[]>>;

/** A stage whose inputs are known. */
export interface KeyedStage {
  readonly inputs: ResolvedInputs;
  readonly data: KeyData;
  readonly key: string;
}

/** What the store has under a key. */
export type Lookup =
  | { readonly state: 'hit'; readonly record: ResultRecord }
  /** `record` was there and is no longer of use: artifacts were removed or damaged. */
  | { readonly state: 'missing'; readonly lost: readonly LostArtifact[] };

/** An artifact that should be there and is not, or not as it was. */
export interface LostArtifact {
  /** `record` for the result's record itself. */
  readonly port: string;
  readonly digest?: string;
  readonly damaged: boolean;
  /** It was set aside before, and whoever did that told of it. */
  readonly setAside?: boolean;
  readonly detail: string;
}

/** Contents of files outside the store, read once per run; absolute path -> contents. */
export type PathMemory = Map<string, Promise<PathContents>>;

/** Finds a stage's key. Every stage that it takes inputs from must be in `results`. */
export async function keyStage(
  store: Store,
  recipe: CheckedRecipe,
  stage: CheckedStage,
  results: ReadonlyMap<string, KnownResult>,
  paths: PathMemory,
): Promise<KeyedStage> {
  const inputs: Record<string, readonly ResolvedInput[]> = {};
  for (const [port, references] of Object.entries(stage.inputs)) {
    inputs[port] = references.map((reference) => resolveInput(recipe, stage, reference, results));
  }
  const keyInputs = Object.fromEntries(
    Object.entries(inputs).map(([port, list]) => [port, list.map(inputInKey)]),
  );
  const data = makeKeyData(stage, keyInputs, await readFiles(store, stage, paths));
  return { inputs, data, key: makeKey(data) };
}

/** The contents of a stage's path settings, by JSON pointer. */
export async function readFiles(
  store: Store,
  stage: CheckedStage,
  paths: PathMemory,
): Promise<Readonly<Record<string, PathContents>>> {
  const files: Record<string, PathContents> = {};
  for (const { pointer, absolute, written } of pathsInKey(stage)) {
    const contents = paths.get(absolute) ?? readPathContents(store, absolute, written);
    paths.set(absolute, contents);
    files[pointer] = await contents;
  }
  return files;
}

/** Asks the store for a key: its record, and by their stamps all its artifacts, must be sound. */
export async function lookUp(store: Store, key: string): Promise<Lookup> {
  const answer = await readResult(store, key);
  if (answer.state === 'missing') {
    const damaged = await wasSetAside(store, `result-${key}`);
    const lost = { ...lostRecord('the record of the result was damaged'), setAside: true };
    return { state: 'missing', lost: damaged ? [lost] : [] };
  }
  if (answer.state === 'damaged') return { state: 'missing', lost: [lostRecord(answer.detail)] };
  const outputs = Object.entries(answer.record.outputs);
  const lost = await mapConcurrently(outputs, outputs.length, async ([port, artifact]) => {
    const condition = await checkArtifact(store, artifact, 'stamps');
    if (condition.state === 'sound') return [];
    const { digest } = artifact;
    if (condition.state === 'damaged') return [{ port, digest, damaged: true, detail: condition.detail }];
    const damaged = await wasSetAside(store, `artifact-${digest}`);
    const detail = damaged ? 'it was found damaged and set aside' : 'it is no longer in the store';
    return [{ port, digest, damaged, setAside: damaged, detail }];
  });
  return lost.flat().length === 0
    ? { state: 'hit', record: answer.record }
    : { state: 'missing', lost: lost.flat() };
}

/** Why a stage whose result is not in the store has to run. */
export async function explainRun(
  store: Store,
  recipe: CheckedRecipe,
  stage: CheckedStage,
  keyed: KeyedStage,
  lost: readonly LostArtifact[],
  ranAgain: (stage: string) => boolean,
): Promise<readonly RunReason[]> {
  if (lost.length > 0) {
    return lost.map(({ port, damaged, detail }) => ({
      kind: damaged ? 'damaged' : 'evicted',
      text: `${port}: ${detail}`,
    }));
  }
  const previous = await readHistory(store, recipe, stage);
  if (previous === undefined) return [{ kind: 'first-run', text: 'it has not run before' }];
  const differences = explainDifferences(stage, previous, keyed.data, ranAgain);
  if (differences.length > 0) {
    const continuation = await explainContinuation(store, stage, previous.data, keyed.data);
    return continuation === undefined ? differences : [...differences, continuation];
  }
  return [{ kind: 'evicted', text: 'its result is no longer in the store' }];
}

function resolveInput(
  recipe: CheckedRecipe,
  stage: CheckedStage,
  reference: InputReference,
  results: ReadonlyMap<string, KnownResult>,
): ResolvedInput {
  const artifact = results.get(reference.stage)?.record.outputs[reference.port];
  if (artifact === undefined) {
    throw new Error(`Stage ${reference.stage} has no output ${reference.port} for stage ${stage.name}`);
  }
  const digest = reference.part === undefined ? artifact.digest : digestOfPart(artifact, reference);
  if (stage.info.provenance !== true) return { reference, artifact, digest };
  return { reference, artifact, digest, provenance: describeProvenance(recipe, reference, results) };
}

function digestOfPart(artifact: StoredArtifact, reference: InputReference): string {
  const part = reference.part ?? '';
  const wanted = artifactKinds[artifact.kind]?.parts?.[part] ?? [];
  const files = artifact.files.filter(({ path }) => wanted.includes(path));
  const missing = wanted.filter((path) => !files.some((file) => file.path === path));
  if (wanted.length === 0 || missing.length > 0) {
    throw new UserError({
      message: `${reference.stage} made no part ${part}`,
      code: 'input/part-missing',
      found: `an artifact of kind ${artifact.kind} with ${artifact.files.map(({ path }) => path).join(', ')}`,
      expected: missing.length > 0 ? missing.join(', ') : `a part of the name ${part}`,
      file: reference.location.file,
      line: reference.location.line,
      column: reference.location.column,
    });
  }
  return digestOfFiles(files);
}

function inputInKey({ reference, artifact, digest, provenance }: ResolvedInput): KeyInput {
  return {
    kind: artifact.kind,
    digest,
    ...(reference.part === undefined ? {} : { part: reference.part }),
    ...(provenance === undefined ? {} : { provenance: sha256(provenance) }),
  };
}

function lostRecord(detail: string): LostArtifact {
  return { port: 'record', damaged: true, detail };
}
