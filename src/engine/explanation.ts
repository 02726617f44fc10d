/** Why a stage runs, or does not have to: what `explainStage` tells. */
import type { RunReason } from './plan.js';

/** One stage, explained, with the stages that are behind it. */
export interface StageExplanation {
  readonly stage: string;
  readonly type: string;
  /** `waiting`: a stage that it needs has to run first; it may still turn out to be a hit. */
  readonly state: 'hit' | 'run' | 'waiting';
  /** Known unless the stage waits. */
  readonly key?: string;
  /**
   * With what `reasons` compare. `last`: the stage's last result. `before-last`: the result before the one that is there, so
   * they tell why that was made. `none`: there is no other result, or it is not known.
   */
  readonly comparedWith: 'last' | 'before-last' | 'none';
  /** What differs, the contents of files looked into. Of a waiting stage: as far as it can be told. */
  readonly reasons: readonly RunReason[];
  /** What is the same as in the result that it is compared with; for a hit: everything that makes the key. */
  readonly equal: readonly KeyPart[];
  /** Of a hit: where the result comes from. */
  readonly origin?: ResultOrigin;
  /** Of a waiting stage. */
  readonly waitsFor: readonly string[];
  /** The stages whose results changed or are to be made, each once; only those that `reasons` or `waitsFor` name. */
  readonly causes: readonly StageExplanation[];
}

/** One thing in a key that is as it was. */
export interface KeyPart {
  readonly part: 'code' | 'settings' | 'file' | 'input' | 'seed' | 'runtime';
  /** 'train version 4', '11 settings', 'data/mail.tsv', 'model: base', 'seed 13'. */
  readonly text: string;
  /** Of a file or input. */
  readonly digest?: string;
}

/** Who made a result. */
export interface ResultOrigin {
  /** Absent when the run's record is gone. */
  readonly run?: string;
  /** Absolute path of that run's recipe. */
  readonly recipe?: string;
  /** The stage's name there. */
  readonly stage?: string;
  /** ISO 8601. */
  readonly finishedAt: string;
  readonly durationMs: number;
}

/** What everything goes back to: the reasons in the tree that do not only point at another stage, each once. */
export function rootCauses(
  explanation: StageExplanation,
): readonly { readonly stage: string; readonly reason: RunReason }[] {
  const explained = flatten(explanation);
  const names = new Set(explained.map(({ stage }) => stage));
  return explained.flatMap(({ stage, reasons }) =>
    reasons
      .filter((reason) => reason.stage === undefined || !names.has(reason.stage))
      .map((reason) => ({ stage, reason })),
  );
}

function flatten(explanation: StageExplanation): readonly StageExplanation[] {
  return [explanation, ...explanation.causes.flatMap(flatten)];
}
