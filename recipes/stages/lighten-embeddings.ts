/**
 * A stage for this repository's own recipes: the same model with smaller embeddings, from which words are learnt faster.
 *
 * Adam moves every weight by about the learning rate, whatever its size. Embeddings of a teacher are several times larger than
 * those of a fresh model, and a fine-tuning with the same rate changes what they say by so much less.
 */
import { createRandom, defineStage, loadModel, saveModel, Type } from 'roux';
import { lightened } from './lightened.js';

export default defineStage({
  type: 'lighten-embeddings',
  version: 1,
  summary: 'Makes embeddings smaller without changing what the model computes',
  settings: Type.Object({
    deviation: Type.Number({
      default: 0.02,
      exclusiveMinimum: 0,
      description:
        "How far word embeddings are to deviate from 0 (root mean square); a fresh BERT's do 0.02.",
    }),
  }),
  inputs: { model: { kind: 'model', description: 'A masked language model.' } },
  outputs: { model: { kind: 'model', description: 'The same with smaller embeddings.' } },
  async run({ settings, inputs, outputs }) {
    const { model } = await loadModel(inputs.model.path, { random: createRandom(0) });
    const { weights, factor } = lightened(model.weights, settings.deviation);
    await saveModel({ ...model, weights }, outputs.model.path);
    return { metrics: { factor }, summary: `embeddings multiplied by ${factor.toFixed(3)}` };
  },
});
