/**
 * The store: a folder that several processes read and write at once.
 *
 *     version            the layout's number
 *     artifacts/ab/...   artifacts by digest, each a folder of read-only files
 *     results/ab/...     key -> digests and summary, written after the artifacts
 *     scratch/KEY/       checkpoints of results that are being made
 *     locks/KEY.lock     who makes a result
 *     history/           the last result of every stage of every recipe
 *     runs/              records of runs
 *     tags/              names of runs
 *     sweeps/            records of sweeps
 *     stamps/            what is known of files without reading them again
 *     lines/             hashes of the lines of input files, to tell what changed in them
 *     functions/         compiled functions (src/runtime/kept-functions.ts), made where there are none
 *     provenance/        how artifacts came about, for stages that show it
 *     processes/         who uses the store now
 *     tmp/               half-made things, a folder per process
 *     quarantine/        damaged things
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { UserError } from '../artifacts/user-error.js';
import { writeFileAtomically } from './file-writing.js';
import { fileSystemError } from './fs-failure.js';
import { Presence } from './presence.js';
import { identifyThisProcess } from './process-identity.js';
import { lstatIfThere, readSmallFile } from './small-files.js';
import { sweepStore } from './sweep.js';
import { Troubles } from './troubles.js';

/** The number of the layout; raised when older versions of roux could not work with it. */
const layoutVersion = 1;
const versionText = `${layoutVersion}\n`;

/** A store, opened by this process. */
export class Store {
  /** Absolute path (`.roux`). */
  readonly folder: string;
  readonly presence: Presence;
  /** What went wrong in it without harm to any result. */
  readonly troubles = new Troubles();
  private temporaryCount = 0;

  constructor(folder: string) {
    this.folder = folder;
    this.presence = new Presence(folder, this.troubles);
  }

  /** The folder of an artifact, whether it is there or not. */
  artifactFolder(digest: string): string {
    return join(this.folder, 'artifacts', digest.slice(0, 2), digest);
  }

  /** The file of a result, whether it is there or not. */
  resultFile(key: string): string {
    return join(this.folder, 'results', key.slice(0, 2), `${key}.json`);
  }

  /** The folder for checkpoints of a result that is being made. */
  scratchFolder(key: string): string {
    return join(this.folder, 'scratch', key);
  }

  /** A path inside the store. */
  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  /** A new path in this process's own part of `tmp`, which the next process clears should this one be killed. */
  async temporaryPath(): Promise<string> {
    await this.presence.announce();
    this.temporaryCount += 1;
    return join(this.presence.temporaryFolder, String(this.temporaryCount));
  }

  /** Ends this process's presence in the store: its heartbeat, its temporary files. */
  async close(): Promise<void> {
    await this.presence.withdraw();
  }
}

/**
 * Opens a store, makes it when there is none, and clears what killed processes left behind.
 *
 * Throws a `UserError` when the folder cannot be written or was made by a newer roux.
 */
export async function openStore(folder: string): Promise<Store> {
  const absolute = resolve(folder);
  try {
    const version = readSmallFile(join(absolute, 'version'));
    if (version === undefined) await createStore(absolute);
    else checkVersion(absolute, version);
    await checkParts(absolute);
    const store = new Store(absolute);
    await sweepStore(store);
    return store;
  } catch (error) {
    throw fileSystemError(error, `opening the store ${absolute}`) ?? error;
  }
}

/** Opens a store that is there already, as `openStore` does; `undefined`, and nothing made, where there is none. */
export async function openExistingStore(folder: string): Promise<Store | undefined> {
  const absolute = resolve(folder);
  try {
    if (readSmallFile(join(absolute, 'version')) === undefined) return undefined;
  } catch (error) {
    throw fileSystemError(error, `opening the store ${absolute}`) ?? error;
  }
  return openStore(absolute);
}

/** The store of a project: `ROUX_STORE` (handed in) or `.roux` in `projectFolder`; absolute. */
export function defaultStoreFolder(projectFolder: string, rouxStore?: string): string {
  return resolve(projectFolder, rouxStore === undefined || rouxStore === '' ? '.roux' : rouxStore);
}

