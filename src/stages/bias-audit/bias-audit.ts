import { Type } from '@sinclair/typebox';
import { openDataset } from '../../artifacts/dataset.js';
import { writeMetrics } from '../../artifacts/metrics.js';
import { UserError } from '../../artifacts/user-error.js';
import { createRandom } from '../../data/random.js';
import { loadTokenizer } from '../../data/tokenizer.js';
import { auditBias } from '../../fairness/bias-audit.js';
import { readTermLists, shippedTermsFolder } from '../../fairness/term-lists.js';
import { loadModel } from '../../models/model.js';
import { createPredictor } from '../../models/predict.js';
import { defineStage } from '../../plugin/define-stage.js';
import { PathSetting } from '../../plugin/path-setting.js';
import { openRuntime } from '../../runtime/open-runtime.js';
import { positiveClassOf, splitOf } from '../evaluate/inputs.js';
import {
  BatchTokensSetting,
  ConfidenceSetting,
  PositiveLabelSetting,
  ResamplesSetting,
  SplitSetting,
} from '../evaluate/settings.js';
import { examplesOfDataset, probeExamples } from './audit-examples.js';
import { auditWarnings, reportAudit } from './audit-report.js';
import { chooseIdentities, chooseSwaps } from './choose-lists.js';
import { textClassifier } from './classify-texts.js';

/** Where texts are cut off for a model of which it is not known what it was trained on. */
const untrainedLength = 256;

export default defineStage({
  type: 'bias-audit',
  version: 3,
  summary: 'Audits a classifier: counterfactual swaps, and rates of groups of texts',
  description: `Counterfactual swaps: words of one group (gendered words, first names, nationalities) are exchanged for those of another
in every text. The flip rate is the share of variants whose predicted label changes; the shift is the change of the positive
label's probability. The worst examples are listed with both texts.

Group metrics: selection rate, true and false positive rate, accuracy and AUROC for the groups of columns and for the groups
of people that texts mention, with demographic parity and equalized odds differences and ratios as Fairlearn defines them.
A group that is too small to judge is named and left out of the gaps. With more than two labels and no \`positive_label\`, each
label counts as positive in turn.

Everything has bootstrap intervals and counts. Without a data set the audit swaps words in sentences that come with the term
lists; nothing is said about groups then.`,
  settings: Type.Object(
    {
      split: SplitSetting,
      columns: Type.Array(Type.String({ minLength: 1 }), {
        default: [],
        description: 'Columns of the data set whose values are groups to compare.',
      }),
      positive_label: PositiveLabelSetting,
      swaps: Type.Optional(
        Type.Array(Type.String({ minLength: 1 }), {
          description:
            'Term lists to swap, by name; `gendered-words+first-names` swaps both at once. Default: each list on its own.',
        }),
      ),
      identities: Type.Optional(
        Type.Array(Type.String({ minLength: 1 }), {
          description: 'Identity term lists whose groups are compared, by name. Default: all.',
        }),
      ),
      terms: Type.Optional(
        PathSetting({ description: 'A folder of term lists in place of those that come with roux.' }),
      ),
      limit: Type.Optional(
        Type.Integer({ minimum: 1, description: 'Audit so many texts, drawn by the seed. Default: all.' }),
      ),
      maximum_variants: Type.Integer({
        default: 4,
        minimum: 1,
        description: 'At most so many counterfactuals of one text and list, drawn by the seed.',
      }),
      max_length: Type.Optional(
        Type.Integer({
          minimum: 8,
          description:
            'Texts are cut off at so many tokens (or at the most that the model takes). Default: as in the training of the model; 256 where roux did not train it.',
        }),
      ),
      minimum_examples: Type.Integer({
        default: 30,
        minimum: 0,
        description: 'A group with fewer examples is too small to judge.',
      }),
      minimum_per_outcome: Type.Integer({
        default: 5,
        minimum: 0,
        description: 'So is one with fewer examples of the positive label, or of the others.',
      }),
      worst: Type.Integer({
        default: 10,
        minimum: 0,
        description: 'How many of the worst examples are listed for each list of swaps.',
      }),
      batch_tokens: BatchTokensSetting,
      resamples: ResamplesSetting,
      confidence: ConfidenceSetting,
    },
    { additionalProperties: false },
  ),
  inputs: {
    model: { kind: 'model', description: 'The classifier to audit.' },
    dataset: {
      kind: 'dataset',
      optional: true,
      description:
        'Texts with labels and columns: `mail.test`. Without it, sentences that come with the term lists.',
    },
  },
  outputs: { metrics: { kind: 'metrics', description: 'All figures, gaps and worst examples.' } },
  seeded: true,
  tensors: true,
  threads: 'all',
  async run({ settings, inputs, outputs, seed, runtime: choice, signal, progress, log }) {
    const { model } = await loadModel(inputs.model.path);
    if (model.task !== 'sequence-classification') {
      throw new UserError({
        code: 'audit/task',
        message: 'Only classifiers can be audited for bias.',
        found: `a model for ${model.task}`,
        help: 'Wire the output of the stage that trains the classifier.',
      });
    }
    const { labels: labelNames, maximumLength } = model.architecture.config;
    const positiveClass = positiveClassOf(settings.positive_label, labelNames);
    const terms = settings.terms ?? shippedTermsFolder();
    const lists = readTermLists(terms);
    const random = createRandom(seed).fork('bias-audit');
    const examples =
      inputs.dataset === undefined
        ? await probeExamples(terms)
        : await examplesOfDataset(
            await openDataset(inputs.dataset.path),
            splitOf(inputs.dataset, settings.split),
            { labelNames, limit: settings.limit, random: random.fork('limit') },
          );
    if (examples === null) {
      throw new UserError({
        code: 'audit/no-texts',
        message: 'There is no text to audit: no data set is wired, and the term lists have no probes.txt.',
        help: 'Wire a data set: in: { dataset: mail.test }.',
      });
    }

    const tokenizer = await loadTokenizer(inputs.model.path);
    const runtime = await openRuntime(choice.name, { ...choice, onFallback: log.warning });
    try {
      const predictor = createPredictor(model, runtime, { batchTokens: settings.batch_tokens });
      const classify = textClassifier(predictor, tokenizer, {
        maxLength: Math.min(
          settings.max_length ?? model.maximumTrainedLength ?? untrainedLength,
          maximumLength,
        ),
        signal,
        onProgress: (done, total) => progress({ done, total, unit: 'texts' }),
      });
      const audit = await auditBias(examples, classify, {
        labelNames,
        positiveClass,
        swaps: chooseSwaps(lists.swaps, settings.swaps),
        identities: chooseIdentities(lists.identities, settings.identities),
        columns: settings.columns,
        thresholds: {
          minimumExamples: settings.minimum_examples,
          minimumPerOutcome: settings.minimum_per_outcome,
        },
        ...(settings.resamples === 0
          ? {}
          : { bootstrap: { resamples: settings.resamples, confidence: settings.confidence } }),
        random,
        maximumVariants: settings.maximum_variants,
        worst: settings.worst,
      });
      for (const warning of auditWarnings(audit)) log.warning(warning);
      const { content, result } = reportAudit(audit);
      await writeMetrics(outputs.metrics.path, content);
      return result;
    } finally {
      await runtime.dispose();
    }
  },
});
