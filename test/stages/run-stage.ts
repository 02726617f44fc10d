/** Runs a stage type on folders, as the engine would. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Static, TObject } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type {
  InputArtifact,
  InputArtifacts,
  InputPort,
  OutputPort,
  StageDefinition,
  StageResult,
} from '../../src/plugin/define-stage.js';
import { folderCache } from './stage-cache.js';

/** What a stage did. */
export interface StageOutcome {
  /** Folders by output port. */
  readonly paths: Readonly<Record<string, string>>;
  readonly result: StageResult | undefined;
  readonly messages: readonly string[];
  /** SHA-256 by file of the first output. */
  readonly digests: Readonly<Record<string, string>>;
}

/** A place for artifacts that is removed after the tests. */
export class Workshop {
  readonly #folder = mkdtempSync(join(tmpdir(), 'roux-stage-'));
  #made = 0;

  emptyFolder(): string {
    const path = join(this.#folder, String(this.#made++));
    mkdirSync(path);
    return path;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Runs a stage; settings get their defaults and are checked against the schema. */
  async run<
    Settings extends TObject,
    Inputs extends Readonly<Record<string, InputPort>>,
    Outputs extends Readonly<Record<string, OutputPort>>,
  >(
    stage: StageDefinition<Settings, Inputs, Outputs>,
    given: object,
    inputs: InputArtifacts<Inputs>,
    seed = 7,
  ): Promise<StageOutcome> {
    const settings = Value.Default(stage.settings, structuredClone(given));
    if (!Value.Check(stage.settings, settings)) throw new Error(`wrong settings: ${JSON.stringify(given)}`);
    const messages: string[] = [];
    const paths: Record<string, string> = {};
    for (const name of Object.keys(stage.outputs)) paths[name] = this.emptyFolder();
    const outputs = Object.fromEntries(
      Object.entries(stage.outputs).map(([name, { kind }]) => [name, { kind, path: paths[name] ?? '' }]),
    );
    const result = await stage.run({
      settings: settings as Static<Settings>,
      inputs,
      outputs: outputs as never,
      seed,
      runtime: { name: 'onnx', threads: 1 },
      signal: new AbortController().signal,
      log: { info: (message) => messages.push(message), warning: (message) => messages.push(message) },
      progress: () => undefined,
      scratch: this.emptyFolder(),
      cache: folderCache(() => this.emptyFolder()),
    });
    const [first = ''] = Object.values(paths);
    return { paths, result, messages, digests: digestsOf(first) };
  }
}

/** An artifact in a folder. */
export function artifact(kind: string, path: string, part?: string): InputArtifact {
  return { kind, path, digest: '', reference: kind, ...(part === undefined ? {} : { part }) };
}

function digestsOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]),
  );
}
