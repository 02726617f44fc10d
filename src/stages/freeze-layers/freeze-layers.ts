import { Type } from '@sinclair/typebox';
import { openModelFolder, writeModelWithNotes } from '../../artifacts/model.js';
import { UserError } from '../../artifacts/user-error.js';
import { describeModel, modelParameters, taskParameters } from '../../models/model.js';
import { formatCount, parameterGroups } from '../../models/parameter-groups.js';
import { selectParameters } from '../../models/parameter-patterns.js';
import { defineStage } from '../../plugin/define-stage.js';
import { formKeyword } from '../../plugin/setting-keywords.js';

const Pattern = Type.String({ minLength: 1, [formKeyword]: 'parameter-pattern' });

export default defineStage({
  type: 'freeze-layers',
  version: 1,
  summary: 'Chooses the parts of a model that training leaves as they are',
  description: `Patterns choose parameters:

| pattern | chooses |
| --- | --- |
| \`embeddings\`, \`layers.3\`, \`pooler\`, \`classifier\`, \`masked-language-head\` | a part of the model |
| \`encoder\`, \`head\`, \`all\` | all layers; the heads; everything |
| \`layers.0-2\` | layers from .. to, both included |
| \`bert.encoder.layer.0.output\` | a tensor, or every tensor below a name |
| \`*.LayerNorm.*\`, \`layers.?\` | a glob over tensor names and parts |
| \`/query\\|key/\` | a regular expression, found anywhere in tensor names |
| \`all but layers.3, classifier\` | everything but what these patterns choose |

The settings say all: what an earlier freeze-layers stage froze is trained again unless it is named here, too. A pattern that
matches nothing is an error.`,
  settings: Type.Object(
    {
      freeze: Type.Optional(Type.Array(Pattern, { description: 'Parameters that stay as they are.' })),
      train_only: Type.Optional(
        Type.Array(Pattern, {
          minItems: 1,
          description:
            'Parameters that are trained; all others stay as they are. `freeze` wins where both match.',
        }),
      ),
    },
    { additionalProperties: false },
  ),
  inputs: { model: { kind: 'model', description: 'The model.' } },
  outputs: { model: { kind: 'model', description: 'The same weights, with a note of what is frozen.' } },
  async run({ settings, inputs, outputs }) {
    const { freeze, train_only: trainOnly } = settings;
    if (freeze === undefined && trainOnly === undefined) {
      throw new UserError({
        code: 'freeze/nothing',
        message: 'freeze-layers is not told what to freeze',
        expected: 'freeze: [embeddings, "layers.0-2"] or train_only: [classifier]',
      });
    }
    const model = await describeModel(inputs.model.path);
    const parameters = modelParameters(model);
    const frozen = new Set(selectParameters(parameters, freeze ?? []));
    if (trainOnly !== undefined) {
      const kept = selectParameters(parameters, trainOnly);
      for (const { name } of parameters) if (!kept.has(name)) frozen.add(name);
    }
    const groups = parameterGroups(taskParameters(model), frozen);
    const total = groups.reduce((sum, { size }) => sum + size, 0);
    const trainable = groups.reduce((sum, group) => sum + group.trainable, 0);
    if (trainable === 0) {
      throw new UserError({
        code: 'freeze/everything',
        message: `nothing is left to be trained for ${model.task}: every parameter is frozen`,
        help: 'Leave at least the head out, for example with train_only: [classifier].',
      });
    }
    const { notes } = await openModelFolder(inputs.model.path);
    await writeModelWithNotes(inputs.model.path, outputs.model.path, {
      ...notes,
      task: notes.task ?? model.task,
      frozen: parameters.map(({ name }) => name).filter((name) => frozen.has(name)),
    });
    const share = (100 * trainable) / total;
    return {
      metrics: { parameters: total, trainable_parameters: trainable, frozen_parameters: total - trainable },
      summary: `${formatCount(trainable)} of ${formatCount(total)} parameters are trained (${share.toFixed(0)} %)`,
      table: [
        ['part', 'parameters', 'trainable', 'frozen'],
        ...groups.map(({ name, size, trainable: free }) => [name, size, free, size - free]),
        ['all', total, trainable, total - trainable],
      ],
    };
  },
});
