import type { StageCache } from '../../src/plugin/define-stage.js';

/** Keeps artifacts in folders, as the engine keeps them in the store; `made` counts how often it had to make one. */
export function folderCache(emptyFolder: () => string): StageCache & { readonly made: number } {
  const folders = new Map<string, string>();
  return {
    get made() {
      return folders.size;
    },
    async artifact(entry, make) {
      const key = JSON.stringify(entry);
      const existing = folders.get(key);
      if (existing !== undefined) return existing;
      const folder = emptyFolder();
      await make(folder);
      folders.set(key, folder);
      return folder;
    },
  };
}
