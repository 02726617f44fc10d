/** The model card: README.md of an exported model, in the layout of Hugging Face's model cards. Deterministic. */
import type { Dataset } from '../../artifacts/dataset.js';
import type { MetricsFile } from '../../artifacts/metrics.js';
import type { JsonValue } from '../../formats/json.js';
import type { Model } from '../../models/model.js';
import { taskParameters } from '../../models/model.js';
import { formatCount, parameterSize } from '../../models/parameter-groups.js';
import { code, figure, table } from './markdown.js';
import { biasSection } from './model-card-bias.js';

/** A file that was compared with the trained model. */
export interface CheckedFile {
  readonly name: string;
  /** The largest difference of logits, and what was allowed. */
  readonly difference: number;
  readonly tolerance: number;
}

/** What the card tells. */
export interface ModelCardContents {
  readonly model: Model;
  readonly settings: {
    readonly title?: string;
    readonly licence?: string;
    readonly language?: string;
    readonly data?: string;
    readonly intended_use?: string;
    readonly limitations?: string;
    readonly dtype: string;
  };
  readonly files: readonly CheckedFile[];
  /** How many inputs the files were compared on. */
  readonly checkedInputs: number;
  readonly dataset: Dataset | null;
  readonly metrics: readonly MetricsFile[];
}

/** The card, as Markdown with a front matter in YAML. */
export function modelCard(contents: ModelCardContents): string {
  const audits = contents.metrics.filter(({ type }) => type === 'bias-audit');
  const others = contents.metrics.filter(({ type }) => type !== 'bias-audit');
  const sections = [
    `# ${contents.settings.title ?? defaultTitle(contents.model)}`,
    introduction(contents.model),
    intendedUse(contents),
    usage(contents),
    data(contents),
    training(contents.model),
    ...others.map(evaluation),
    ...audits.map(biasSection),
    ...(audits.length === 0
      ? ['## Bias\n\nNo bias audit was wired into the export: nothing is known about groups of people.']
      : []),
    exportedFiles(contents),
  ];
  return `${frontMatter(contents)}\n${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function frontMatter({ model, settings }: ModelCardContents): string {
  const classifies = model.task === 'sequence-classification';
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['library_name', 'transformers'],
    ['pipeline_tag', classifies ? 'text-classification' : 'fill-mask'],
    ['license', settings.licence],
    ['language', settings.language],
  ];
  // JSON strings are YAML strings.
  const lines = fields.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${JSON.stringify(value)}`],
  );
  return `---\n${lines.join('\n')}\ntags: ["roux", ${JSON.stringify(model.architecture.config.modelType)}]\n---`;
}

function defaultTitle(model: Model): string {
  return model.task === 'sequence-classification' ? 'Text classifier' : 'Masked language model';
}

function introduction(model: Model): string {
  const { modelType, layers, hiddenSize, maximumLength, vocabularySize, labels } = model.architecture.config;
  const parameters = taskParameters(model).reduce((sum, parameter) => sum + parameterSize(parameter), 0);
  const rows: (readonly string[])[] = [
    ['architecture', `${model.architecture.architectureName(model.task)} (${modelType})`],
    ['parameters', `${formatCount(parameters)} (${layers} layers of ${hiddenSize})`],
    ['vocabulary', `${vocabularySize} tokens`],
    ['longest input', `${maximumLength} tokens`],
  ];
  if (model.task === 'sequence-classification') rows.push(['labels', labels.map(code).join(', ')]);
  return table(['model', ''], rows);
}

function intendedUse({ model, settings }: ModelCardContents): string {
  const purpose =
    model.task === 'sequence-classification'
      ? `Classifying texts like those it was trained on into ${model.architecture.config.labels.map(code).join(', ')}.`
      : 'Being fine-tuned for other tasks; guessing hidden words.';
  const limits =
    settings.limitations ??
    'On texts of another kind, time or language than its training data its figures do not hold. Decisions about people need a person who can overrule it.';
  return `## Intended use\n\n${settings.intended_use ?? purpose}\n\n### Limits\n\n${limits}`;
}

function usage({ model, files }: ModelCardContents): string {
  const classifies = model.task === 'sequence-classification';
  const names = files.map(({ name }) => name);
  const parts: string[] = [];
  if (names.includes('model.safetensors')) {
    parts.push(
      classifies
        ? '```python\nfrom transformers import pipeline\n\nclassify = pipeline("text-classification", model="path/to/this/folder")\nclassify("a text")\n```'
        : '```python\nfrom transformers import pipeline\n\nfill = pipeline("fill-mask", model="path/to/this/folder")\nfill("a [MASK] text")\n```',
    );
  }
  if (names.includes('model.onnx')) {
    const shape = classifies ? '[batch, labels]' : '[batch, sequence, vocabulary]';
    parts.push(
      `\`model.onnx\` takes \`input_ids\`, \`attention_mask\` and \`token_type_ids\` (int64, [batch, sequence], any sizes) and gives \`logits\` (float32, ${shape}).`,
    );
  }
  if (classifies) parts.push('```sh\nroux predict path/to/this/folder "a text"\n```');
  return `## How to use it\n\n${parts.join('\n\n')}`;
}

function data({ settings, dataset }: ModelCardContents): string {
  if (settings.data === undefined && dataset === null) return '';
  const parts = ['## Data'];
  if (settings.data !== undefined) parts.push(settings.data);
  if (dataset !== null) {
    const labels = dataset.labels ?? [];
    const rows = Object.entries(dataset.splits).map(([name, split]) => [
      name,
      String(split.rows),
      ...labels.map((_, index) => String(split.labelCounts?.[index] ?? 0)),
    ]);
    parts.push(table(['split', 'rows', ...labels.map(code)], rows));
  }
  return parts.join('\n\n');
}

function training({ training: settings, frozen }: Model): string {
  if (settings === undefined && frozen.length === 0) return '';
  const rows = Object.entries(settings ?? {}).map(([name, value]) => [code(name), code(settingText(value))]);
  const parts = ['## Training'];
  if (rows.length > 0) parts.push(table(['setting', 'value'], rows));
  if (frozen.length > 0) parts.push(`${frozen.length} weights were frozen: training left them as they were.`);
  return parts.join('\n\n');
}

function settingText(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const titles: Readonly<Record<string, string>> = {
  classification: 'Evaluation',
  'language-model': 'Evaluation as a language model',
  forgetting: 'Forgetting',
};

function evaluation({ type, metrics, intervals }: MetricsFile): string {
  const rows = Object.entries(metrics).flatMap(([name, value]) => {
    if (value === null) return [];
    const interval = intervals[name];
    return [
      [code(name), figure(value), interval ? `${figure(interval.low)} to ${figure(interval.high)}` : ''],
    ];
  });
  const withIntervals = rows.some(([, , interval]) => interval !== '');
  const header = withIntervals ? ['metric', 'value', 'interval'] : ['metric', 'value'];
  return `## ${titles[type] ?? `Measured: ${type}`}\n\n${table(header, rows)}`;
}

function exportedFiles({ files, checkedInputs, settings }: ModelCardContents): string {
  const rows = files.map(({ name, difference, tolerance }) => [
    code(name),
    name === 'model.safetensors' ? settings.dtype : 'float32',
    difference.toExponential(1),
    tolerance.toExponential(1),
  ]);
  return `## Files\n\nEach file was read back and compared with the trained model on ${checkedInputs} inputs.\n\n${table(
    ['file', 'weights', 'largest difference of logits', 'allowed'],
    rows,
  )}`;
}
