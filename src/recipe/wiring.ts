/** `in:` -> references: which output port of which stage feeds each input port. */
import type { Diagnostics } from '../diagnostics/diagnostic.js';
import { closest, didYouMean, listOfNames } from '../diagnostics/suggest.js';
import type { StageInfo } from '../plugin/stage-info.js';
import { accepts, article, candidatesOf, kindsOf, type OutputCandidate, partsOf, portOf } from './ports.js';
import { entriesOf, excerptOf, type MapEntry, type Origin, type RecipeNode } from './recipe-node.js';
import { readSelector, type Selector } from './selector.js';

/** What wiring needs to know of a stage type, or of a recipe that is used as a stage. */
export type StagePorts = Pick<StageInfo, 'type' | 'inputs' | 'outputs'>;

/** A stage of the recipe while it is being checked. */
export interface DraftStage {
  readonly name: string;
  /** The entry under `stages`. */
  readonly entry: MapEntry;
  /** Absent when the stage type is not known, which was complained about. */
  readonly info: StagePorts | undefined;
}

/** The pseudo stage whose outputs are what a sub-recipe is given. */
export const inputsName = 'inputs';

/** The stages by name. */
export type DraftStages = ReadonlyMap<string, DraftStage>;

/** A stage that another one reads, whether or not the kinds fit; what cycles are looked for in. */
export interface Edge {
  readonly from: string;
  readonly place: Origin;
}

/** A reference to an artifact of another stage of the same recipe, by the stage's name there. */
export interface WiredReference {
  readonly stage: string;
  readonly port: string;
  readonly part?: string;
  /** The variants that are meant; the reader's own where nothing is said. */
  readonly selectors: readonly Selector[];
  readonly written: string;
  readonly place: Origin;
}

/** The wiring of one stage. */
export interface Wiring {
  readonly inputs: Readonly<Record<string, readonly WiredReference[]>>;
  readonly edges: readonly Edge[];
}

/** Resolves the references of one stage and checks them against its ports. */
export function wire(stage: DraftStage, stages: DraftStages, diagnostics: Diagnostics): Wiring {
  return new Wirer(stage, stages, diagnostics).wire();
}

/** What a reference leads to, without regard to what is wanted there; undefined when that was complained about. */
export function findSource(
  node: RecipeNode,
  reader: DraftStage,
  stages: DraftStages,
  diagnostics: Diagnostics,
): { readonly kind: string; readonly reference: WiredReference } | undefined {
  return new Wirer(reader, stages, diagnostics).find(node);
}

interface Source {
  readonly stage: DraftStage;
  readonly candidates: readonly OutputCandidate[];
  readonly selectors: readonly Selector[];
  readonly written: string;
  readonly node: RecipeNode;
}

class Wirer {
  readonly #inputs = new Map<string, WiredReference[]>();
  readonly #edges: Edge[] = [];
  /** Ports that something was written for, right or wrong. */
  readonly #attempted = new Set<string>();
  #hasUnplaced = false;

  constructor(
    readonly stage: DraftStage,
    readonly stages: DraftStages,
    readonly diagnostics: Diagnostics,
  ) {}

