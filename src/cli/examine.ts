/** What `roux doctor` looks at. */
import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { UserError } from '../artifacts/user-error.js';
import { formatBytes } from './output/format-value.js';
import type { Terminal } from './output/terminal.js';
import { findProjectStore, projectStoreFolder } from './recipe-source.js';

/** One thing that was looked at. */
export interface Finding {
  readonly subject: string;
  /** `note`: roux works, but the user should know; `bad`: something that every recipe needs is missing. */
  readonly state: 'good' | 'note' | 'bad';
  readonly detail: string;
  /** A command that puts it right. */
  readonly help?: string;
}

/** The lowest version of Node that roux runs on. */
const lowestNode = 20;

/** Below this much memory the quickstart's training begins to swap. */
const littleMemory = 2e9;

/** Below this much free disk a training's checkpoints and artifacts may not fit. */
const littleDisk = 1e9;

/** Looks at everything; nothing throws, what is wrong becomes a finding. */
export async function examine(
  options: { readonly store?: string },
  terminal: Terminal,
): Promise<readonly Finding[]> {
  return [node(), processor(), memory(), ...(await store(options, terminal)), ...(await runtimes())];
}

function node(): Finding {
  const version = process.versions.node;
  const major = Number(version.split('.')[0]);
  return {
    subject: 'node',
    state: major >= lowestNode ? 'good' : 'bad',
    detail: `${version} on ${process.platform} ${process.arch}${major >= lowestNode ? '' : `; roux needs ${lowestNode} or later`}`,
  };
}

function processor(): Finding {
  const model = cpus()[0]?.model.trim();
  return {
    subject: 'processor',
    state: 'good',
    detail: `${availableParallelism()} threads${model ? `, ${model}` : ''}`,
  };
}

function memory(): Finding {
  const limit = process.constrainedMemory();
  // Without a limit of the container the system's memory counts; some systems report a limit beyond it.
  const total = limit > 0 && limit < totalmem() ? limit : totalmem();
  const little = total < littleMemory;
  return {
    subject: 'memory',
    state: little ? 'note' : 'good',
    detail: `${formatBytes(total)}, ${formatBytes(freemem())} free${little ? '; training larger models needs more' : ''}`,
  };
}

async function store(options: { readonly store?: string }, terminal: Terminal): Promise<readonly Finding[]> {
  try {
    const opened = await findProjectStore(options, terminal);
    if (opened === undefined) return [await noStore(await projectStoreFolder(options, terminal))];
    try {
      await access(opened.folder, constants.W_OK);
      const { listResults } = await import('../engine/stored-results.js');
      const results = await listResults(opened);
      const incomplete = results.filter(({ complete }) => !complete).length;
      const disk = await statfs(opened.folder);
      const free = disk.bavail * disk.bsize;
      return [
        {
          subject: 'store',
          state: incomplete === 0 ? 'good' : 'note',
          detail:
            `${opened.folder}, ${results.length} results` +
            (incomplete === 0 ? '' : `, ${incomplete} of them incomplete; the next run makes them again`),
        },
        {
          subject: 'disk',
          state: free < littleDisk ? 'note' : 'good',
          detail: `${formatBytes(free)} free at ${dirname(opened.folder)}`,
        },
      ];
    } finally {
      await opened.close();
    }
  } catch (error) {
    if (!(error instanceof UserError) && !isSystemError(error)) throw error;
    return [{ subject: 'store', state: 'bad', detail: error.message }];
  }
}

/** Whether a store could be made. */
async function noStore(folder: string): Promise<Finding> {
  const parent = dirname(folder);
  const isWritable = await access(parent, constants.W_OK).then(
    () => true,
    () => false,
  );
  const detail = isWritable ? 'none yet; the first run makes' : 'none yet, and permission is denied to make';
  return { subject: 'store', state: isWritable ? 'good' : 'bad', detail: `${detail} ${folder}` };
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}

/** The runtime that recipes use unless they say otherwise; without it hardly any recipe runs. */
const defaultRuntime = 'onnx';

async function runtimes(): Promise<readonly Finding[]> {
  const { availableRuntimes } = await import('../runtime/available.js');
  return (await availableRuntimes()).map(({ name, available, version, detail, install }) => ({
    subject: name,
    state: available ? 'good' : name === defaultRuntime ? 'bad' : 'note',
    detail: version === '' ? detail : `${version}; ${detail}`,
    ...(!available && install !== undefined && { help: install }),
  }));
}
