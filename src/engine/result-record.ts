/** What the store keeps of a stage that ended well: key -> outputs and summary. */
export interface ResultRecord {
  readonly key: string;
  readonly stageType: string;
  /** The data the key was made from, to tell later what differs. */
  readonly fingerprint: Readonly<Record<string, unknown>>;
  /** Output port -> artifact. */
  readonly outputs: Readonly<Record<string, StoredArtifact>>;
  readonly metrics: Readonly<Record<string, number>>;
  readonly summary?: string;
  readonly table?: readonly (readonly (string | number)[])[];
  /** Keys of results that the stage kept or found on the way (`StageCache`), which stay as long as this one. */
  readonly kept?: readonly string[];
  readonly warnings: readonly string[];
  /** Wall time of the run that made it, in milliseconds. */
  readonly durationMs: number;
  /** ISO 8601. */
  readonly finishedAt: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly logTail: readonly string[];
}

/** An artifact in the store. */
export interface StoredArtifact {
  readonly kind: string;
  /** Hexadecimal SHA-256 over the sorted list of (path, file SHA-256, size). */
  readonly digest: string;
  readonly bytes: number;
  readonly files: readonly { readonly path: string; readonly sha256: string; readonly size: number }[];
}