  wire(): Wiring {
    const written = entriesOf(this.stage.entry.value).find(({ name }) => name === 'in');
    if (written?.value.unknown) this.#hasUnplaced = true;
    else if (written?.value.kind === 'map')
      for (const entry of entriesOf(written.value)) this.#wirePort(entry);
    else if (written) for (const node of listOf(written.value)) this.#wireByKind(node);
    if (!this.#hasUnplaced) this.#checkRequired(written?.key ?? this.stage.entry.key);
    return { inputs: Object.fromEntries(this.#inputs), edges: this.#edges };
  }

  find(node: RecipeNode): { readonly kind: string; readonly reference: WiredReference } | undefined {
    const source = this.#source(node);
    const [candidate] = source?.candidates ?? [];
    return source && candidate && { kind: candidate.kind, reference: referenceTo(source, candidate) };
  }

  #wirePort({ name, key, value }: MapEntry): void {
    const { info } = this.stage;
    const port = info && portOf(info.inputs, name);
    const nodes = listOf(value);
    this.#attempted.add(name);
    if (info && !port) this.#unknownInput(name, key, nodes, info);
    if (port && !port.many && nodes.length > 1) {
      this.diagnostics.add({
        code: 'wiring/too-many',
        message: `the input '${name}' of stage '${this.stage.name}' takes one artifact`,
        location: excerptOf(value.origin),
        found: `${nodes.length} references`,
      });
    }
    if (nodes.length === 0 && value.kind === 'list') this.#attempted.delete(name);
    for (const node of nodes) {
      const source = this.#source(node);
      if (!source || !port) continue;
      const fitting = source.candidates.find(({ kind }) => accepts(port, kind));
      if (fitting) this.#connect(name, source, fitting);
      else
        this.#kindMismatch(
          `the input '${name}' of stage '${this.stage.name}' takes ${kindsOf(port)}`,
          source,
        );
    }
  }

  #wireByKind(node: RecipeNode): void {
    const source = this.#source(node);
    const { info } = this.stage;
    if (!source || !info) {
      this.#hasUnplaced = true;
      return;
    }
    const ports = Object.entries(info.inputs).filter(([, port]) =>
      source.candidates.some(({ kind }) => accepts(port, kind)),
    );
    const [first] = ports;
    if (ports.length > 1 && ports.every(([, port]) => port.many)) {
      // Inputs that collect take everything that fits them: a report shows a training's curve and its model.
      for (const [name, port] of ports) {
        for (const candidate of source.candidates) {
          if (accepts(port, candidate.kind)) this.#connect(name, source, candidate);
        }
        this.#attempted.add(name);
      }
      return;
    }
    if (ports.length === 1 && first) {
      const [name, port] = first;
      const fitting = source.candidates.find(({ kind }) => accepts(port, kind));
      if (this.#inputs.has(name) && !port.many) {
        this.diagnostics.add({
          code: 'wiring/too-many',
          message: `the input '${name}' of stage '${this.stage.name}' takes one artifact, and has one already`,
          location: excerptOf(node.origin),
        });
      } else if (fitting) this.#connect(name, source, fitting);
      this.#attempted.add(name);
      return;
    }
    this.#hasUnplaced = true;
    if (ports.length > 1) {
      this.diagnostics.add({
        code: 'wiring/ambiguous',
        message: `'${source.written}' fits more than one input of stage '${this.stage.name}'`,
        location: excerptOf(node.origin),
        found: listOfNames(
          ports.map(([name]) => name),
          'and',
        ),
        help: `name the input: in: { ${first?.[0]}: ${source.written} }`,
      });
    } else if (Object.keys(info.inputs).length === 0) {
      const message = `the stage type '${info.type}' takes no inputs`;
      this.diagnostics.add({ code: 'wiring/unknown-input', message, location: excerptOf(node.origin) });
    } else {
      const takes = Object.entries(info.inputs).map(([name, port]) => `${name}: ${kindsOf(port)}`);
      this.#kindMismatch(`no input of stage '${this.stage.name}' fits; it takes ${takes.join(', ')}`, source);
    }
  }

