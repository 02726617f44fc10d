/** A model folder as a function from texts to probabilities. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readMaximumLength } from '../artifacts/model.js';
import { UserError } from '../artifacts/user-error.js';
import { requireVocabulary } from '../data/require-vocabulary.js';
import { loadTokenizer, type Tokenizer } from '../data/tokenizer.js';
import type { RuntimeName } from '../runtime/runtime.js';

/** A text, or a pair of texts. */
export interface ClassifiedText {
  readonly text: string;
  readonly textPair?: string;
}

/** A classifier that is open. */
export interface TextClassifier {
  readonly labels: readonly string[];
  /** One row of probabilities per text, in the order of the labels. */
  classify(texts: readonly ClassifiedText[]): Promise<readonly ArrayLike<number>[]>;
  close(): Promise<void>;
}

/** How a classifier is opened. */
export interface TextClassifierOptions {
  readonly runtime: RuntimeName;
  readonly threads: number;
  /** Tokens after which a text is cut off; default: as in training, else what the tokenizer says, else as many as the model takes. */
  readonly maxLength?: number;
}

/**
 * Opens the model of a folder: one in Hugging Face layout, or an export with an ONNX file, in the folder itself or in a
 * folder right below it. Throws a `UserError` when there is none, or one that is no classifier.
 */
export async function openTextClassifier(
  path: string,
  options: TextClassifierOptions,
): Promise<TextClassifier> {
  const folder = await findModelFolder(path);
  const tokenizer = await loadTokenizer(folder.path);
  if (folder.onnx !== undefined) {
    const { openOnnxClassifier } = await import('./onnx-classifier.js');
    return openOnnxClassifier({ folder: folder.path, file: folder.onnx, tokenizer, ...options });
  }
  return openFolder(folder.path, tokenizer, options);
}

async function openFolder(
  path: string,
  tokenizer: Tokenizer,
  { runtime: name, threads, maxLength }: TextClassifierOptions,
): Promise<TextClassifier> {
  const [{ loadModel }, { createPredictor }, { openRuntime }] = await Promise.all([
    import('../models/model.js'),
    import('../models/predict.js'),
    import('../runtime/open-runtime.js'),
  ]);
  const { model } = await loadModel(path);
  if (model.task !== 'sequence-classification') {
    throw new UserError({
      code: 'predict/task',
      message: `${path} is no classifier`,
      found: `a model for ${model.task.replaceAll('-', ' ')}`,
      help: 'name a model that was trained on labels',
    });
  }
  requireVocabulary(tokenizer, model.architecture.config.vocabularySize);
  const runtime = await openRuntime(name, { threads });
  const predictor = createPredictor(model, runtime);
  const { config } = model.architecture;
  const most = Math.min(
    maxLength ?? model.maximumTrainedLength ?? (await readMaximumLength(path)) ?? config.maximumLength,
    config.maximumLength,
  );
  return {
    labels: config.labels,
    classify: (texts) =>
      predictor.probabilities(
        texts.map(({ text, textPair }) => tokenizer.encode(text, textPair, { maxLength: most })),
      ),
    close: async () => {
      predictor.dispose();
      await runtime.dispose();
    },
  };
}

/** The folder with a model: its weights, or where there are none its ONNX file. */
async function findModelFolder(path: string): Promise<{ readonly path: string; readonly onnx?: string }> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new UserError({
      code: 'command/unknown-file',
      message: `there is no model ${path}`,
      help: 'name a model folder, or a recipe and a stage of it: recipe.yaml:train',
    });
  }
  if (found.isFile()) return folderOfFile(path);
  const below = (await readdir(path, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const folders = [path, ...below.map(({ name }) => join(path, name)).sort()];
  const listed = await Promise.all(folders.map(async (folder) => ({ folder, names: await readdir(folder) })));
  const weights = listed.find(
    ({ names }) =>
      names.includes('config.json') && names.some((name) => name.startsWith('model.safetensors')),
  );
  if (weights !== undefined) return { path: weights.folder };
  for (const { folder, names } of listed) {
    const onnx = names.filter((name) => name.endsWith('.onnx')).sort()[0];
    if (onnx !== undefined && names.includes('tokenizer.json'))
      return { path: folder, onnx: join(folder, onnx) };
  }
  throw new UserError({
    code: 'predict/no-model',
    message: `${path} holds no model`,
    found: (listed[0]?.names ?? []).slice(0, 8).join(', ') || 'an empty folder',
    expected: 'config.json, model.safetensors and tokenizer.json, or an .onnx file with them',
  });
}

/** `model.onnx` and `model.safetensors` stand for the folder that they are in. */
function folderOfFile(path: string): { readonly path: string; readonly onnx?: string } {
  const folder = join(path, '..');
  if (path.endsWith('.onnx')) return { path: folder, onnx: path };
  if (path.endsWith('.safetensors')) return { path: folder };
  throw new UserError({
    code: 'predict/no-model',
    message: `${path} is no model`,
    expected: 'a folder, an .onnx file, or a recipe',
  });
}
