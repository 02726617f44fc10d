import type { NewDiagnostic } from '../diagnostics/diagnostic.js';
import type { PluginReference } from './load-registry.js';
import type { StageInfo } from './stage-info.js';

/** What came of loading a plugin. */
export interface LoadedPlugin {
  readonly stages: readonly StageInfo[];
  readonly files: readonly string[];
  readonly diagnostics: readonly NewDiagnostic[];
}

/** Loads the plugin. */
export async function loadPlugin(plugin: PluginReference, _cache: string): Promise<LoadedPlugin> {
  throw new Error(`plugins come next: ${plugin.written}`);
}