  /** What a reference leads to, without regard to kinds. */
  #source(node: RecipeNode): Source | undefined {
    // Wrong types were complained about when the structure was checked.
    if (node.unknown || node.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
    const written = node.value;
    const match = /^([\w-]+)(?:\[([^\]]*)\])?(?:\.([\w-]+))?(?:\.([\w-]+))?$/.exec(written);
    const [, name = '', brackets, second, third] = match ?? [];
    const selector = brackets === undefined ? undefined : readSelector(brackets, node.origin);
    if (!match || (brackets !== undefined && !selector)) {
      this.diagnostics.add({
        code: 'wiring/syntax',
        message: `'${written}' is no reference`,
        location: excerptOf(node.origin),
        expected: 'stage, stage.port, stage.part or stage.port.part',
        ...((brackets !== undefined || written.includes('[')) && { help: helpOnBrackets(written, name) }),
      });
      return undefined;
    }
    const stage = this.stages.get(name);
    if (!stage) {
      const names = [...this.stages.keys()].filter((other) => other !== this.stage.name);
      const inputs = Object.keys(this.stages.get(inputsName)?.info?.outputs ?? {});
      const help = inputs.includes(name) ? `did you mean 'inputs.${name}'?` : didYouMean(name, names);
      this.diagnostics.add({
        code: 'wiring/unknown-stage',
        message: `there is no stage '${name}'`,
        location: excerptOf(node.origin),
        expected: names.length === 0 ? 'another stage; there is none' : listOfNames(names),
        ...(help && { help }),
      });
      return undefined;
    }
    this.#edges.push({ from: name, place: node.origin });
    if (!stage.info) return undefined;
    const candidates = candidatesOf(stage.info, second, third);
    if (candidates.length > 0)
      return { stage, candidates, selectors: selector ? [selector] : [], written, node };
    this.#unknownOutput(
      stage,
      stage.info,
      third ?? second ?? '',
      third === undefined ? undefined : second,
      node,
    );
    return undefined;
  }

  #connect(port: string, source: Source, output: OutputCandidate): void {
    this.#inputs.set(port, [...(this.#inputs.get(port) ?? []), referenceTo(source, output)]);
  }

  #checkRequired(place: Origin): void {
    for (const [name, port] of Object.entries(this.stage.info?.inputs ?? {})) {
      if (port.optional || this.#attempted.has(name)) continue;
      const makers = [...this.stages.values()].filter(
        ({ name: maker, info }) =>
          maker !== this.stage.name &&
          Object.values(info?.outputs ?? {}).some(({ kind }) => accepts(port, kind)),
      );
      const [maker] = makers;
      this.diagnostics.add({
        code: 'wiring/missing-input',
        message: `stage '${this.stage.name}' needs the input '${name}'`,
        location: excerptOf(place),
        expected: `${kindsOf(port)}: ${lowerFirst(port.description)}`,
        ...(maker && {
          help: `in: { ${name}: ${maker.name} }${makers.length > 1 ? ', or another stage that makes it' : ''}`,
        }),
      });
    }
  }

  /** What is written there is taken to be meant for the input with the nearest name, or the one that it fits. */
  #unknownInput(name: string, key: Origin, nodes: readonly RecipeNode[], info: StagePorts): void {
    const names = Object.keys(info.inputs);
    const kinds = nodes.flatMap((node) => this.#source(node)?.candidates ?? []).map(({ kind }) => kind);
    const fitting = Object.entries(info.inputs).filter(([, port]) =>
      kinds.some((kind) => accepts(port, kind)),
    );
    const meant = closest(name, names) ?? (fitting.length === 1 ? fitting[0]?.[0] : undefined);
    if (meant !== undefined) this.#attempted.add(meant);
    this.diagnostics.add({
      code: 'wiring/unknown-input',
      message: `the stage type '${info.type}' has no input '${name}'`,
      location: excerptOf(key),
      expected: names.length === 0 ? 'nothing; it takes no inputs' : listOfNames(names),
      ...(meant !== undefined && { help: `did you mean '${meant}'?` }),
    });
  }

  #unknownOutput(
    stage: DraftStage,
    info: StagePorts,
    name: string,
    port: string | undefined,
    node: RecipeNode,
  ): void {
    const outputs = Object.entries(info.outputs);
    const parts = outputs
      .filter(([output]) => port === undefined || output === port)
      .flatMap(([, { kind }]) => partsOf(kind));
    const isPortKnown = port === undefined || Object.hasOwn(info.outputs, port);
    const wrong = isPortKnown ? name : (port ?? name);
    const known =
      isPortKnown && port !== undefined ? parts : [...outputs.map(([output]) => output), ...new Set(parts)];
    const help = didYouMean(wrong, known);
    this.diagnostics.add({
      code: 'wiring/unknown-output',
      message:
        isPortKnown && port !== undefined
          ? `the output '${port}' of stage '${stage.name}' has no part '${name}'`
          : `stage '${stage.name}' has no output${wrong === '' ? '' : ` '${wrong}'`}`,
      location: excerptOf(node.origin),
      ...(wrong !== '' && { expected: known.length === 0 ? 'nothing; it has none' : listOfNames(known) }),
      ...(help && { help }),
      related: [{ location: excerptOf(stage.entry.key), message: `stage '${stage.name}' is written here` }],
    });
  }

  #kindMismatch(message: string, { stage, candidates, written, node }: Source): void {
    const [only] = candidates;
    const makes = candidates.map(({ port, kind }) => `${port}: ${kind}`).join(', ');
    this.diagnostics.add({
      code: 'wiring/kind',
      message,
      location: excerptOf(node.origin),
      found:
        only === undefined
          ? `'${written}', which makes nothing`
          : candidates.length === 1
            ? `'${written}', which is ${article(only.kind)}`
            : `'${written}', which makes ${makes}`,
      related: [{ location: excerptOf(stage.entry.key), message: `stage '${stage.name}' is written here` }],
    });
  }
}

function referenceTo(
  { stage, selectors, written, node }: Source,
  { port, part }: OutputCandidate,
): WiredReference {
  return {
    stage: stage.name,
    port,
    ...(part !== undefined && { part }),
    selectors,
    written,
    place: node.origin,
  };
}

function listOf(node: RecipeNode): readonly RecipeNode[] {
  return node.kind === 'list' ? node.items : [node];
}

/** `tune.model[size=1]` is written as `tune[size=1].model`. */
function helpOnBrackets(written: string, name: string): string {
  const [, stage, rest, brackets] = /^([\w-]+)((?:\.[\w-]+)+)(\[[^\]]*\])$/.exec(written) ?? [];
  if (stage !== undefined) return `brackets follow the stage: ${stage}${brackets}${rest}`;
  const meant = name === '' ? 'train' : name;
  return `variants of a stage are ${meant}[*] or ${meant}[NAME=VALUE]`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
