/** The stage types of a recipe: those that come with roux and those of its plugins. */
import { join } from 'node:path';
import type { Diagnostic } from '../diagnostics/diagnostic.js';
import { Diagnostics } from '../diagnostics/diagnostic.js';
import { failure, success } from '../diagnostics/result.js';
import { loadBuiltinStages } from './builtin-stages.js';
import type { PluginReference } from './load-plugin.js';
import { projectRoot } from './project-root.js';
import type { StageInfo, StageRegistry } from './stage-info.js';

/** What to load. */
export interface LoadRegistryOptions {
  /** Plugins; a plain text is taken from `from`. */
  readonly plugins?: readonly (string | PluginReference)[];
  /** The folder of the recipe; default: the working directory. */
  readonly from?: string;
  /** The stage types to begin with; default: those that come with roux. */
  readonly builtins?: StageRegistry;
  /** Where bundled plugins are kept; default: `.roux/plugins` at the project's root. */
  readonly cache?: string;
}

/** Stage types and the files that they were read from. */
export interface LoadedRegistry {
  readonly registry: StageRegistry;
  /** The plugins' own source files, absolute. */
  readonly files: readonly string[];
}

/** Stage types, or what is wrong with plugins and the files that it may be in. */
export type LoadRegistryResult =
  | { readonly ok: true; readonly value: LoadedRegistry }
  | { readonly ok: false; readonly error: readonly Diagnostic[]; readonly files: readonly string[] };

/** Loads the stage types. A plugin that is missing, broken or in conflict is a diagnostic at the place that names it. */
export async function loadRegistry(options: LoadRegistryOptions = {}): Promise<LoadRegistryResult> {
  const from = options.from ?? process.cwd();
  const registry = new Map<string, StageInfo>(options.builtins ?? loadBuiltinStages());
  const plugins = (options.plugins ?? []).map((plugin) =>
    typeof plugin === 'string' ? { written: plugin, folder: from } : plugin,
  );
  const files: string[] = [];
  if (plugins.length === 0) return success({ registry, files });
  const diagnostics = new Diagnostics();
  const { loadPlugin } = await import('./load-plugin.js');
  const cache = options.cache ?? join(projectRoot(from), '.roux', 'plugins');
  for (const plugin of plugins) {
    const loaded = await loadPlugin(plugin, cache);
    files.push(...loaded.files);
    diagnostics.addAll(loaded.diagnostics);
    for (const info of loaded.stages) {
      const other = registry.get(info.type);
      // Recipes in several folders may name the same package.
      if (other && !isSame(other, info)) {
        diagnostics.add({
          code: 'plugin/collision',
          message: `the plugin '${plugin.written}' defines the stage type '${info.type}', which exists already`,
          ...(plugin.location && { location: plugin.location }),
          found:
            other.source.from === 'roux' ? 'a stage type of roux' : `a stage type of ${other.source.file}`,
          help: 'give the stage type another name',
        });
      } else if (!other) registry.set(info.type, info);
    }
  }
  if (diagnostics.hasErrors) return { ...failure(diagnostics.errors()), files };
  return success({ registry, files });
}

function isSame({ source: a }: StageInfo, { source: b }: StageInfo): boolean {
  return a.from === 'plugin' && b.from === 'plugin' && a.file === b.file && a.digest === b.digest;
}
