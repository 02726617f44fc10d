/**
 * What training takes and what it gives back.
 */
import type { NamedHostTensors, Runtime } from '../runtime/runtime.js';
import type { BestOptions } from './best.js';
import type { StepFigures } from './checkpoint.js';
import type { CurveRow } from './curve.js';
import type { CurveLog } from './logs/curve-log.js';
import type { EvaluationMetrics, Objective, ObjectiveData } from './objective.js';
import type { OptimizerGroup } from './optimizer-groups.js';
import type { OptimizerOptions } from './optimizers/index.js';
import type { QuadraticPenalty } from './penalties/quadratic.js';
import type { DecayShape, ScheduleName } from './schedules.js';

/** How to train. */
export interface TrainingSettings {
  /** Passes over the data; a fraction ends within one. */
  readonly epochs: number;
  /** Updates of the weights; when given, `epochs` is of no account. */
  readonly maximumSteps?: number;
  /** Examples of one batch. */
  readonly batchSize: number;
  /** Instead of `batchSize`: padded tokens of one batch, so that batches of short examples have more of them. */
  readonly batchTokens?: number;
  /** Batches that make up one update. */
  readonly gradientAccumulation: number;
  readonly learningRate: number;
  readonly schedule: ScheduleName;
  /** A ratio of all steps below 1, or a number of steps. */
  readonly warmup: number;
  /** Cosine with restarts: times that the cosine is run through. */
  readonly cycles?: number;
  /** Polynomial schedule: its degree. */
  readonly power?: number;
  /** Where cosine, polynomial and warmup-stable-decay schedules end. */
  readonly finalLearningRate?: number;
  /** Warmup-stable-decay: the falling part, as a ratio or a number of steps. */
  readonly decay?: number;
  readonly decayShape?: DecayShape;
  readonly optimizer: OptimizerOptions;
  /** Of weights, not of biases and LayerNorm. */
  readonly weightDecay: number;
  /** Decay of a moving average of the weights, in (0, 1); the average is what is evaluated and comes out. */
  readonly averageDecay?: number;
  /** 0 for no clipping. */
  readonly maximumGradientNorm: number;
  /** Steps from one evaluation to the next; once an epoch when absent. There is always one after the last step. */
  readonly evaluateEvery?: number;
  /** How evaluations are compared, and when to stop. */
  readonly best: BestOptions;
  /** Which weights come out: those of the best evaluation or the last ones. */
  readonly keep: 'best' | 'last';
  /** Steps from one row of the curve to the next; about 500 rows in all when absent. */
  readonly logEvery?: number;
}

/** Everything that training needs. */
export interface TrainingOptions {
  readonly runtime: Runtime;
  readonly objective: Objective;
  /** All parameters of the model. */
  readonly weights: NamedHostTensors;
  /** Names of those that the objective does not read: they are not held by the runtime. */
  readonly unread?: readonly string[];
  /** Names of those that are trained. */
  readonly trainable: readonly string[];
  /** The same parameters with their rates; default: those of the settings for all. */
  readonly groups?: readonly OptimizerGroup[];
  readonly data: ObjectiveData;
  /** Held-out data; without it there is no evaluation and the last weights come out. */
  readonly validation?: ObjectiveData;
  readonly penalties: readonly QuadraticPenalty[];
  readonly settings: TrainingSettings;
  /** The longest sequence that the model takes. */
  readonly maximumLength: number;
  /** Parameters that multiply every token (all but embeddings); decides how many padded lengths are compiled for. */
  readonly denseWeights: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  /** Where to keep checkpoints and how often to write one; a checkpoint found there is gone on from. */
  readonly checkpoints?: { readonly folder: string; readonly everySeconds: number };
  /**
   * The folder with the state in which a shorter training of the same settings ended (`previous`), and an empty one for the
   * state in which this one ends.
   */
  readonly continuation?: { readonly previous?: string; readonly state: string };
  /** Seconds that pass; decides when to write checkpoints and how fast training is said to be, never a result. */
  readonly clock: () => number;
  /** Where rows of the curve go as they come. `train` starts it; who made it ends it. */
  readonly log?: CurveLog;
  readonly onProgress?: (progress: TrainingProgress) => void;
  readonly onMessage?: (message: string) => void;
}

/** How far training is. */
export interface TrainingProgress {
  readonly step: number;
  readonly totalSteps: number;
  /** Figures of the last update. */
  readonly figures: StepFigures;
  /** Tokens that are not padding, over the last updates; without compiling and evaluating. */
  readonly tokensPerSecond: number;
  /** Figures of the last evaluation. */
  readonly validation?: EvaluationMetrics;
}

/** What training gives. */
export interface TrainingResult {
  /** New values of the trained parameters. */
  readonly weights: NamedHostTensors;
  readonly curve: readonly CurveRow[];
  /** Updates done. */
  readonly steps: number;
  /** Mean loss of the last epoch, without penalties. */
  readonly trainingLoss: number;
  /** The update whose weights came out. */
  readonly keptStep: number;
  /** Figures of the weights that came out; absent without validation data. */
  readonly validation?: EvaluationMetrics;
  readonly stoppedEarly: boolean;
}
