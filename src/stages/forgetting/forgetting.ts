import { Type } from '@sinclair/typebox';
import { definedMetrics, writeMetrics } from '../../artifacts/metrics.js';
import { UserError } from '../../artifacts/user-error.js';
import { createRandom } from '../../data/random.js';
import { loadModel } from '../../models/model.js';
import { defineStage } from '../../plugin/define-stage.js';
import { openRuntime } from '../../runtime/open-runtime.js';
import { languageModelFigures } from '../evaluate/figures.js';
import { openTokensFor, withModelClasses } from '../evaluate/inputs.js';
import { hasLabels, measureClassifier, measureLanguageModel } from '../evaluate/measure.js';
import { BatchTokensSetting, MaskProbabilitySetting, SplitSetting } from '../evaluate/settings.js';
import { drawExamples } from './draw-examples.js';
import { beforeAndAfter } from './figures.js';
import { withHeadOf } from './previous-head.js';

export default defineStage({
  type: 'forgetting',
  version: 1,
  summary: 'Measures what a model has forgotten of its previous task',
  description: `Measures the previous task twice on the same data: with the model as it was before, and with the encoder as it is after
training on something else, under the head that it had before. The previous task is that of \`before\`: masked language
modelling (loss, perplexity, share of hidden tokens guessed right; the seed decides which tokens are hidden, the same ones both
times) or classification (loss, accuracy, macro F1).

\`forgetting\` is how much the loss has risen.`,
  settings: Type.Object(
    {
      split: SplitSetting,
      limit: Type.Optional(
        Type.Integer({
          minimum: 1,
          description: 'Measure so many examples, drawn by the seed, the same ones both times. Default: all.',
        }),
      ),
      batch_tokens: BatchTokensSetting,
      mask_probability: MaskProbabilitySetting,
    },
    { additionalProperties: false },
  ),
  inputs: {
    before: { kind: 'model', description: 'The model as it was: its task is measured, with its head.' },
    after: { kind: 'model', description: 'The model that was trained further: its encoder is measured.' },
    tokens: { kind: 'tokens', description: "The previous task's data: `old_tokens.test`." },
  },
  outputs: { metrics: { kind: 'metrics', description: 'Figures before and after, and their differences.' } },
  seeded: true,
  tensors: true,
  threads: 'all',
  async run({ settings, inputs, outputs, seed, runtime: choice, signal, log, progress }) {
    const { model: before } = await loadModel(inputs.before.path);
    const { model: after } = await loadModel(inputs.after.path);
    const { config } = before.architecture;
    const { tokens, split: whole } = await openTokensFor(inputs.tokens, settings.split, before);
    const random = createRandom(seed).fork('forgetting');
    const split = drawExamples(whole, settings.limit, random.fork('limit'));
    const models = { before, after: withHeadOf(before, after) };
    const isClassifier = before.task === 'sequence-classification';
    const labelled = isClassifier ? withModelClasses(split, tokens.labels, config.labels) : split;
    if (isClassifier && !hasLabels(labelled)) {
      throw new UserError({
        code: 'forgetting/no-labels',
        message: `${inputs.tokens.reference} has no label to measure against.`,
        help: "Wire the previous task's labelled tokens.",
      });
    }

    const runtime = await openRuntime(choice.name, { ...choice, onFallback: log.warning });
    try {
      const measure = async (name: 'before' | 'after', part: number) => {
        const options = {
          runtime,
          batchTokens: settings.batch_tokens,
          signal,
          onProgress: (done: number, total: number) =>
            progress({ done: part * total + done, total: 2 * total, unit: 'batches' }),
        };
        if (isClassifier) return measureClassifier(models[name], labelled, options);
        const masking = {
          specialTokens: tokens.specialTokens,
          maskProbability: settings.mask_probability,
          random,
        };
        return measureLanguageModel(models[name], split, masking, options);
      };
      const figures = beforeAndAfter(
        languageModelFigures(await measure('before', 0)),
        languageModelFigures(await measure('after', 1)),
      );
      await writeMetrics(outputs.metrics.path, {
        type: 'forgetting',
        metrics: figures.metrics,
        details: { task: before.task, examples: split.examples, figures: figures.rows },
      });
      return { metrics: definedMetrics(figures.metrics), summary: figures.summary, table: figures.table };
    } finally {
      await runtime.dispose();
    }
  },
});
