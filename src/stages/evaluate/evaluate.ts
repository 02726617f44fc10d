import { Type } from '@sinclair/typebox';
import { definedMetrics, writeMetrics } from '../../artifacts/metrics.js';
import { writePredictions } from '../../artifacts/predictions.js';
import { readExampleIds } from '../../artifacts/tokens.js';
import { UserError } from '../../artifacts/user-error.js';
import { createRandom } from '../../data/random.js';
import { mostProbable } from '../../metrics/most-probable.js';
import { loadModel, type Model } from '../../models/model.js';
import { defineStage } from '../../plugin/define-stage.js';
import { openRuntime } from '../../runtime/open-runtime.js';
import { reportClassification } from './classification-report.js';
import { languageModelFigures } from './figures.js';
import { openTokensFor, positiveClassOf, withModelClasses } from './inputs.js';
import { classProbabilities, measureLanguageModel } from './measure.js';
import { predictionsByRow } from './rows.js';
import {
  BatchTokensSetting,
  ConfidenceSetting,
  MaskProbabilitySetting,
  PositiveLabelSetting,
  ResamplesSetting,
  SplitSetting,
} from './settings.js';
import { textsOfRows } from './texts.js';

export default defineStage({
  type: 'evaluate',
  version: 2,
  summary: 'Measures a model on a split: metrics with intervals, and every prediction',
  description: `For a classifier: accuracy, precision, recall and F1 (per label, macro, micro, weighted), Matthews correlation, AUROC, average
precision, log loss, Brier score, calibration, the confusion matrix and bootstrap intervals, all as scikit-learn defines
them. A text that the tokenize stage split into several examples counts once, with the mean of its probabilities. Examples
without a label are predicted but not measured.

For a masked language model: loss, perplexity and the share of hidden tokens that are guessed right. The seed decides
which tokens are hidden.`,
  settings: Type.Object(
    {
      split: SplitSetting,
      positive_label: PositiveLabelSetting,
      batch_tokens: BatchTokensSetting,
      resamples: ResamplesSetting,
      confidence: ConfidenceSetting,
      calibration_bins: Type.Integer({
        default: 15,
        minimum: 1,
        maximum: 1000,
        description: 'Bins of equal width of the reliability table and of the expected calibration error.',
      }),
      mask_probability: MaskProbabilitySetting,
    },
    { additionalProperties: false },
  ),
  inputs: {
    model: { kind: 'model', description: 'The model to measure.' },
    tokens: { kind: 'tokens', description: 'What it is measured on: `tokens.test`.' },
    dataset: {
      kind: 'dataset',
      optional: true,
      description:
        'The data set behind the tokens: predictions then have its texts instead of decoded tokens.',
    },
  },
  outputs: {
    metrics: { kind: 'metrics', description: 'All figures, the confusion matrix and the reliability table.' },
    predictions: {
      kind: 'predictions',
      description: 'Label, prediction and probabilities of every example.',
    },
  },
  seeded: true,
  tensors: true,
  threads: 'all',
  async run({ settings, inputs, outputs, seed, runtime: choice, signal, log, progress }) {
    const { model } = await loadModel(inputs.model.path);
    const { config } = model.architecture;
    const { tokens, split } = await openTokensFor(inputs.tokens, settings.split, model);
    const random = createRandom(seed).fork('evaluate');
    const runtime = await openRuntime(choice.name, { ...choice, onFallback: log.warning });
    try {
      const options = {
        runtime,
        batchTokens: settings.batch_tokens,
        signal,
        onProgress: (done: number, total: number) => progress({ done, total, unit: progressUnit(model) }),
      };
      if (model.task === 'masked-language-modeling') {
        const masking = {
          specialTokens: tokens.specialTokens,
          maskProbability: settings.mask_probability,
          random: random.fork('masks'),
        };
        const figures = languageModelFigures(await measureLanguageModel(model, split, masking, options));
        await writeMetrics(outputs.metrics.path, {
          type: 'language-model',
          metrics: figures,
          details: { examples: split.examples, maskProbability: settings.mask_probability },
        });
        await writePredictions(outputs.predictions.path, [], []);
        const loss = figures.loss?.toFixed(4) ?? 'unknown';
        return { metrics: definedMetrics(figures), summary: `${split.examples} sequences, loss ${loss}` };
      }

      const labelled = withModelClasses(split, tokens.labels, config.labels);
      const ids = await readExampleIds(tokens, split.split);
      const probabilities = await classProbabilities(model, split, options);
      const rows = predictionsByRow(ids, labelled.labels, probabilities);
      const texts = await textsOfRows(rows, split, inputs.model, inputs.dataset);
      await writePredictions(
        outputs.predictions.path,
        config.labels,
        rows.map((row, index) => ({
          id: row.id,
          ...(texts[index] ?? { text: '' }),
          ...(row.label === undefined ? {} : { label: row.label }),
          predicted: mostProbable(row.probabilities),
          probabilities: row.probabilities,
        })),
      );

      const measured = rows.flatMap((row) => (row.label === undefined ? [] : [{ ...row, label: row.label }]));
      if (measured.length === 0) {
        throw new UserError({
          code: 'evaluate/no-labels',
          message: `${inputs.tokens.reference} has no label to measure against.`,
          found: `${rows.length} texts without a label`,
          help: 'Name the label column in the load-dataset stage.',
        });
      }
      const positiveClass = positiveClassOf(settings.positive_label, config.labels);
      const { content, result } = reportClassification(
        {
          labels: measured.map(({ label }) => label),
          probabilities: measured.map((row) => row.probabilities),
          labelNames: config.labels,
        },
        {
          calibrationBins: settings.calibration_bins,
          ...(positiveClass === undefined ? {} : { positiveClass }),
          ...(settings.resamples === 0
            ? {}
            : {
                bootstrap: {
                  random: random.fork('bootstrap'),
                  resamples: settings.resamples,
                  confidence: settings.confidence,
                },
              }),
        },
      );
      await writeMetrics(outputs.metrics.path, content);
      return result;
    } finally {
      await runtime.dispose();
    }
  },
});

/** A predictor counts texts, an evaluation of hidden tokens counts batches. */
function progressUnit({ task }: Model): string {
  return task === 'sequence-classification' ? 'texts' : 'batches';
}
