/** One stage of a recipe: its name, type, settings, paths and expectations. */
import { resolve } from 'node:path';
import type { Diagnostics } from '../diagnostics/diagnostic.js';
import type { SourceLocation } from '../diagnostics/source-text.js';
import { didYouMean, listOfNames } from '../diagnostics/suggest.js';
import type { Json, JsonObject, StageInfo, StageRegistry } from '../plugin/stage-info.js';
import type { Expectation, PathReference } from './checked-recipe.js';
import { readExpectations } from './expectations.js';
import { pathSettings, replaceAt, resolvePath } from './path-settings.js';
import {
  childPointer,
  entriesOf,
  excerptOf,
  locationOf,
  type MapEntry,
  pointerSegments,
  type RecipeNode,
  toJsonObject,
  valueAt,
} from './recipe-node.js';
import { stageNamePattern } from './recipe-schema.js';
import { type SchemaSubject, schemaDiagnostics } from './schema-diagnostics.js';
import { alternativeSettingDiagnostics, settingConditionDiagnostics } from './setting-conditions.js';
import { settingRuleDiagnostics } from './setting-rules.js';

/** A stage's own values, without what connects it to others. */
export interface StageValues {
  readonly settings: JsonObject;
  readonly paths: readonly PathReference[];
  readonly expect: readonly Expectation[];
  readonly settingLocations: Readonly<Record<string, SourceLocation>>;
}

/** Finds the stage type; an unknown one is a diagnostic. */
export function findStageType(
  { name, key, value }: MapEntry,
  registry: StageRegistry,
  diagnostics: Diagnostics,
): StageInfo | undefined {
  if (!new RegExp(stageNamePattern).test(name)) {
    diagnostics.add({
      code: 'recipe/stage-name',
      message: `'${name}' cannot be the name of a stage`,
      location: excerptOf(key),
      expected: 'a letter, then letters, digits, hyphens and underscores, at most 100',
    });
  }
  const uses = valueAt(value, 'uses');
  if (uses?.kind !== 'scalar' || typeof uses.value !== 'string' || uses.value === '' || uses.unknown)
    return undefined;
  const info = registry.get(uses.value);
  if (info) return info;
  const types = [...registry.keys()].sort();
  diagnostics.add({
    code: 'recipe/unknown-stage-type',
    message: `there is no stage type '${uses.value}'`,
    location: excerptOf(uses.origin),
    expected: listOfNames(types),
    help: didYouMean(uses.value, types) ?? "a plugin that defines it must be listed under 'plugins:'",
  });
  return undefined;
}

/** Checks settings, paths and expectations. */
export function checkStageValues(
  { name, key, value }: MapEntry,
  info: StageInfo,
  diagnostics: Diagnostics,
): StageValues {
  const written = valueAt(value, 'with');
  const withKey = entriesOf(value).find((entry) => entry.name === 'with')?.key;
  const fallback = withKey ?? key;
  const node: RecipeNode =
    written?.kind === 'map'
      ? written
      : {
          kind: 'map',
          entries: new Map(),
          origin: fallback,
          folder: value.folder,
          unknown: isWrong(written),
        };
  const settings = toJsonObject(node);
  const errors = info.validate(settings);
  const subject: SchemaSubject = {
    code: 'setting',
    keyNoun: 'setting',
    owner: (pointer: string) =>
      pointer === ''
        ? `stage '${name}' (${info.type})`
        : `the setting '${pointerSegments(pointer).join('.')}'`,
    fallback,
  };
  diagnostics.addAll(schemaDiagnostics(errors, info.settings, node, subject));
  diagnostics.addAll(alternativeSettingDiagnostics(info.settings, node, subject.owner('')));
  diagnostics.addAll(settingConditionDiagnostics(info.settings, settings, node));
  const wrong = errors.map(({ instancePath }) => instancePath);
  diagnostics.addAll(settingRuleDiagnostics(info.settings, node, wrong));
  const paths = checkPaths(info.settings, node, settings, diagnostics);
  const settingLocations: Record<string, SourceLocation> = {};
  collectLocations(node, '', settingLocations);
  return {
    settings,
    paths,
    expect: readExpectations(valueAt(value, 'expect'), diagnostics),
    settingLocations,
  };
}

/** Something stands under `with` that is no map, and was complained about; nothing else need be said of it. */
function isWrong(written: RecipeNode | undefined): boolean {
  return written !== undefined && written.kind !== 'map';
}

function checkPaths(
  schema: JsonObject,
  node: RecipeNode,
  settings: { [key: string]: Json },
  diagnostics: Diagnostics,
): readonly PathReference[] {
  const references: PathReference[] = [];
  for (const { pointer, node: place, written, isOutput } of pathSettings(schema, node)) {
    if (isOutput) {
      replaceAt(settings, pointerSegments(pointer), resolve(place.folder, written));
      continue;
    }
    const path = resolvePath(written, place.folder);
    if (path.ok) {
      replaceAt(settings, pointerSegments(pointer), path.value);
      references.push({ pointer, absolute: path.value, written, location: locationOf(place.origin) });
    } else {
      const from = place.from;
      diagnostics.add({
        ...path.error,
        location: excerptOf(place.origin),
        related: from ? [{ location: excerptOf(from.origin), message: 'the value comes from here' }] : [],
      });
    }
  }
  return references;
}

function collectLocations(
  node: RecipeNode,
  pointer: string,
  locations: Record<string, SourceLocation>,
): void {
  if (pointer !== '') locations[pointer] = locationOf(node.origin);
  if (node.kind === 'map') {
    for (const { name, value } of entriesOf(node))
      collectLocations(value, childPointer(pointer, name), locations);
  } else if (node.kind === 'list') {
    node.items.forEach((item, index) => {
      collectLocations(item, childPointer(pointer, index), locations);
    });
  }
}
