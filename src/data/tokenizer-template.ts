/** Where special tokens go around a text or a pair of texts: the post-processor of a `tokenizer.json`. */
import { UserError } from '../artifacts/user-error.js';
import { isRecord } from './json.js';

/** One piece of a template: a special token, or the place of the first or second text. */
export type TemplatePiece =
  | { readonly kind: 'special'; readonly ids: readonly number[]; readonly typeId: number }
  | { readonly kind: 'text'; readonly which: 0 | 1; readonly typeId: number };

/** The templates of a tokenizer. */
export interface Template {
  readonly single: readonly TemplatePiece[];
  readonly pair: readonly TemplatePiece[];
}

/** No special tokens. */
export const plainTemplate: Template = {
  single: [{ kind: 'text', which: 0, typeId: 0 }],
  pair: [
    { kind: 'text', which: 0, typeId: 0 },
    { kind: 'text', which: 1, typeId: 1 },
  ],
};

/**
 * Reads the `post_processor` of a `tokenizer.json`: BertProcessing, RobertaProcessing, TemplateProcessing, ByteLevel
 * (which adds nothing) or a Sequence of them. Throws a UserError for another one.
 */
export function readTemplate(processor: unknown): Template {
  if (processor === null || processor === undefined) return plainTemplate;
  if (!isRecord(processor)) throw unreadable(processor);
  switch (processor.type) {
    case 'ByteLevel':
      return plainTemplate;
    case 'BertProcessing':
      return wrapTemplate(processor, [0, 0, 0, 1, 1]);
    case 'RobertaProcessing':
      return wrapTemplate(processor, [0, 0, 0, 0, 0], true);
    case 'TemplateProcessing':
      return {
        single: templatePieces(processor.single, processor.special_tokens),
        pair: templatePieces(processor.pair, processor.special_tokens),
      };
    case 'Sequence': {
      const processors: readonly unknown[] = Array.isArray(processor.processors) ? processor.processors : [];
      const templates = processors.map(readTemplate).filter((template) => template !== plainTemplate);
      if (templates.length > 1) throw unreadable(processor);
      return templates[0] ?? plainTemplate;
    }
    default:
      throw unreadable(processor);
  }
}

/** CLS A SEP, and CLS A SEP B SEP (or CLS A SEP SEP B SEP); type ids in the order CLS, A, SEP, B, SEP. */
function wrapTemplate(
  processor: Record<string, unknown>,
  types: readonly [number, number, number, number, number],
  doubleSeparator = false,
): Template {
  const special = (value: unknown, typeId: number): TemplatePiece => {
    const id: unknown = Array.isArray(value) ? value[1] : undefined;
    if (typeof id !== 'number') throw unreadable(processor);
    return { kind: 'special', ids: [id], typeId };
  };
  const [start, first, middle, second, end] = types;
  const separator = special(processor.sep, middle);
  const single: TemplatePiece[] = [
    special(processor.cls, start),
    { kind: 'text', which: 0, typeId: first },
    separator,
  ];
  const pair: TemplatePiece[] = [
    ...single,
    ...(doubleSeparator ? [separator] : []),
    { kind: 'text', which: 1, typeId: second },
    special(processor.sep, end),
  ];
  return { single, pair };
}

function templatePieces(template: unknown, specialTokens: unknown): TemplatePiece[] {
  if (!Array.isArray(template) || !isRecord(specialTokens)) throw unreadable(template);
  return template.map((piece: unknown): TemplatePiece => {
    if (isRecord(piece) && isRecord(piece.Sequence)) {
      const { id, type_id: typeId } = piece.Sequence;
      if ((id === 'A' || id === 'B') && typeof typeId === 'number') {
        return { kind: 'text', which: id === 'A' ? 0 : 1, typeId };
      }
    }
    if (isRecord(piece) && isRecord(piece.SpecialToken)) {
      const { id, type_id: typeId } = piece.SpecialToken;
      const token = typeof id === 'string' ? specialTokens[id] : undefined;
      const ids: unknown = isRecord(token) ? token.ids : undefined;
      if (typeof typeId === 'number' && isNumberArray(ids)) return { kind: 'special', ids, typeId };
    }
    throw unreadable(piece);
  });
}

function isNumberArray(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

function unreadable(value: unknown): UserError {
  return new UserError({
    code: 'tokenizer/post-processor',
    message: 'The post_processor of tokenizer.json is none that roux can read',
    found: JSON.stringify(value)?.slice(0, 200) ?? 'nothing',
    expected: 'BertProcessing, RobertaProcessing, TemplateProcessing, ByteLevel or a Sequence of them',
  });
}
