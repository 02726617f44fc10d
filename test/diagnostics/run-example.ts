/** Runs the stages of a checked recipe one after the other in this process, to see what they say. */
import { join } from 'node:path';
import { checkExpectations } from '../../src/engine/expectations.js';
import { describeFailure } from '../../src/engine/stage-failure.js';
import type { InputArtifact, StageDefinition } from '../../src/plugin/define-stage.js';
import { loadStageDefinition } from '../../src/plugin/load-stage.js';
import type { CheckedRecipe, CheckedStage, InputReference } from '../../src/recipe/checked-recipe.js';
import type { Workshop } from '../stages/run-stage.js';
import { folderCache } from '../stages/stage-cache.js';

/** The code of the first stage that fails; none when all are done. */
export async function codeOfRun({ stages }: CheckedRecipe, workshop: Workshop): Promise<readonly string[]> {
  const folders = new Map<string, string>();
  for (const stage of stages) {
    const code = await codeOfStage(stage, folders, workshop);
    if (code !== undefined) return [code];
  }
  return [];
}

async function codeOfStage(
  stage: CheckedStage,
  folders: Map<string, string>,
  workshop: Workshop,
): Promise<string | undefined> {
  const definition = await loadStageDefinition(stage.info);
  const artifact = (
    { stage: producer, port, part, written }: InputReference,
    kind: string,
  ): InputArtifact => ({
    kind,
    path: folders.get(join(producer, port)) ?? '',
    digest: '',
    reference: written,
    ...(part !== undefined && { part }),
  });
  const inputs: Record<string, InputArtifact | readonly InputArtifact[] | undefined> = {};
  for (const [port, { kind, many }] of Object.entries(definition.inputs)) {
    const wired = (stage.inputs[port] ?? []).map((reference) => artifact(reference, String(kind)));
    inputs[port] = many === true ? wired : wired[0];
  }
  const outputs: Record<string, { readonly kind: string; readonly path: string }> = {};
  for (const [port, { kind }] of Object.entries(definition.outputs)) {
    const path = workshop.emptyFolder();
    folders.set(join(stage.name, port), path);
    outputs[port] = { kind, path };
  }
  try {
    const result = await definition.run({
      settings: stage.settings,
      inputs: inputs as Parameters<StageDefinition['run']>[0]['inputs'],
      outputs,
      seed: stage.seed,
      runtime: { name: stage.runtime, threads: 1 },
      signal: new AbortController().signal,
      log: { info: () => undefined, warning: () => undefined },
      progress: () => undefined,
      scratch: workshop.emptyFolder(),
      cache: folderCache(() => workshop.emptyFolder()),
    });
    return checkExpectations(stage, result?.metrics ?? {})?.code;
  } catch (error) {
    const failure = describeFailure(error, 'running');
    if (failure.kind === 'bug') throw error;
    return failure.code ?? failure.message;
  }
}
