/** Why a stage has to run, told by comparing what its key is made of with what it was the last time. */
import { basename } from 'node:path';
import type { Json } from '../plugin/stage-info.js';
import type { CheckedStage, SourceLocation } from '../recipe/checked-recipe.js';
import { canonicalJson } from './canonical-json.js';
import { type PastResult, wiringOf } from './history.js';
import { describePointer, isJsonObject, memberPointer, parsePointer } from './json-pointer.js';
import type { KeyData, KeyInput } from './key-data.js';
import type { RunReason } from './plan.js';

/** What is different from the last result; empty when nothing is. `ranAgain` tells of the stages of this run. */
export function explainDifferences(
  stage: CheckedStage,
  previous: PastResult,
  data: KeyData,
  ranAgain: (stage: string) => boolean,
): readonly RunReason[] {
  const before = previous.data;
  if (before.type !== data.type) {
    return [
      {
        kind: 'setting',
        text: `uses ${before.type} -> ${data.type}`,
        location: stage.location,
        before: before.type,
        after: data.type,
      },
    ];
  }
  const reasons: RunReason[] = [];
  if (before.version !== data.version) {
    reasons.push({
      kind: 'stage-version',
      text: `${data.type} version ${before.version} -> ${data.version}`,
      before: before.version,
      after: data.version,
    });
  } else if (before.format !== data.format) {
    reasons.push({ kind: 'stage-version', text: 'this version of roux stores results in another way' });
  }
  if (before.plugin !== data.plugin) {
    const { source } = stage.info;
    const file = source.from === 'plugin' ? basename(source.file) : data.type;
    reasons.push({ kind: 'plugin', text: `the code of ${file} changed`, subject: file });
  }
  reasons.push(...settingReasons(stage, before, data));
  reasons.push(...fileReasons(stage, before, data));
  reasons.push(...inputReasons(stage, previous, data, ranAgain));
  if (before.seed !== data.seed) {
    reasons.push({
      kind: 'seed',
      text: `seed ${format(before.seed)} -> ${format(data.seed)}`,
      ...beforeAndAfter(before.seed, data.seed),
    });
  }
  if (!same(before.runtime, data.runtime)) {
    reasons.push({
      kind: 'runtime',
      text: `runtime ${runtimeDifference(before.runtime, data.runtime)}`,
      ...beforeAndAfter(before.runtime, data.runtime),
    });
  }
  return reasons;
}

function settingReasons(stage: CheckedStage, before: KeyData, data: KeyData): readonly RunReason[] {
  const old = leaves(before.settings);
  const now = leaves(data.settings);
  const pointers = [...new Set([...old.keys(), ...now.keys()])];
  return pointers
    .filter((pointer) => !same(old.get(pointer), now.get(pointer)))
    .map((pointer) => ({
      kind: 'setting',
      text: `${describePointer(pointer)} ${format(old.get(pointer))} -> ${format(now.get(pointer))}`,
      ...locationOf(stage, pointer),
      subject: describePointer(pointer),
      ...beforeAndAfter(old.get(pointer), now.get(pointer)),
    }));
}

function fileReasons(stage: CheckedStage, before: KeyData, data: KeyData): readonly RunReason[] {
  return Object.keys(data.files)
    .filter((pointer) => !same(before.files[pointer], data.files[pointer]))
    .map((pointer) => {
      const path = stage.paths.find((candidate) => candidate.pointer === pointer);
      const name = path?.written ?? describePointer(pointer);
      const text = before.files[pointer] === undefined ? `${name} was not read before` : `${name} changed`;
      return {
        kind: 'file',
        text,
        ...(path === undefined ? {} : { location: path.location }),
        subject: name,
      };
    });
}

