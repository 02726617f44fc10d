/**
 * Trains a model: puts the parts together and runs the loop.
 */
import { createRandom, type Random } from '../data/random.js';
import type { NamedTensors, Variables } from '../runtime/runtime.js';
import { type Checkpoint, readCheckpoint } from './checkpoint.js';
import { createEvaluator, type Evaluator } from './evaluator.js';
import { plainGroups, type TimedGroup, timedGroups } from './optimizer-groups.js';
import { createOptimizer } from './optimizers/index.js';
import { withPenalty } from './penalized-evaluator.js';
import { combinePenalties } from './penalties/quadratic.js';
import { createSchedule, isIndependentOfLength, type Schedule, stepsOf } from './schedules.js';
import { createStepper } from './stepper.js';
import { type TrainStepOptions, trainingVariables } from './train-step.js';
import { TrainingLoop } from './training-loop.js';
import type { TrainingOptions, TrainingResult, TrainingSettings } from './training-options.js';
import { courseOf, NOMINAL_PASSES, planTraining, type TrainingPlan } from './training-plan.js';
import { averagedWeights, withAverages } from './weight-average.js';

/**
 * Trains.
 *
 * The result depends on the data, the settings, the seed and the runtime alone: not on where a training was interrupted
 * and gone on with, nor on time. Throws the signal's reason when it is aborted and a `UserError` when the loss is no
 * number any more.
 */
export async function train(given: TrainingOptions): Promise<TrainingResult> {
  const options = withoutUselessState(given);
  const { settings, objective, trainable } = options;
  const random = createRandom(options.seed).fork('training');
  const plan = planTraining(options);
  const groups = timedGroups(options.groups ?? plainGroups(trainable, settings), plan.stepsPerEpoch);
  const late = groups.filter(({ startStep }) => startStep >= plan.totalSteps);
  if (late.length > 0) options.onMessage?.(neverTrained(late, plan.totalSteps));
  const step: TrainStepOptions = {
    objective,
    trainable,
    groups,
    penalty: combinePenalties(options.penalties, options.weights, trainable),
    optimizer: createOptimizer(settings.optimizer),
    keepsAverage: settings.averageDecay !== undefined,
    maximumGradientNorm: settings.maximumGradientNorm,
  };
  const accumulates = settings.gradientAccumulation > 1 || objective.parts !== undefined;
  const extra = trainingVariables(options.weights, step, accumulates);
  const resumable = [...trainable, ...Object.keys(extra.optimizer)];
  const earlier = await goOnFrom(options, plan, resumable);
  const checkpoint = (await resume(options, resumable)) ?? earlier.checkpoint;
  const unread = new Set(options.unread);
  const variables = options.runtime.createVariables({
    ...Object.fromEntries(Object.entries(options.weights).filter(([name]) => !unread.has(name))),
    ...extra.optimizer,
    ...extra.accumulated,
    ...extra.penalty,
    ...checkpoint?.variables,
  });
  const stepper = createStepper({
    runtime: options.runtime,
    variables,
    step,
    groups,
    data: options.data,
    schedule: scheduleOf(settings, plan.totalSteps),
    learningRate: settings.learningRate,
    ...(settings.averageDecay === undefined ? {} : { averageDecay: settings.averageDecay }),
    accumulates,
    random: random.fork('dropout'),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const evaluator = createValidation(options, variables, random, step);
  try {
    return await new TrainingLoop({
      options,
      plan,
      random,
      variables,
      resumable,
      stepper,
      evaluator,
      checkpoint,
      leavesState: !earlier.wentFurther,
    }).run();
  } finally {
    await stepper.dispose();
    evaluator?.dispose();
    variables.dispose();
  }
}

function neverTrained(late: readonly TimedGroup[], totalSteps: number): string {
  const names = late.flatMap(({ parameters }) => parameters);
  const more = names.length > 1 ? ` and ${names.length - 1} more` : '';
  return `Training ends after ${totalSteps} steps, before these are unfrozen: ${names[0]}${more}.`;
}

function createValidation(
  options: TrainingOptions,
  variables: Variables,
  random: Random,
  { penalty, keepsAverage }: TrainStepOptions,
): Evaluator | undefined {
  if (options.validation === undefined) return undefined;
  const { trainable } = options;
  const evaluator = createEvaluator({
    runtime: options.runtime,
    objective: keepsAverage ? withAverages(options.objective, trainable) : options.objective,
    variables,
    data: options.validation,
    batchSize: options.settings.batchSize,
    maximumLength: options.maximumLength,
    passes: NOMINAL_PASSES,
    denseWeights: options.denseWeights,
    random: random.fork('validation'),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (options.penalties.length === 0) return evaluator;
  const weights = (values: NamedTensors) => (keepsAverage ? averagedWeights(values, trainable) : values);
  return withPenalty(evaluator, { runtime: options.runtime, variables, penalty, weights });
}

function scheduleOf(settings: TrainingSettings, totalSteps: number): Schedule {
  const { schedule, learningRate, cycles, power, finalLearningRate, decay, decayShape } = settings;
  return createSchedule({
    schedule,
    totalSteps,
    warmupSteps: stepsOf(settings.warmup, totalSteps),
    ...(cycles === undefined ? {} : { cycles }),
    ...(power === undefined ? {} : { power }),
    ...(finalLearningRate === undefined ? {} : { finalFactor: finalLearningRate / learningRate }),
    ...(decay === undefined ? {} : { decaySteps: stepsOf(decay, totalSteps, 'decay') }),
    ...(decayShape === undefined ? {} : { decayShape }),
  });
}

async function resume({ checkpoints, onMessage }: TrainingOptions, resumable: readonly string[]) {
  if (checkpoints === undefined) return undefined;
  const checkpoint = await readCheckpoint(checkpoints.folder, resumable, (reason) =>
    onMessage?.(`A checkpoint cannot be used (${reason}); training starts again.`),
  );
  if (checkpoint !== undefined) onMessage?.(`Going on after step ${checkpoint.state.step}.`);
  return checkpoint;
}

/** No state is read or left where the schedule depends on the number of steps. */
function withoutUselessState({ continuation, ...options }: TrainingOptions): TrainingOptions {
  const { schedule, warmup } = options.settings;
  const isUseful = continuation !== undefined && isIndependentOfLength(schedule, warmup);
  return isUseful ? { ...options, continuation } : options;
}

/** The state in which a shorter training ended, where this one goes through it. */
async function goOnFrom(
  { continuation, onMessage }: TrainingOptions,
  plan: TrainingPlan,
  resumable: readonly string[],
): Promise<{ readonly checkpoint?: Checkpoint; readonly wentFurther: boolean }> {
  const none = { wentFurther: false };
  if (continuation?.previous === undefined) return none;
  const anew = (reason: string) => onMessage?.(`Starts anew: ${reason}.`);
  const checkpoint = await readCheckpoint(continuation.previous, resumable, anew);
  if (checkpoint === undefined) return none;
  const { step } = checkpoint.state;
  if (step > plan.totalSteps) {
    anew(`the training before went further, to step ${step}`);
    return { wentFurther: true };
  }
  if (checkpoint.course !== courseOf(plan)) {
    anew('the training before had other batches, or evaluations or rows of the curve at other steps');
    return none;
  }
  onMessage?.(`Going on from the state in which an earlier training ended, after step ${step}.`);
  return { checkpoint, wentFurther: false };
}
