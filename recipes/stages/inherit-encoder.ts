/**
 * A stage for this repository's own recipes: starts a small encoder from a larger one, in closed form.
 *
 * The hidden states of the teacher's layers are projected on their directions of largest variance, as many as the student
 * has features. Then the student is built from the input up. Each of its linear maps is fitted by least squares to what the
 * teacher computes at that place (queries, keys and values of the heads that matter most, pre-activations of the neurons that
 * matter most, the projected state after each residual connection), given what the student, as far as it stands,
 * computes itself; so later maps make up for what earlier ones lost. A layer of the student may stand for several of the
 * teacher's. In the last layer the first token attends to all tokens alike and is fitted to the embedding of the
 * whole text, from where the pooler takes it.
 *
 * Pruning by reconstruction (He, Zhang and Sun, "Channel pruning for accelerating very deep neural networks", 2017), with the
 * rotation into principal directions of Ashkboos et al., "SliceGPT", 2024.
 */
import {
  createRandom,
  defineStage,
  type Embeddings,
  loadModel,
  loadTokenizer,
  type Model,
  openRuntime,
  openTokens,
  readEmbeddings,
  readTokens,
  saveModel,
  type TokenSplit,
  Type,
  UserError,
} from 'roux';
import { type Shape, StudentBuilder, type Texts } from './student-builder.js';

export default defineStage({
  type: 'inherit-encoder',
  version: 1,
  summary: 'Starts a small encoder from a larger one, map by map, by least squares',
  settings: Type.Object({
    layers: Type.Array(Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 }), {
      minItems: 1,
      description: "For each layer of the student, the teacher's layers that it stands for.",
    }),
    examples: Type.Integer({ default: 600, minimum: 8, description: 'Texts to fit with.' }),
    length: Type.Integer({ default: 40, minimum: 3, description: 'Tokens of each that are read.' }),
  }),
  inputs: {
    teacher: { kind: 'model', description: 'The larger encoder.' },
    student: {
      kind: 'model',
      description: 'A fresh masked language model; heads as large as the teacher has.',
    },
    tokens: {
      kind: 'tokens',
      description: "Texts in the student's tokens, all of which the teacher has, too.",
    },
    embeddings: { kind: 'embeddings', description: 'What the first token is to say of each text.' },
  },
  outputs: { model: { kind: 'model', description: 'The student with weights, pooler included.' } },
  seeded: true,
  tensors: true,
  threads: 'all',
  async run({ settings, inputs, outputs, seed, runtime: choice, signal, log, progress }) {
    const random = createRandom(seed).fork('inherit-encoder');
    const teacher = (await loadModel(inputs.teacher.path, { random })).model;
    const student = (await loadModel(inputs.student.path)).model;
    const shape = studentShape(teacher, student, settings.layers);
    const tokens = await openTokens(inputs.tokens.path);
    const split = await readTokens(tokens, 'train');
    const embeddings = await readEmbeddings(inputs.embeddings.path, 'train');
    const teacherIds = await idsInTeacher(inputs.teacher.path, inputs.student.path);
    const chosen = random
      .fork('examples')
      .shuffle(Int32Array.from({ length: split.examples }, (_, index) => index))
      .slice(0, settings.examples);
    const runtime = await openRuntime(choice.name, { threads: choice.threads });
    try {
      const texts = readTexts(split, chosen, settings.length, teacherIds, embeddings);
      const builder = new StudentBuilder(runtime, teacher, student, shape, texts);
      const variance = await builder.project();
      await builder.embed(teacherIds);
      for (const [layer, sources] of settings.layers.entries()) {
        signal.throwIfAborted();
        await builder.layer(layer, sources, layer === settings.layers.length - 1);
        progress({ done: layer + 1, total: settings.layers.length, unit: 'layers' });
      }
      builder.pooler();
      builder.wordFrequencies(split, new Set(Object.values(tokens.specialTokens)));
      const parts = ['pooler', ...student.parts] as const;
      await saveModel({ ...student, parts, weights: builder.weights() }, outputs.model.path);
      const explained = builder.explained.map((share) => share.toFixed(2)).join(' ');
      log.info(`share of the variance of the teacher's states explained, residual by residual: ${explained}`);
      const cosine = builder.meanCosine();
      return {
        metrics: { variance_share: variance, explained: builder.explained.at(-1) ?? 0, cosine },
        summary: `${(100 * variance).toFixed(1)} % of the variance kept, cosine of the pooler ${cosine.toFixed(3)}`,
      };
    } finally {
      await runtime.dispose();
    }
  },
});

function studentShape(teacher: Model, student: Model, layers: readonly (readonly number[])[]): Shape {
  const field = (model: Model, name: string): number => Number(model.architecture.config.fields[name]);
  const headSize = teacher.architecture.config.hiddenSize / field(teacher, 'num_attention_heads');
  const { hiddenSize } = student.architecture.config;
  const problem =
    hiddenSize / field(student, 'num_attention_heads') !== headSize
      ? `heads of ${hiddenSize / field(student, 'num_attention_heads')} features, the teacher's have ${headSize}`
      : layers.length !== student.architecture.config.layers
        ? `${student.architecture.config.layers} layers, settings for ${layers.length}`
        : layers.flat().some((layer) => layer >= teacher.architecture.config.layers)
          ? `layers of the teacher that it does not have`
          : undefined;
  if (problem !== undefined) {
    throw new UserError({ message: 'the student cannot inherit from this teacher', found: problem });
  }
  return {
    hidden: hiddenSize,
    teacherHidden: teacher.architecture.config.hiddenSize,
    headSize,
    intermediate: field(student, 'intermediate_size'),
  };
}

/** The teacher's id of each of the student's tokens. */
async function idsInTeacher(teacherFolder: string, studentFolder: string): Promise<Int32Array> {
  const [large, small] = [await loadTokenizer(teacherFolder), await loadTokenizer(studentFolder)];
  return Int32Array.from({ length: small.vocabularySize }, (_, id) => {
    const token = small.token(id) ?? '';
    const known = large.id(token);
    if (known === undefined) {
      throw new UserError({ message: `the teacher does not have the student's token '${token}'` });
    }
    return known;
  });
}

function readTexts(
  split: TokenSplit,
  examples: Int32Array,
  length: number,
  teacherIds: Int32Array,
  { size, values }: Embeddings,
): Texts {
  const batch = examples.length;
  const studentIds = new Int32Array(batch * length);
  const mask = new Float32Array(batch * length);
  const embeddings = new Float32Array(batch * size);
  examples.forEach((example, row) => {
    const ids = split.inputIds
      .subarray(split.offsets[example], split.offsets[example + 1])
      .subarray(0, length);
    studentIds.set(ids, row * length);
    mask.fill(1, row * length, row * length + ids.length);
    const target = values.subarray(example * size, (example + 1) * size);
    const norm = Math.hypot(...target) || 1;
    embeddings.set(
      target.map((value) => value / norm),
      row * size,
    );
  });
  return {
    batch,
    length,
    studentIds,
    teacherIds: studentIds.map((id) => teacherIds[id] ?? 0),
    mask,
    embeddings,
  };
}
