import type { CheckedRecipe, CheckedStage } from '../recipe/checked-recipe.js';
import { canonicalJson } from './canonical-json.js';
import { changesOfPath, changesOfPlugin, describeChanges } from './content-changes.js';
import type { KeyPart, ResultOrigin, StageExplanation } from './explanation.js';
import { type PastResult, readHistory, wiringOf } from './history.js';
import { type InspectedStage, inspectStages } from './inspect-stages.js';
import { type KeyedStage, type PathMemory, readFiles } from './inspection.js';
import { type KeyData, makeKeyData } from './key-data.js';
import type { RunReason } from './plan.js';
import { explainDifferences } from './reasons.js';
import type { ResultRecord } from './result-record.js';
import { listRuns } from './run-record.js';
import { selectStages } from './selection.js';
import type { Store } from './store.js';

/**
 * Explains a stage: what differs from its previous result, down to the setting, the lines of a file and the stage that the
 * difference comes from; or why its result is in the store, and which run made it.
 *
 * Computes nothing but keys. Throws a `UserError` when there is no such stage or a file that the recipe names cannot be read.
 */
export async function explainStage(
  recipe: CheckedRecipe,
  name: string,
  { store }: { readonly store: Store },
): Promise<StageExplanation> {
  const { stages } = selectStages(recipe, { only: [name] });
  const paths: PathMemory = new Map();
  const inspected = await inspectStages(recipe, stages, { store, paths });
  const byName = new Map(inspected.map((found) => [found.stage.name, found]));
  return new Explainer(store, recipe, byName, paths).explain(name);
}

class Explainer {
  private readonly told = new Set<string>();

  constructor(
    private readonly store: Store,
    private readonly recipe: CheckedRecipe,
    private readonly inspected: ReadonlyMap<string, InspectedStage>,
    private readonly paths: PathMemory,
  ) {}

  async explain(name: string): Promise<StageExplanation> {
    this.told.add(name);
    const found = this.inspected.get(name);
    if (found === undefined) throw new Error(`Stage ${name} was not inspected`);
    const { stage } = found;
    switch (found.state) {
      case 'hit':
        return this.explainHit(stage, found.keyed, found.record);
      case 'run':
        return this.explainRun(stage, found.keyed, found.reasons);
      case 'waiting':
        return this.explainWaiting(stage, found.waitsFor);
    }
  }

  private async explainHit(
    stage: CheckedStage,
    { key, data }: KeyedStage,
    record: ResultRecord,
  ): Promise<StageExplanation> {
    const last = await readHistory(this.store, this.recipe, stage);
    const isLast = last?.key === key;
    const other = isLast ? last.previous : last;
    const reasons = other === undefined ? [] : await this.differences(stage, other, data);
    return {
      stage: stage.name,
      type: stage.info.type,
      state: 'hit',
      key,
      comparedWith: other === undefined ? 'none' : isLast ? 'before-last' : 'last',
      reasons,
      equal: keyParts(stage, data),
      origin: await originOf(this.store, record),
      waitsFor: [],
      causes: await this.causesOf(reasons.flatMap((reason) => reason.stage ?? [])),
    };
  }

  private async explainRun(
    stage: CheckedStage,
    { key, data }: KeyedStage,
    told: readonly RunReason[],
  ): Promise<StageExplanation> {
    const last = await readHistory(this.store, this.recipe, stage);
    const reasons = last === undefined ? told : await this.withContents(stage, told, last.data, data);
    return {
      stage: stage.name,
      type: stage.info.type,
      state: 'run',
      key,
      comparedWith: last === undefined ? 'none' : 'last',
      reasons,
      equal: last === undefined ? [] : equalParts(stage, last.data, data),
      waitsFor: [],
      causes: await this.causesOf(reasons.flatMap((reason) => reason.stage ?? [])),
    };
  }

  private async explainWaiting(stage: CheckedStage, waitsFor: readonly string[]): Promise<StageExplanation> {
    const last = await readHistory(this.store, this.recipe, stage);
    const known = { stage: stage.name, type: stage.info.type, state: 'waiting' as const, waitsFor };
    const causes = await this.causesOf(waitsFor);
    if (last === undefined) {
      const reasons: readonly RunReason[] = [{ kind: 'first-run', text: 'it has not run before' }];
      return { ...known, comparedWith: 'none', reasons, equal: [], causes };
    }
    // As if what it waits for came out as it was: all else can be compared already.
    const unchanged = canonicalJson(last.wiring) === canonicalJson(wiringOf(stage));
    const inputs = unchanged ? last.data.inputs : {};
    const data = makeKeyData(stage, inputs, await readFiles(this.store, stage, this.paths));
    const reasons = await this.differences(stage, last, data);
    const equal = equalParts(stage, last.data, data).filter(({ part }) => part !== 'input');
    return { ...known, comparedWith: 'last', reasons, equal, causes };
  }

