import type { Diagnostics } from '../diagnostics/diagnostic.js';
import type { Json, StageRegistry } from '../plugin/stage-info.js';
import { isObject } from './describe-schema.js';
import { type MapNode, pointerSegments, toJson, valueAt } from './recipe-node.js';
import { recipeSchema } from './recipe-schema.js';
import { loadRecipeValidator } from './recipe-validator.js';
import { schemaDiagnostics } from './schema-diagnostics.js';

/** Checks the recipe against the schema of its structure. */
export async function checkStructure(
  recipe: MapNode,
  registry: StageRegistry | undefined,
  diagnostics: Diagnostics,
): Promise<void> {
  const validate = await loadRecipeValidator();
  if (validate(toJson(recipe))) return;
  diagnostics.addAll(
    schemaDiagnostics(validate.errors ?? [], recipeSchema, recipe, {
      code: 'recipe',
      keyNoun: 'key',
      owner: ownerOf,
      // The first character stands for the whole file.
      fallback: { ...recipe.origin, end: recipe.origin.start + 1 },
      valueHelp,
      unknownKeyHelp: (pointer, key) =>
        variationHelp(pointer, key) ?? misplacedSetting(recipe, registry, pointer, key),
    }),
  );
}

function ownerOf(pointer: string): string {
  const [section, name, ...rest] = pointerSegments(pointer);
  if (section === undefined) return 'the recipe';
  if (name === undefined) return `'${section}'`;
  if (section === 'stages' && rest.length === 0) return `stage '${name}'`;
  if (section === 'params' && rest.length === 0) return `the parameter '${name}'`;
  return `'${rest.at(-1) ?? name}'`;
}

function valueHelp(pointer: string, value: Json): string | undefined {
  const [section, name, key, metric] = pointerSegments(pointer);
  if (section === 'matrix' && name === undefined) return matrixHelp;
  if (section === 'stages' && key === 'foreach' && metric === undefined) return foreachHelp;
  if (section !== 'stages' || name === undefined) return undefined;
  if (key === undefined && typeof value === 'string') return `write ${name}: { uses: ${value} }`;
  const isExpectation = key === 'expect' && metric !== undefined && typeof value === 'number';
  return isExpectation ? `write ${metric}: '>= ${value}'` : undefined;
}

const foreachHelp = `give it a name: foreach: { size: [1, 2] }, and \`\${foreach.size}\` stands for the value`;
const matrixHelp = "'matrix' at the top of the recipe varies params by name: matrix: { epochs: [1, 3] }";

/** What others call `strategy`, `matrix` in a stage, or a `matrix` of items that are no params. */
function variationHelp(pointer: string, key: string): string | undefined {
  if (key !== 'strategy' && key !== 'matrix') return undefined;
  return pointer === ''
    ? matrixHelp
    : `${matrixHelp}; a stage alone varies with foreach: { size: [1, 2] } and \`\${foreach.size}\``;
}

/** A setting that was written beside `with` instead of under it. */
function misplacedSetting(
  recipe: MapNode,
  registry: StageRegistry | undefined,
  pointer: string,
  key: string,
): string | undefined {
  const [section, name, ...rest] = pointerSegments(pointer);
  if (section !== 'stages' || name === undefined || rest.length > 0) return undefined;
  const uses = valueAt(valueAt(valueAt(recipe, 'stages'), name), 'uses');
  const info = uses?.kind === 'scalar' ? registry?.get(String(uses.value)) : undefined;
  const properties = info?.settings.properties;
  if (isObject(properties) && Object.hasOwn(properties, key))
    return `write the setting '${key}' under 'with:'`;
  const isInput = info !== undefined && Object.hasOwn(info.inputs, key);
  return isInput ? `write the input '${key}' under 'in:'` : undefined;
}
