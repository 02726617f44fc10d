/** Ports, kinds and parts: what fits where. */
import { artifactKinds } from '../artifacts/kinds.js';
import type { InputPort } from '../plugin/define-stage.js';
import type { StageInfo } from '../plugin/stage-info.js';

/** An artifact, or a part of it, that a reference may mean. */
export interface OutputCandidate {
  readonly port: string;
  readonly kind: string;
  readonly part?: string;
}

/** What `stage`, `stage.port`, `stage.part` or `stage.port.part` may mean, in the order of the outputs. */
export function candidatesOf(
  info: Pick<StageInfo, 'outputs'>,
  second: string | undefined,
  third: string | undefined,
): readonly OutputCandidate[] {
  const outputs = Object.entries(info.outputs).map(([port, { kind }]) => ({ port, kind }));
  if (second === undefined) return outputs;
  const named = outputs.filter(({ port }) => port === second);
  if (third === undefined && named.length > 0) return named;
  const part = third ?? second;
  const searched = third === undefined ? outputs : named;
  return searched
    .filter(({ kind }) => partsOf(kind).includes(part))
    .map((candidate) => ({ ...candidate, part }));
}

/** The names of the parts that a kind can be taken apart into. */
export function partsOf(kind: string): readonly string[] {
  return Object.hasOwn(artifactKinds, kind) ? Object.keys(artifactKinds[kind]?.parts ?? {}) : [];
}

/** The input port of that name, if the stage type has one. */
export function portOf(ports: Readonly<Record<string, InputPort>>, name: string): InputPort | undefined {
  return Object.hasOwn(ports, name) ? ports[name] : undefined;
}

/** Whether artifacts of the kind fit the port. */
export function accepts(port: InputPort, kind: string): boolean {
  return typeof port.kind === 'string' ? port.kind === kind : port.kind.includes(kind);
}

/** `a model or a tokenizer`. */
export function kindsOf({ kind, many }: InputPort): string {
  const kinds = typeof kind === 'string' ? [kind] : kind;
  return kinds.map(article).join(' or ') + (many ? ' (one or several)' : '');
}

/** `a model`, `an export`, `tokens`. */
export function article(kind: string): string {
  if (/^(tokens|metrics|predictions)$/.test(kind)) return kind;
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
}
