/** A model in memory, and its way from and to the folder of a `model` artifact. */
import { openModelFolder, openWeights, type StoredWeights, writeModelFolder } from '../artifacts/model.js';
import { UserError } from '../artifacts/user-error.js';
import type { Random } from '../data/random.js';
import type { JsonFields, JsonRecord } from '../formats/json.js';
import { type StoredTensor, toFloat32 } from '../formats/safetensors.js';
import type { HostTensor, NamedHostTensors } from '../runtime/runtime.js';
import {
  type Architecture,
  type ModelPart,
  type ModelTask,
  modelTasks,
  type Parameter,
} from './architecture.js';
import { createArchitecture, withConfigFields } from './families.js';
import { initializeParameter } from './initialize.js';
import { genericLabels, labelFields } from './labels.js';

/** A model. */
export interface Model {
  readonly architecture: Architecture;
  readonly task: ModelTask;
  /** The parts beside the encoder that it has; those of its task, and others that it was read with. */
  readonly parts: readonly ModelPart[];
  /** All weights by parameter name, float32. */
  readonly weights: NamedHostTensors;
  /** Names of the weights that training leaves as they are. */
  readonly frozen: readonly string[];
  /** The folder with its tokenizer; null where it has none. */
  readonly tokenizer: string | null;
  /** The settings that it was last trained with, snake_case; absent where roux did not train it. */
  readonly training?: JsonRecord | undefined;
  /** Tokens at which the texts that it was last trained on were cut off; absent where roux did not train it. */
  readonly maximumTrainedLength?: number | undefined;
}

/** How a folder is read. */
export interface LoadModelOptions {
  /** Default: the task that the folder was made for. */
  readonly task?: ModelTask;
  /** Names of the classes; default: those of the folder. */
  readonly labels?: readonly string[];
  /** For the weights of parts that the task needs and the folder lacks; without it, lacking them is a `UserError`. */
  readonly random?: Random;
}

/** A model that was read, and what there is to say about it. */
export interface LoadedModel {
  readonly model: Model;
  /** Parts that were not in the folder and start with random weights. */
  readonly fresh: readonly ModelPart[];
  /** Tensors of the folder that belong to nothing that roux knows. */
  readonly ignored: readonly string[];
}

/** What is known of a model without reading its weights. */
export interface ModelDescription {
  readonly architecture: Architecture;
  readonly task: ModelTask;
  /** The parts beside the encoder that the folder has weights of. */
  readonly parts: readonly ModelPart[];
  readonly frozen: readonly string[];
}

const allParts: readonly ModelPart[] = ['pooler', 'sequence-classification', 'masked-language-modeling'];

/**
 * Reads a model folder.
 *
 * A tensor that is missing or has another shape than the configuration says is a `UserError` that names it. The
 * classifier of other classes than `labels` is replaced by a fresh one.
 */
export async function loadModel(path: string, options: LoadModelOptions = {}): Promise<LoadedModel> {
  const folder = await openModelFolder(path);
  const stored = createArchitecture(folder.config);
  const task = options.task ?? folderTask(folder.notes.task, folder.config);
  requireSupportedProblem(task, folder.config);
  const labels = options.labels ?? stored.config.labels;
  const architecture = withConfigFields(stored, labelFields(labels));
  const weights = await openWeights(path);
  try {
    const names = presentNames(weights, stored);
    const keepsClassifier = sameClasses(stored.config.labels, labels);
    const parts = storedParts(stored, names).filter(
      (part) => part !== 'sequence-classification' || keepsClassifier,
    );
    const fresh = architecture.partsOf(task).filter((part) => !parts.includes(part));
    const { random } = options;
    const values: Record<string, HostTensor> = {};
    for (const parameter of architecture.parameters(parts)) {
      values[parameter.name] = await readParameter(path, weights, names, parameter);
    }
    for (const parameter of freshParameters(architecture, fresh)) {
      if (random === undefined) throw missingTensor(path, parameter);
      values[parameter.name] = initializeParameter(parameter, architecture.config.initializerRange, random);
    }
    const known = new Set(stored.parameters(allParts).map((parameter) => parameter.name));
    const ignored = [...names].filter(([name]) => !known.has(name)).map(([, storedName]) => storedName);
    return {
      model: {
        architecture,
        task,
        parts: allParts.filter((part) => parts.includes(part) || fresh.includes(part)),
        weights: values,
        frozen: folder.notes.frozen.filter((name) => values[name] !== undefined),
        tokenizer: path,
        training: folder.notes.training,
        maximumTrainedLength: folder.notes.maximumTrainedLength,
      },
      fresh,
      ignored,
    };
  } finally {
    await weights.close();
  }
}

