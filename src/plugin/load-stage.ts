import { pathToFileURL } from 'node:url';
import type { StageDefinition } from './define-stage.js';
import { isStageDefinition } from './describe-stage.js';
import type { StageInfo } from './stage-info.js';

/**
 * Imports the code of a stage type; called in the process that runs it, never to plan.
 *
 * A built-in type lives in `stages/TYPE/TYPE.js` next to this folder, as its default export. Throws when the module
 * does not define the type, which for a plugin means that its bundle was changed by hand.
 */
export async function loadStageDefinition({
  type,
  source,
}: Pick<StageInfo, 'type' | 'source'>): Promise<StageDefinition> {
  const url = source.from === 'roux' ? builtinStageModule(type).href : pathToFileURL(source.module).href;
  const module: Readonly<Record<string, unknown>> = await import(url);
  const definition = exportedValues(module).find((value) => isStageDefinition(value) && value.type === type);
  if (isStageDefinition(definition)) return definition;
  throw new Error(`${url} does not define the stage type '${type}'`);
}

/** The module of a built-in stage type; JavaScript in dist/, TypeScript in src/ under a test runner. */
function builtinStageModule(type: string): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`../stages/${type}/${type}.${extension}`, import.meta.url);
}

/** What a module exports, the members of exported lists included. */
export function exportedValues(module: Readonly<Record<string, unknown>>): readonly unknown[] {
  return [...new Set(Object.values(module).flat())];
}