const folders = [
  'artifacts',
  'results',
  'scratch',
  'locks',
  'history',
  'runs',
  'tags',
  'sweeps',
  'stamps',
  'provenance',
  'processes',
  'tmp',
  'quarantine',
  'lines',
];

/** Other names that a folder may hold which becomes a store: it was begun by a process that was killed, or other caches are there. */
const further = ['lines', 'plugins', 'functions', 'recipes', '.gitignore', 'CACHEDIR.TAG'];

/** A folder that is called like this is a store, whatever lies in it. */
const usualName = '.roux';

/** Nobody wants a store among their own files: a folder that holds others was named by mistake. */
async function requireFreeFolder(folder: string): Promise<void> {
  if (basename(folder) === usualName) return;
  const foreign = (await readdir(folder)).filter((name) => ![...folders, ...further].includes(name)).sort();
  if (foreign.length === 0) return;
  const more = foreign.length > mostNamed ? ` and ${foreign.length - mostNamed} more` : '';
  throw new UserError({
    message: 'The folder holds other things: no store is made among them',
    code: 'store/not-empty',
    found: `${foreign.slice(0, mostNamed).join(', ')}${more} in ${folder}`,
    expected: 'a store, or an empty or new folder',
    help: 'Name another one with --store or ROUX_STORE',
  });
}

/** Names that tell a user which folder it is. */
const mostNamed = 4;

async function createStore(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && (error.code === 'EEXIST' || error.code === 'ENOTDIR')) {
      throw new UserError({
        message: 'The store cannot be opened: there is a file where a folder is needed',
        code: 'store/not-a-folder',
        found: folder,
        help: 'Move the file away, or name another store with --store or ROUX_STORE',
      });
    }
    throw error;
  });
  await requireFreeFolder(folder);
  for (const name of folders) await mkdir(join(folder, name), { recursive: true });
  // The store is nobody's source: git and backup tools that honour the tag leave it alone.
  await writeFile(join(folder, '.gitignore'), '*\n');
  await writeFile(
    join(folder, 'CACHEDIR.TAG'),
    'Signature: 8a477f597d28d172789f06886806bc55\n# Made by roux; everything in here can be computed again.\n',
  );
  await writeFileAtomically(join(folder, 'version'), versionText, {
    temporary: join(folder, 'tmp', identifyThisProcess().token),
  });
}

/**
 * Sees to the parts of a store. The store itself may be reached by a link, its parts may not: what lies in them is removed when no
 * process that lives knows of it, and a link could lead to anybody's files. Folders that somebody removed are made again.
 */
async function checkParts(folder: string): Promise<void> {
  for (const name of folders) {
    const path = join(folder, name);
    const found = lstatIfThere(path);
    if (found === undefined) await mkdir(path, { recursive: true });
    else if (!found.isDirectory()) {
      throw new UserError({
        message: 'The store cannot be used: a part of it is no folder',
        code: 'store/part',
        found: `${path} is ${found.isSymbolicLink() ? 'a symbolic link' : 'no folder'}`,
        expected: 'a folder inside the store',
        help: 'Remove it, or move the whole store: .roux itself may be a link, and --store and ROUX_STORE name another one',
      });
    }
  }
}

/** Whether a folder is a store that `openStore` would find nothing to make or to say about. */
export function isWholeStore(folder: string): boolean {
  return (
    readSmallFile(join(folder, 'version')) === versionText &&
    folders.every((name) => lstatIfThere(join(folder, name))?.isDirectory() === true)
  );
}

function checkVersion(folder: string, text: string): void {
  const version = Number(text.trim());
  if (version === layoutVersion) return;
  throw new UserError({
    message: Number.isInteger(version)
      ? 'The store was made by another version of roux'
      : 'The folder is not a store of roux, or its version file is damaged',
    code: 'store/version',
    found: `${join(folder, 'version')}: ${JSON.stringify(text.trim().slice(0, 40))}`,
    expected: `layout ${layoutVersion}`,
    help: 'Use the roux that made it, name another store (--store, ROUX_STORE), or delete the folder: everything in it can be computed again',
  });
}
