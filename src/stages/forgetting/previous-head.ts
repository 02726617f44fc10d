/**
 * The encoder of one model under the head of another.
 */
import { UserError } from '../../artifacts/user-error.js';
import { type Model, taskParameters } from '../../models/model.js';

/**
 * The model `before` with the encoder of `after`.
 *
 * The encoder is everything below the head: embeddings, layers, and the pooler where `after` has one. Throws a
 * `UserError` when the two models do not have the same encoder.
 */
export function withHeadOf(before: Model, after: Model): Model {
  const encoder = new Set(before.architecture.parameters(['pooler']).map(({ name }) => name));
  const weights = Object.fromEntries(
    taskParameters(before).map(({ name, shape, group }) => {
      const own = before.weights[name];
      if (own === undefined) throw new Error(`the model has no weight ${name}`);
      const other = after.weights[name];
      if (!encoder.has(name) || (other === undefined && group === 'pooler')) return [name, own];
      if (`${other?.shape}` === `${shape}` && other !== undefined) return [name, other];
      throw new UserError({
        code: 'forgetting/encoder',
        message: 'The models before and after do not have the same encoder.',
        found:
          other === undefined
            ? `no weight ${name} after`
            : `${name} of shape [${other.shape.join(', ')}] after`,
        expected: `${name} of shape [${shape.join(', ')}]`,
        help: 'Wire the model that `after` was trained from into `before`.',
      });
    }),
  );
  return { ...before, weights };
}
