/**
 * Artifacts that stages keep on the way: found by what they are made from, not by the key of a whole stage, so that stages
 * which differ in other things share them.
 *
 * Each has a result record of its own under its own key, with one output: it is verified, collected and listed like all
 * others.
 */
import { mkdir } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { CacheEntry } from '../plugin/define-stage.js';
import type { CheckedStage } from '../recipe/checked-recipe.js';
import { checkArtifact, publishArtifact, quarantineArtifact } from './artifacts.js';
import { canonicalJson } from './canonical-json.js';
import { type FileDigest, sha256 } from './digests.js';
import { type Lock, tryLock } from './locks.js';
import { protect } from './protection.js';
import { removeTree } from './remove-tree.js';
import { readResult, setResultAside, touchResult, writeResult } from './results.js';
import { describeFailure } from './stage-failure.js';
import type { Store } from './store.js';
import type { CacheAnswer, CacheQuestion } from './worker/protocol.js';

/** For whom artifacts are kept. */
export interface KeptArtifactsOptions {
  readonly store: Store;
  readonly stage: CheckedStage;
  readonly signal: AbortSignal;
  /** Digests that this run has verified byte by byte already, or made; added to. */
  readonly verified: Set<string>;
  readonly versions: Readonly<Record<string, string>>;
  /** Told of an artifact that was not as it was stored; it is set aside and made again. */
  readonly onDamaged: (detail: string) => void;
}

/** How long until the next look whether another stage has made what is waited for, in milliseconds. */
const pollMs = 100;

/** The engine's side of `StageCache`, for one execution of a stage. */
export class KeptArtifacts {
  private readonly options: KeptArtifactsOptions;
  private readonly making = new Map<string, Making>();
  private readonly asked = new Set<string>();

  constructor(options: KeptArtifactsOptions) {
    this.options = options;
  }

  /** Keys of what was found or made, in the order of asking. */
  get keys(): readonly string[] {
    return [...this.asked];
  }

  /** Answers a question; what the disk refuses is a failure. */
  async answer(question: CacheQuestion): Promise<CacheAnswer> {
    try {
      return question.ask === 'find'
        ? await this.find(question.entry)
        : await this.store(question.key, question.files);
    } catch (error) {
      return { state: 'failed', failure: describeFailure(error, `keeping artifacts of a stage`) };
    }
  }

  /** Gives up what was not finished. */
  async close(): Promise<void> {
    for (const { lock, folder } of this.making.values()) {
      await removeTree(folder);
      await lock.release();
    }
    this.making.clear();
  }

  private async find(entry: CacheEntry): Promise<CacheAnswer> {
    const { store, stage, signal } = this.options;
    const { source } = stage.info;
    const data = {
      format: 1,
      kept: entry.name,
      version: entry.version,
      ...(source.from === 'plugin' ? { plugin: source.digest } : {}),
      data: entry.data,
    };
    const key = sha256(canonicalJson(data));
    this.asked.add(key);
    while (!signal.aborted) {
      const path = await this.lookUp(key);
      if (path !== undefined) return { state: 'found', path };
      const answer = await tryLock(store, key);
      if (answer.state === 'locked') {
        const folder = await store.temporaryPath();
        this.making.set(key, { entry, data, folder, lock: answer.lock, began: performance.now() });
        // Whoever had the lock until now may have left it there.
        const made = await this.lookUp(key);
        if (made === undefined) {
          await mkdir(folder, { recursive: true });
          return { state: 'make', key, folder };
        }
        await this.forget(key);
        return { state: 'found', path: made };
      }
      await wait(pollMs);
    }
    return { state: 'cancelled' };
  }

  private async store(key: string, files: readonly FileDigest[]): Promise<CacheAnswer> {
    const { store, stage, verified, versions } = this.options;
    const making = this.making.get(key);
    if (making === undefined) throw new Error(`Nobody asked for the artifact ${key}`);
    const artifact = await publishArtifact(store, making.folder, making.entry.kind, files);
    verified.add(artifact.digest);
    await writeResult(store, {
      key,
      stageType: stage.info.type,
      fingerprint: making.data,
      outputs: { [making.entry.name]: artifact },
      metrics: {},
      warnings: [],
      durationMs: Math.round(performance.now() - making.began),
      finishedAt: new Date().toISOString(),
      versions,
      logTail: [],
    });
    await this.forget(key);
    return { state: 'found', path: store.artifactFolder(artifact.digest) };
  }

  private async forget(key: string): Promise<void> {
    await this.making.get(key)?.lock.release();
    this.making.delete(key);
  }

  /** The folder of what the store has under a key, checked byte by byte; what is damaged is set aside. */
  private async lookUp(key: string): Promise<string | undefined> {
    const { store, verified, onDamaged } = this.options;
    const answer = await readResult(store, key);
    if (answer.state === 'damaged') {
      await setResultAside(store, key, answer.detail);
      onDamaged(`${answer.detail}; it is made again`);
    }
    if (answer.state !== 'found') return undefined;
    const [artifact] = Object.values(answer.record.outputs);
    if (artifact === undefined) return undefined;
    const { digest } = artifact;
    await protect(store, [key, digest]);
    const condition = verified.has(digest)
      ? ({ state: 'sound' } as const)
      : await checkArtifact(store, artifact, 'contents');
    if (condition.state === 'damaged') {
      await quarantineArtifact(store, digest, condition.detail);
      onDamaged(`${artifact.kind}: ${condition.detail}; it is made again`);
    }
    if (condition.state !== 'sound') return undefined;
    verified.add(digest);
    await touchResult(store, key);
    return store.artifactFolder(digest);
  }
}

interface Making {
  readonly entry: CacheEntry;
  /** What the key is made of. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly folder: string;
  readonly lock: Lock;
  readonly began: number;
}