function inputReasons(
  stage: CheckedStage,
  previous: PastResult,
  data: KeyData,
  ranAgain: (stage: string) => boolean,
): readonly RunReason[] {
  const reasons: RunReason[] = [];
  const wiring = wiringOf(stage);
  for (const port of new Set([...Object.keys(previous.data.inputs), ...Object.keys(data.inputs)])) {
    const old = previous.data.inputs[port] ?? [];
    const now = data.inputs[port] ?? [];
    if (same(old, now)) continue;
    const references = stage.inputs[port] ?? [];
    const location = references[0] === undefined ? {} : { location: references[0].location };
    if (!same(previous.wiring[port] ?? [], wiring[port] ?? [])) {
      const text = `${port} ${names(previous.wiring[port])} -> ${names(wiring[port])}`;
      reasons.push({ kind: 'input', text, ...location, subject: port });
      continue;
    }
    for (const [index, reference] of references.entries()) {
      const difference = describeInput(old[index], now[index]);
      if (difference === undefined) continue;
      const again = ranAgain(reference.stage) ? ` (stage ${reference.stage} ran again)` : '';
      reasons.push({
        kind: 'input',
        text: `${port}: ${reference.written} ${difference}${again}`,
        subject: port,
        stage: reference.stage,
      });
    }
  }
  return reasons;
}

function describeInput(old: KeyInput | undefined, now: KeyInput | undefined): string | undefined {
  if (same(old, now)) return undefined;
  return old?.digest === now?.digest && old?.provenance !== now?.provenance
    ? 'came about in another way'
    : 'changed';
}

/** The plain values of settings by JSON pointer; empty lists and objects count as values. */
function leaves(value: Json, pointer = '', found = new Map<string, Json>()): ReadonlyMap<string, Json> {
  const members = Array.isArray(value)
    ? value.map((item: Json, index): [string | number, Json] => [index, item])
    : isJsonObject(value)
      ? Object.entries(value)
      : [];
  if (members.length === 0 && pointer !== '') found.set(pointer, value);
  for (const [name, member] of members) leaves(member, memberPointer(pointer, name), found);
  return found;
}

/** Where a setting was written, or the nearest that it is part of. */
function locationOf(stage: CheckedStage, pointer: string): { readonly location?: SourceLocation } {
  for (let names = parsePointer(pointer); names.length > 0; names = names.slice(0, -1)) {
    const location = stage.settingLocations[names.reduce<string>(memberPointer, '')];
    if (location !== undefined) return { location };
  }
  return {};
}

function beforeAndAfter(
  before: Json | undefined,
  after: Json | undefined,
): { readonly before?: Json; readonly after?: Json } {
  return { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

/** Fingerprints are lists of parts; where as many parts are there as before, those that differ say enough. */
function runtimeDifference(before: Json | undefined, after: Json | undefined): string {
  const old = partsOf(before);
  const now = partsOf(after);
  const differ = old.length === now.length ? old.flatMap((part, at) => (part === now[at] ? [] : [at])) : [];
  if (differ.length === 0) return `${format(before)} -> ${format(after)}`;
  return differ.map((at) => `${old[at]} -> ${now[at]}`).join(', ');
}

function partsOf(fingerprint: Json | undefined): readonly string[] {
  return typeof fingerprint === 'string' ? fingerprint.split('; ') : [];
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b));
}

function names(references: readonly string[] | undefined): string {
  return references === undefined || references.length === 0 ? 'nothing' : references.join(', ');
}

/** Longer values are cut; the recipe's diff shows them in full. */
const longestValue = 60;

function format(value: Json | undefined): string {
  if (value === undefined) return 'unset';
  if (typeof value === 'number') return formatNumber(value);
  const text = typeof value === 'string' ? value : canonicalJson(value);
  return text.length > longestValue ? `${text.slice(0, longestValue - 3)}...` : text;
}

/** As people write learning rates: 5e-5, not 0.00005. */
export function formatNumber(value: number): string {
  const small = value !== 0 && Math.abs(value) < 1e-3;
  return small ? value.toExponential().replace('e+', 'e') : String(value);
}
