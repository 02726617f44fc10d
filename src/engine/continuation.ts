/**
 * Going on from what an earlier result left: a longer training begins with the state in which a shorter one ended.
 *
 * A stage type declares which of its settings only say how far the work goes. Results whose keys differ in nothing else
 * share one state, stored under a key of its own: the key data without these settings.
 */
import type { AnewRule } from '../plugin/define-stage.js';
import type { CheckedStage } from '../recipe/checked-recipe.js';
import { checkArtifact, publishArtifact, quarantineArtifact } from './artifacts.js';
import { canonicalJson } from './canonical-json.js';
import { type FileDigest, sha256 } from './digests.js';
import type { KeyData } from './key-data.js';
import type { RunReason } from './plan.js';
import { protect } from './protection.js';
import type { ResultRecord } from './result-record.js';
import { readResult, setResultAside, writeResult } from './results.js';
import type { Store } from './store.js';

/** The kind and the output port of stored states. */
const stateName = 'state';

/** The key under which the state is stored; undefined for stages that start anew every time. */
export function continuationKey(stage: CheckedStage, data: KeyData): string | undefined {
  const { continuation } = stage.info;
  if (continuation === undefined) return undefined;
  const settings = Object.entries(data.settings).filter(([name]) => !continuation.extent.includes(name));
  return sha256(canonicalJson({ format: 1, continues: { ...data, settings: Object.fromEntries(settings) } }));
}

/**
 * The folder of the state that an earlier result left, checked byte by byte; undefined where there is none. A damaged one is
 * set aside and `onDamaged` told: the stage starts anew.
 */
export async function findState(
  store: Store,
  key: string,
  onDamaged: (detail: string) => void,
): Promise<string | undefined> {
  const answer = await readResult(store, key);
  if (answer.state === 'damaged') {
    await setResultAside(store, key, answer.detail);
    onDamaged(`${answer.detail}; the stage starts anew`);
  }
  const artifact = answer.state === 'found' ? answer.record.outputs[stateName] : undefined;
  if (artifact === undefined) return undefined;
  await protect(store, [key, artifact.digest]);
  const condition = await checkArtifact(store, artifact, 'contents');
  if (condition.state === 'sound') return store.artifactFolder(artifact.digest);
  if (condition.state === 'damaged') {
    await quarantineArtifact(store, artifact.digest, condition.detail);
    onDamaged(`state: ${condition.detail}; the stage starts anew`);
  }
  return undefined;
}

/** Stores a state in place of the one before. */
export async function storeState(
  store: Store,
  folder: string,
  files: readonly FileDigest[],
  record: Omit<ResultRecord, 'outputs'>,
): Promise<void> {
  const artifact = await publishArtifact(store, folder, stateName, files);
  await writeResult(store, { ...record, outputs: { [stateName]: artifact } });
}

/**
 * What there is to say of a stage that has to run because it is to go further than before (or less far): that it goes on from
 * there, or why it does not. Undefined where something else has changed too.
 */
export async function explainContinuation(
  store: Store,
  stage: CheckedStage,
  before: KeyData,
  data: KeyData,
): Promise<RunReason | undefined> {
  const { continuation } = stage.info;
  const key = continuationKey(stage, data);
  if (continuation === undefined || key === undefined || key !== continuationKey(stage, before))
    return undefined;
  const rule = (continuation.anew ?? []).find((candidate) => applies(candidate, stage));
  if (rule !== undefined) {
    const location = stage.settingLocations[`/${rule.setting}`];
    const value = canonicalJson(stage.settings[rule.setting] ?? null);
    return {
      kind: 'continuation',
      text: `starts anew: with ${rule.setting} ${value} ${rule.because}`,
      ...(location === undefined ? {} : { location }),
    };
  }
  const answer = await readResult(store, key);
  return answer.state === 'found'
    ? { kind: 'continuation', text: 'may go on from the state in which an earlier result ended' }
    : {
        kind: 'continuation',
        text: 'starts anew: the state in which the earlier result ended is not in the store',
      };
}

function applies(rule: AnewRule, { settings }: CheckedStage): boolean {
  const value = settings[rule.setting] ?? null;
  if (rule.between !== undefined) {
    const [low, high] = rule.between;
    return typeof value === 'number' && value > low && value < high;
  }
  return !(rule.unless ?? []).some((allowed) => canonicalJson(allowed) === canonicalJson(value));
}