  private async differences(
    stage: CheckedStage,
    before: PastResult,
    data: KeyData,
  ): Promise<readonly RunReason[]> {
    const reasons = explainDifferences(stage, before, data, () => false);
    return this.withContents(stage, reasons, before.data, data);
  }

  /** The reasons, with what changed inside the files that they name. */
  private async withContents(
    stage: CheckedStage,
    reasons: readonly RunReason[],
    before: KeyData,
    data: KeyData,
  ): Promise<readonly RunReason[]> {
    return Promise.all(
      reasons.map(async (reason) => {
        const pointer = stage.paths.find(({ written }) => written === reason.subject)?.pointer;
        const contents =
          reason.kind === 'plugin'
            ? await changesOfPlugin(this.store, stage, before)
            : reason.kind === 'file' && pointer !== undefined
              ? await changesOfPath(this.store, stage, pointer, before, data)
              : undefined;
        if (contents === undefined) return reason;
        return {
          ...reason,
          text: `${reason.text}: ${describeChanges(contents, reason.subject ?? '')}`,
          contents,
        };
      }),
    );
  }

  private async causesOf(stages: readonly string[]): Promise<readonly StageExplanation[]> {
    const causes: StageExplanation[] = [];
    for (const name of new Set(stages)) {
      if (this.told.has(name) || !this.inspected.has(name)) continue;
      const cause = await this.explain(name);
      // A stage that is a hit and has no other result behind it explains no change.
      if (cause.state !== 'hit' || cause.reasons.length > 0) causes.push(cause);
    }
    return causes;
  }
}

async function originOf(store: Store, record: ResultRecord): Promise<ResultOrigin> {
  const { finishedAt, durationMs } = record;
  for (const run of await listRuns(store)) {
    const maker = run.stages.find(({ key, outcome }) => key === record.key && outcome !== 'hit');
    if (maker === undefined) continue;
    return { run: run.id, recipe: run.recipe, stage: maker.name, finishedAt, durationMs };
  }
  return { finishedAt, durationMs };
}

/** Everything that a key is made of. */
function keyParts(stage: CheckedStage, data: KeyData): readonly KeyPart[] {
  const code = `${data.type} version ${data.version}`;
  // What is `null` is a path, whose contents count instead.
  const settings = Object.values(data.settings).filter((value) => value !== null).length;
  return [
    data.plugin === undefined
      ? { part: 'code', text: code }
      : { part: 'code', text: `${code} and its source`, digest: data.plugin },
    ...(settings > 0
      ? [{ part: 'settings' as const, text: `${settings} ${settings === 1 ? 'setting' : 'settings'}` }]
      : []),
    ...Object.entries(data.files).map(([pointer, { digest }]) => ({
      part: 'file' as const,
      text: stage.paths.find((path) => path.pointer === pointer)?.written ?? pointer,
      digest,
    })),
    ...Object.entries(data.inputs).flatMap(([port, inputs]) =>
      inputs.map(({ digest }, index) => ({
        part: 'input' as const,
        text: `${port}: ${stage.inputs[port]?.[index]?.written ?? 'an input'}`,
        digest,
      })),
    ),
    ...(data.seed === undefined ? [] : [{ part: 'seed' as const, text: `seed ${data.seed}` }]),
    ...(data.runtime === undefined
      ? []
      : [{ part: 'runtime' as const, text: `runtime ${runtimeName(data)}` }]),
  ];
}

/** The parts that two keys share. */
function equalParts(stage: CheckedStage, before: KeyData, data: KeyData): readonly KeyPart[] {
  const old = new Set(keyParts(stage, before).map((part) => canonicalJson(part)));
  const shared = keyParts(stage, data).filter(
    (part) => part.part !== 'settings' && old.has(canonicalJson(part)),
  );
  const same = Object.entries(data.settings).filter(
    ([name, value]) =>
      value !== null &&
      before.settings[name] !== undefined &&
      canonicalJson(before.settings[name]) === canonicalJson(value),
  ).length;
  const settings: readonly KeyPart[] =
    same === 0 ? [] : [{ part: 'settings', text: `${same} ${same === 1 ? 'setting' : 'settings'}` }];
  return [...settings, ...shared];
}

function runtimeName({ runtime }: KeyData): string {
  return typeof runtime === 'string' ? runtime : canonicalJson(runtime);
}
