/** What the engine and a stage process say to each other: paths, digests and figures, never data. */
import type {
  CacheEntry,
  ContinuationFolders,
  InputArtifact,
  Progress,
  RuntimeChoice,
  StageResult,
} from '../../plugin/define-stage.js';
import type { JsonObject, StageSource } from '../../plugin/stage-info.js';
import type { FileDigest } from '../digests.js';
import type { StageFailure } from '../events.js';

/** Where the code of a stage type is. */
export interface StageCode {
  readonly type: string;
  readonly source: StageSource;
}

/** All that a process needs to run a stage. */
export interface StageTask extends StageCode {
  readonly stage: string;
  readonly settings: JsonObject;
  /** Ports that take one artifact hold a list of at most one here. */
  readonly inputs: Readonly<Record<string, readonly InputArtifact[]>>;
  /** Port -> an empty folder. */
  readonly outputs: Readonly<Record<string, { readonly kind: string; readonly path: string }>>;
  readonly seed: number;
  readonly runtime: Pick<RuntimeChoice, 'name' | 'threads'>;
  /** Where the process may keep compiled functions. */
  readonly functions: string;
  readonly scratch: string;
  readonly continuation?: ContinuationFolders;
  /** How long the stage may take to end when it is cancelled, where that is more than usual. */
  readonly stopSeconds?: number;
}

/** To a stage process. Cancelling also goes over the control pipe, which is read while the stage blocks the event loop. */
export type MessageToWorker =
  | { readonly type: 'run'; readonly id: number; readonly task: StageTask }
  | { readonly type: 'cancel'; readonly id: number }
  /** Code that will be needed; nothing is answered. */
  | { readonly type: 'prepare'; readonly types: readonly StageCode[] }
  | {
      readonly type: 'cache-answer';
      readonly id: number;
      readonly question: number;
      readonly answer: CacheAnswer;
    };

/** From a stage process. */
export type MessageFromWorker =
  | { readonly type: 'progress'; readonly id: number; readonly progress: Progress }
  | {
      readonly type: 'log';
      readonly id: number;
      readonly level: 'info' | 'warning';
      readonly message: string;
    }
  | {
      readonly type: 'cache-question';
      readonly id: number;
      /** Counted up by the process, to tell answers apart. */
      readonly question: number;
      readonly ask: CacheQuestion;
    }
  | { readonly type: 'end'; readonly id: number; readonly end: TaskEnd };

/** What a stage process asks about an artifact that is kept on the way. */
export type CacheQuestion =
  | { readonly ask: 'find'; readonly entry: CacheEntry }
  /** The folder of an answer `make` is filled; its files are read-only and on the disk now. */
  | { readonly ask: 'store'; readonly key: string; readonly files: readonly FileDigest[] };

/** The engine's answer. */
export type CacheAnswer =
  | { readonly state: 'found'; readonly path: string }
  | { readonly state: 'make'; readonly key: string; readonly folder: string }
  | { readonly state: 'failed'; readonly failure: StageFailure }
  | { readonly state: 'cancelled' };

/** How a task ended. */
export type TaskEnd =
  | {
      readonly state: 'done';
      readonly result: StageResult;
      /** Port -> the files in its folder, which are read-only and on the disk now. */
      readonly outputs: Readonly<Record<string, readonly FileDigest[]>>;
      /** The files of the state that the stage left for later runs, likewise. */
      readonly leaves?: readonly FileDigest[];
    }
  | { readonly state: 'failed'; readonly failure: StageFailure }
  | { readonly state: 'cancelled' };

/** The file descriptor of the control pipe in a stage process, after standard streams and the message channel. */
export const controlPipe = 4;
