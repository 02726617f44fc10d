/**
 * A process's presence in a store: who it is, that it lives (a heartbeat), and which results and artifacts it uses, so
 * that nobody removes them.
 */
import { appendFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJsonSafely, readFileIfThere } from './file-writing.js';
import {
  identifyThisProcess,
  identityOfToken,
  isProcessAlive,
  type ProcessIdentity,
  parseIdentity,
} from './process-identity.js';
import { namesIn } from './small-files.js';
import type { Troubles } from './troubles.js';

/** Far below the time after which a silent process counts as dead. */
const heartbeatMs = 5_000;

/** This process's entry in a store's `processes` folder. */
export class Presence {
  readonly identity: ProcessIdentity = identifyThisProcess();
  /** Removed by whoever finds this process dead. */
  readonly temporaryFolder: string;
  private readonly file: string;
  private readonly pinFile: string;
  private readonly pinned = new Set<string>();
  private announced: Promise<void> | undefined;
  private heartbeat: NodeJS.Timeout | undefined;
  private readonly troubles: Troubles;

  constructor(storeFolder: string, troubles: Troubles) {
    this.troubles = troubles;
    this.file = join(storeFolder, 'processes', `${this.identity.token}.json`);
    this.pinFile = join(storeFolder, 'processes', `${this.identity.token}.pins`);
    this.temporaryFolder = join(storeFolder, 'tmp', this.identity.token);
  }

  /** Makes the process known; has to come before anything is written that others could take for debris. */
  announce(): Promise<void> {
    this.announced ??= this.enter();
    return this.announced;
  }

  /** Protects results and artifacts (keys and digests) from garbage collection until the process is gone. */
  async pin(ids: readonly string[]): Promise<void> {
    const fresh = ids.filter((id) => !this.pinned.has(id));
    if (fresh.length === 0) return;
    await this.announce();
    appendFileSync(this.pinFile, fresh.map((id) => `${id}\n`).join(''));
    for (const id of fresh) this.pinned.add(id);
  }

  /** Leaves the store. */
  async withdraw(): Promise<void> {
    clearInterval(this.heartbeat);
    if (this.announced === undefined) return;
    await this.announced.catch(() => undefined);
    await forgetProcess(this.file, this.pinFile, this.temporaryFolder);
    this.announced = undefined;
    this.pinned.clear();
  }

  private async enter(): Promise<void> {
    writeFileSync(this.file, JSON.stringify(this.identity));
    mkdirSync(this.temporaryFolder, { recursive: true });
    this.heartbeat = setInterval(() => {
      const now = new Date();
      utimes(this.file, now, now).catch((error: unknown) =>
        this.troubles.note(
          `Other machines may take this process for dead, since it cannot give a sign of life in the store: ${String(error)}`,
        ),
      );
    }, heartbeatMs);
    this.heartbeat.unref();
  }
}

/** Whether the process behind an identity found in a store is alive. */
export async function isPresent(storeFolder: string, identity: ProcessIdentity): Promise<boolean> {
  const file = join(storeFolder, 'processes', `${identity.token}.json`);
  const stats = statSync(file, { throwIfNoEntry: false });
  return isProcessAlive(
    identity,
    stats === undefined ? Number.POSITIVE_INFINITY : Date.now() - stats.mtimeMs,
  );
}

/** What living processes use: keys and digests. */
export async function pinsOfLivingProcesses(storeFolder: string): Promise<ReadonlySet<string>> {
  const pins = new Set<string>();
  for (const entry of await listProcesses(storeFolder)) {
    if (!entry.alive) continue;
    const text = (await readFileIfThere(join(storeFolder, 'processes', `${entry.token}.pins`))) ?? '';
    for (const line of text.split('\n')) if (line !== '') pins.add(line);
  }
  return pins;
}

/** Removes what dead processes left in `processes` and `tmp`; gives back what it removed, relative to the store. */
export async function forgetDeadProcesses(storeFolder: string): Promise<readonly string[]> {
  const removed: string[] = [];
  const living = new Set<string>();
  for (const { token, alive } of await listProcesses(storeFolder)) {
    if (alive) {
      living.add(token);
      continue;
    }
    await forgetProcess(
      join(storeFolder, 'processes', `${token}.json`),
      join(storeFolder, 'processes', `${token}.pins`),
      join(storeFolder, 'tmp', token),
    );
    removed.push(`processes/${token}`);
  }
  for (const name of namesIn(join(storeFolder, 'tmp'))) {
    const identity = identityOfToken(name);
    if (living.has(name) || (identity !== undefined && (await isPresent(storeFolder, identity)))) continue;
    await rm(join(storeFolder, 'tmp', name), { recursive: true, force: true });
    removed.push(`tmp/${name}`);
  }
  return removed;
}

async function listProcesses(
  storeFolder: string,
): Promise<readonly { readonly token: string; readonly alive: boolean }[]> {
  const folder = join(storeFolder, 'processes');
  const tokens = new Set(namesIn(folder).map((name) => name.replace(/\.(json|pins)$/, '')));
  return Promise.all(
    [...tokens].map(async (token) => {
      const text = (await readFileIfThere(join(folder, `${token}.json`))) ?? '';
      const identity = parseIdentity(parseJsonSafely(text)) ?? identityOfToken(token);
      return { token, alive: identity !== undefined && (await isPresent(storeFolder, identity)) };
    }),
  );
}

/** The entry goes last, so that a process killed here leaves something to be found. */
async function forgetProcess(file: string, pinFile: string, temporaryFolder: string): Promise<void> {
  await rm(temporaryFolder, { recursive: true, force: true });
  await rm(pinFile, { force: true });
  await rm(file, { force: true });
}
