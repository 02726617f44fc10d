/** Where the things are that a run makes for people: reports and exported models. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { shortPath } from '../diagnostics/short-path.js';
import type { ResultRecord, StoredArtifact } from '../engine/result-record.js';
import type { Store } from '../engine/store.js';

/** A report or an export. */
export interface Product {
  readonly stage: string;
  /** A file for a report, a folder for an export; relative to the working folder where that is shorter. */
  readonly path: string;
  readonly artifact: StoredArtifact;
}

/** Kinds of artifacts that are made to be opened by people or other programs. */
const productKinds: readonly string[] = ['report', 'export'];

/** The products of the stages that have a result, their contents not checked. */
export function productsOf(
  stages: readonly { readonly name: string; readonly record?: ResultRecord }[],
  store: Store,
  directory: string,
): readonly Product[] {
  return stages.flatMap(({ name, record }) =>
    Object.values(record?.outputs ?? {})
      .filter((artifact) => productKinds.includes(artifact.kind))
      .map((artifact) => {
        const folder = store.artifactFolder(artifact.digest);
        const page = artifact.files.find((file) => file.path.endsWith('.html'))?.path;
        const path = artifact.kind === 'report' && page !== undefined ? join(folder, page) : folder;
        return { stage: name, path: shortPath(path, directory), artifact };
      })
      .filter((product) => existsSync(join(directory, product.path)) || existsSync(product.path)),
  );
}
