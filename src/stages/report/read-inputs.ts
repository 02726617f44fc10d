/** Wired artifacts, with their provenance read. */
import { readFile } from 'node:fs/promises';
import type { InputArtifact } from '../../plugin/define-stage.js';
import type { Provenance } from '../../plugin/provenance.js';
import type { ReportInput, ReportInputs } from '../../report/read-content.js';

/** The stage's inputs by port. */
export type WiredInputs = Readonly<Record<keyof ReportInputs, readonly InputArtifact[]>>;

/** Reads how every input came about. */
export async function readWiredInputs(wired: WiredInputs): Promise<ReportInputs> {
  const read = (inputs: readonly InputArtifact[]): Promise<readonly ReportInput[]> =>
    Promise.all(inputs.map(withProvenance));
  return {
    metrics: await read(wired.metrics),
    curves: await read(wired.curves),
    predictions: await read(wired.predictions),
    datasets: await read(wired.datasets),
    artifacts: await read(wired.artifacts),
  };
}

async function withProvenance({ kind, path, digest, provenance: file }: InputArtifact): Promise<ReportInput> {
  if (file === undefined) return { kind, path, digest };
  const provenance: Provenance = JSON.parse(await readFile(file, 'utf8'));
  if (provenance.format !== 1) throw new Error(`provenance of format ${String(provenance.format)}`);
  return { kind, path, digest, provenance };
}