/** Reads what is to be known of a model folder, without its weights. */
export async function describeModel(path: string): Promise<ModelDescription> {
  const folder = await openModelFolder(path);
  const architecture = createArchitecture(folder.config);
  const weights = await openWeights(path);
  try {
    return {
      architecture,
      task: folderTask(folder.notes.task, folder.config),
      parts: storedParts(architecture, presentNames(weights, architecture)),
      frozen: folder.notes.frozen,
    };
  } finally {
    await weights.close();
  }
}

/** A model with random weights. */
export function createModel(
  config: JsonFields,
  options: {
    readonly task: ModelTask;
    readonly labels?: readonly string[] | undefined;
    readonly random: Random;
    readonly tokenizer: string | null;
  },
): Model {
  const { task, labels, random, tokenizer } = options;
  const described = createArchitecture(config);
  const architecture = labels === undefined ? described : withConfigFields(described, labelFields(labels));
  const parts = architecture.partsOf(task);
  return randomModel({ architecture, task, parts, weights: {}, frozen: [], tokenizer }, random);
}

/** The same model with random weights in all its parts. */
export function randomModel(model: Model, random: Random): Model {
  const { initializerRange } = model.architecture.config;
  const weights = Object.fromEntries(
    modelParameters(model).map((parameter) => [
      parameter.name,
      initializeParameter(parameter, initializerRange, random),
    ]),
  );
  return { ...model, weights };
}

/** Writes a model into an empty folder, with its tokenizer. */
export async function saveModel(model: Model, path: string): Promise<void> {
  await writeModelFolder(path, {
    config: configFields(model),
    weights: storedWeights(model.weights),
    notes: {
      task: model.task,
      frozen: model.frozen,
      training: model.training,
      maximumTrainedLength: model.maximumTrainedLength,
    },
    tokenizer: model.tokenizer,
  });
}

/** All parameters of a model. */
export function modelParameters(model: Pick<Model, 'architecture' | 'parts'>): readonly Parameter[] {
  return model.architecture.parameters(model.parts);
}

/** The parameters that a model's task computes with. */
export function taskParameters(model: Pick<Model, 'architecture' | 'task'>): readonly Parameter[] {
  return model.architecture.parameters(model.architecture.partsOf(model.task));
}

/** The weights of some parameters; a missing one is a bug. */
export function weightsOf(model: Model, parameters: readonly Parameter[]): NamedHostTensors {
  return Object.fromEntries(
    parameters.map(({ name }) => {
      const weight = model.weights[name];
      if (weight === undefined) throw new Error(`the model has no weight ${name}`);
      return [name, weight];
    }),
  );
}

/** The fields of `config.json` for a model as it stands: its class, its labels, nothing of the machine. */
export function configFields(model: Model): JsonRecord {
  const { architecture, task, parts } = model;
  const {
    _name_or_path: _path,
    torch_dtype: _dtype,
    num_labels: _labels,
    problem_type: _problem,
    id2label: _byId,
    label2id: _byLabel,
    ...rest
  } = architecture.config.fields;
  const classifies = parts.includes('sequence-classification');
  return {
    ...rest,
    architectures: [architecture.architectureName(task)],
    dtype: 'float32',
    ...(classifies ? labelFields(architecture.config.labels) : {}),
    ...(task === 'sequence-classification' ? { problem_type: 'single_label_classification' } : {}),
  };
}

