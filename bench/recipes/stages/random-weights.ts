/** A stage for benchmarks: the same architecture, tokenizer and heads, with nothing learnt. */
import { createRandom, defineStage, loadModel, randomModel, saveModel, Type } from 'roux';

export default defineStage({
  type: 'random-weights',
  version: 1,
  summary: 'A model of the same shape with random weights, to see what the learnt ones are worth',
  settings: Type.Object({}),
  inputs: { model: { kind: 'model', description: 'Gives architecture, task, labels and tokenizer.' } },
  outputs: { model: { kind: 'model', description: 'The same with fresh weights.' } },
  seeded: true,
  async run({ inputs, outputs, seed }) {
    const { model } = await loadModel(inputs.model.path);
    await saveModel(randomModel(model, createRandom(seed).fork('random-weights')), outputs.model.path);
    return { summary: 'random weights' };
  },
});
