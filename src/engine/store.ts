/** A store, opened. */
export interface Store {
  /** Absolute path of the folder (`.roux`). */
  readonly folder: string;
  /** The folder of an artifact, whether it is there or not. */
  artifactFolder(digest: string): string;
  /** Ends this process's presence in the store (its heartbeat, its locks). */
  close(): Promise<void>;
}

/**
 * Opens a store, makes it when there is none, and clears what killed processes left behind.
 *
 * Throws a `UserError` when the folder cannot be written or was made by a newer roux.
 */
export async function openStore(_folder: string): Promise<Store> {
  throw new Error('not written yet');
}

/** The store of a project: `ROUX_STORE` (handed in) or `.roux` in `projectFolder`; absolute. */
export function defaultStoreFolder(_projectFolder: string, _rouxStore?: string): string {
  throw new Error('not written yet');
}