/** Weights as a safetensors file holds them. */
export function storedWeights(weights: NamedHostTensors): Record<string, StoredTensor> {
  return Object.fromEntries(
    Object.entries(weights).map(([name, tensor]) => {
      if (tensor.dtype !== 'float32') throw new Error(`the weight ${name} is not float32`);
      return [name, { dtype: 'F32', shape: tensor.shape, data: tensor.data } as const];
    }),
  );
}

function folderTask(noted: string | null, config: JsonFields): ModelTask {
  const task = modelTasks.find((name) => name === noted);
  if (task !== undefined) return task;
  const architectures = config.raw('architectures');
  const name = Array.isArray(architectures) ? String(architectures[0]) : '';
  if (name.endsWith('ForSequenceClassification')) return 'sequence-classification';
  if (name.endsWith('ForMaskedLM') || name.endsWith('ForPreTraining')) return 'masked-language-modeling';
  throw new UserError({
    code: 'model/task',
    message: `${config.file} does not say what the model is made for`,
    found: name === '' ? 'no architectures' : name,
    expected: modelTasks.join(' or '),
    help: 'Name the task: a load-model stage has the setting `task`.',
    file: config.file,
  });
}

function requireSupportedProblem(task: ModelTask, config: JsonFields): void {
  const problem = config.string('problem_type', 'single_label_classification');
  if (task === 'sequence-classification' && problem !== 'single_label_classification') {
    throw config.wrong('problem_type', 'single_label_classification');
  }
}

/** Parameter name -> name in the file. */
function presentNames(weights: StoredWeights, architecture: Architecture): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const storedName of weights.entries.keys()) {
    const name = architecture.parameterName(storedName);
    if (name !== null) names.set(name, storedName);
  }
  return names;
}

/** The parts of which at least one tensor is there; that all of them are is checked when they are read. */
function storedParts(architecture: Architecture, names: ReadonlyMap<string, string>): readonly ModelPart[] {
  return allParts.filter((part) =>
    freshParameters(architecture, [part]).some((parameter) => names.has(parameter.name)),
  );
}

/** The parameters of parts alone, without the encoder's. */
function freshParameters(architecture: Architecture, parts: readonly ModelPart[]): readonly Parameter[] {
  const encoder = new Set(architecture.parameters([]).map((parameter) => parameter.name));
  return architecture.parameters(parts).filter((parameter) => !encoder.has(parameter.name));
}

/** The classifier's rows mean these classes, or nobody said what they mean. */
function sameClasses(stored: readonly string[], wanted: readonly string[]): boolean {
  if (stored.length !== wanted.length) return false;
  const generic = genericLabels(stored.length);
  return (
    stored.every((label, index) => label === wanted[index]) ||
    stored.every((label, index) => label === generic[index])
  );
}

async function readParameter(
  path: string,
  weights: StoredWeights,
  names: ReadonlyMap<string, string>,
  parameter: Parameter,
): Promise<HostTensor> {
  const { name, shape } = parameter;
  const storedName = names.get(name);
  if (storedName === undefined) throw missingTensor(path, parameter);
  const entry = weights.entries.get(storedName);
  if (`${entry?.shape}` !== `${shape}`) {
    throw new UserError({
      code: 'model/shape',
      message: `the tensor '${storedName}' of ${path} does not fit its config.json`,
      found: `shape [${entry?.shape.join(', ')}]`,
      expected: `shape [${shape.join(', ')}]`,
      help: 'config.json and model.safetensors belong to different models, or one was changed.',
      file: path,
    });
  }
  const data = toFloat32(await weights.read(storedName), `the tensor '${storedName}' of ${path}`);
  return { dtype: 'float32', shape, data };
}

function missingTensor(path: string, { name, shape }: Parameter): UserError {
  return new UserError({
    code: 'model/missing-tensor',
    message: `the model folder ${path} lacks the tensor '${name}'`,
    expected: `${name} of shape [${shape.join(', ')}]`,
    found: 'no tensor of this name',
    help: 'The weights are incomplete, or belong to another model than config.json describes.',
    file: path,
  });
}
