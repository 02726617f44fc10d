/**
 * Exported models in Python. Needs an interpreter with transformers and onnxruntime: `ROUX_PYTHON` names it, `python3` is
 * tried otherwise. Where there is none the tests are skipped, and say so.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { createRandom } from '../../../src/data/random.js';
import { JsonFields } from '../../../src/formats/json.js';
import type { ModelTask } from '../../../src/models/architecture.js';
import { completeConfig } from '../../../src/models/families.js';
import { createModel, saveModel } from '../../../src/models/model.js';
import { createPredictor, padSequences } from '../../../src/models/predict.js';
import { openRuntime } from '../../../src/runtime/open-runtime.js';
import stage from '../../../src/stages/export/export.js';
import { artifact, Workshop } from '../run-stage.js';

const python = process.env.ROUX_PYTHON ?? 'python3';
const script = fileURLToPath(new URL('../../reference/export.py', import.meta.url));
const tokenizer = fileURLToPath(new URL('../../fixtures/tokenizer/trained', import.meta.url));
const vocabularySize = 600;

const found = spawnSync(python, ['-c', 'import torch, transformers, onnxruntime'], { encoding: 'utf8' });
const available = found.status === 0;
if (!available) {
  console.warn(
    `SKIPPED: exported models are not tried in Python, ${python} lacks torch, transformers or onnxruntime`,
  );
}

const workshop = new Workshop();
afterAll(() => workshop.remove());

describe.skipIf(!available)('in Python', () => {
  test.each<ModelTask>(['sequence-classification', 'masked-language-modeling'])(
    'a model for %s gives the logits of the trained one, with transformers and with ONNX Runtime',
    async (task) => {
      const random = createRandom(11);
      const config = new JsonFields(
        {
          model_type: 'bert',
          vocab_size: vocabularySize,
          hidden_size: 64,
          num_hidden_layers: 3,
          num_attention_heads: 4,
          max_position_embeddings: 64,
          initializer_range: 0.1,
        },
        'config',
      );
      const labels = ['ham', 'spam', 'eggs'];
      const model = createModel(completeConfig(config), { task, labels, random, tokenizer });
      const folder = workshop.emptyFolder();
      await saveModel(model, folder);
      const inputs = { model: artifact('model', folder), tokens: undefined, dataset: undefined, metrics: [] };
      const { paths } = await workshop.run(stage, {}, inputs);

      const runtime = await openRuntime('onnx', { threads: 1 });
      const predictor = createPredictor(model, runtime);
      const batches = [];
      for (const lengths of [[1], [64, 7, 30], [12, 12]]) {
        const sequences = lengths.map((length) => ({
          inputIds: Array.from({ length }, () => 1 + random.integer(vocabularySize - 1)),
          tokenTypeIds: Array.from({ length }, (_, position) => (2 * position > length ? 1 : 0)),
        }));
        const shape = { size: lengths.length, length: Math.max(...lengths) };
        const padded = padSequences(sequences, shape, 0);
        const rows = (name: keyof typeof padded) =>
          lengths.map((_, row) =>
            Array.from(padded[name].data.subarray(row * shape.length, (row + 1) * shape.length)),
          );
        // Positions of padding have logits, too, which nobody uses: masked models are compared without padding.
        const masked = task === 'masked-language-modeling';
        for (const [row, sequence] of masked ? sequences.entries() : [[0, undefined] as const]) {
          const alone = sequence === undefined ? sequences : [sequence];
          const logits = masked ? await predictor.tokenLogits(alone) : await predictor.logits(alone);
          const one = (name: keyof typeof padded) =>
            masked ? [(rows(name)[row] ?? []).slice(0, lengths[row])] : rows(name);
          batches.push({
            input_ids: one('input_ids'),
            attention_mask: one('attention_mask'),
            token_type_ids: one('token_type_ids'),
            logits: masked
              ? [inRows(logits[0] ?? new Float32Array())]
              : logits.map((values) => Array.from(values)),
          });
        }
      }
      predictor.dispose();
      await runtime.dispose();
      const expected = join(workshop.emptyFolder(), 'expected.json');
      writeFileSync(expected, JSON.stringify(batches));
      const output = execFileSync(python, [script, paths.export ?? '', expected], { encoding: 'utf8' });
      const differences: Record<string, number> = JSON.parse(output.trim().split('\n').at(-1) ?? '');
      expect(differences.transformers).toBeLessThan(1e-4);
      expect(differences.onnxruntime).toBeLessThan(1e-4);
    },
    300_000,
  );
});

function inRows(logits: Float32Array): number[][] {
  return Array.from({ length: logits.length / vocabularySize }, (_, row) =>
    Array.from(logits.subarray(row * vocabularySize, (row + 1) * vocabularySize)),
  );
}
