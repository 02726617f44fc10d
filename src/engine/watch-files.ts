/** Tells of changes to files and folders, through chokidar. */
import { statSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { UserError } from '../artifacts/user-error.js';
import { type FileStamp, fileStamp } from './file-stamp.js';
import { isFileError } from './file-writing.js';
import { isGitWriting } from './git-lock.js';

/** Follows a set of paths that can be exchanged. */
export interface FileWatch {
  /** What is followed from now on: files that are written by hand, and data (files or folders). All absolute. */
  follow(files: readonly string[], data: readonly string[], since: number): Promise<void>;
  close(): Promise<void>;
}

/** What is told to whoever watches. */
export interface FileWatchListener {
  /** After a time without changes; absolute paths. */
  readonly changed: (paths: readonly string[]) => void;
  readonly failed: (error: unknown) => void;
}

/** Editors write a file in several steps, without a pause between them. */
const quietMs = 5;

/** Whatever goes on changing (a program that writes data line by line) is waited for longer and longer, up to this. */
const longestQuietMs = 250;

/** Two changes further apart than this are two saves. */
const apartMs = 1_000;

/**
 * chokidar says nothing of what happens to a file within 50 ms of what it has told of, the last state of a file included. So
 * files are looked at again this long after a change was told, in milliseconds.
 */
const secondLooksMs = [100, 500];

/** Clocks of file systems lag behind by a timer tick; a change that is told twice does no harm. */
const clockLagMs = 50;

const neverData: ReadonlySet<string> = new Set(['.git', '.DS_Store']);

/** Begins to watch, with nothing followed yet. Nothing in `ignoredFolder` (the store) counts as a change. */
export async function watchFiles(ignoredFolder: string, listener: FileWatchListener): Promise<FileWatch> {
  const { watch } = await import('chokidar');
  let files: ReadonlySet<string> = new Set();
  let data: readonly string[] = [];
  let folders: ReadonlySet<string> = new Set();
  let since = Number.POSITIVE_INFINITY;
  const isIn = (folder: string, path: string) => path === folder || path.startsWith(folder + sep);
  const isData = (path: string) =>
    data.some((root) => isIn(root, path)) && !path.split(sep).some((name) => neverData.has(name));
  const isFollowed = (path: string) => !isIn(ignoredFolder, path) && (files.has(path) || isData(path));

  // Directories are watched, not only files, since editors replace files; all else in them is ignored.
  const watcher = watch([], {
    ignored: (path) => !folders.has(path) && !isFollowed(path),
    ignorePermissionErrors: true,
  });
  const collected = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let quiet = quietMs;
  let lastTold = Number.NEGATIVE_INFINITY;
  let told = new Map<string, FileStamp | undefined>();
  let looks: readonly NodeJS.Timeout[] = [];
  const lookAgain = () => {
    for (const [path, stamp] of told) if (stampOf(path) !== stamp) collect(path);
  };
  const tell = () => {
    // Another branch is one change, however long git takes.
    if (isGitWriting(folders)) {
      timer = setTimeout(tell, quietMs);
      return;
    }
    const paths = [...collected];
    collected.clear();
    lastTold = Date.now();
    told = new Map([...files, ...data].map((path) => [path, stampOf(path)]));
    for (const look of looks) clearTimeout(look);
    looks = secondLooksMs.map((ms) => setTimeout(lookAgain, ms));
    listener.changed(paths);
  };
  const collect = (path: string) => {
    if (!isFollowed(path)) return;
    if (collected.size === 0) {
      quiet = Date.now() - lastTold < apartMs ? Math.min(2 * quiet, longestQuietMs) : quietMs;
    }
    collected.add(path);
    clearTimeout(timer);
    timer = setTimeout(tell, quiet);
  };
  watcher
    .on('change', collect)
    .on('unlink', collect)
    // Files that are there when their folder is first looked at are told as added; they are news only if they changed
    // after the recipe was read. chokidar's own look is older than its watching, so that it can have missed a change between the two.
    .on('add', (path) => {
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats === undefined || Math.max(stats.ctimeMs, stats.mtimeMs) > since - clockLagMs) collect(path);
    })
    .on('error', (error) => listener.failed(watchError(error)));

  return {
    async follow(newFiles, newData, newSince) {
      since = newSince;
      files = new Set(newFiles);
      data = [...newData];
      folders = new Set([...files, ...data].map((path) => dirname(path)));
      watcher.add([...folders, ...files, ...data]);
    },
    async close() {
      clearTimeout(timer);
      for (const look of looks) clearTimeout(look);
      await watcher.close();
    },
  };
}

/** What tells one state of a file from the next; for folders nothing, whose files chokidar tells of. */
function stampOf(path: string): FileStamp | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats?.isFile() === true ? fileStamp(stats) : undefined;
}

function watchError(error: unknown): unknown {
  if (!isFileError(error, 'ENOSPC', 'EMFILE')) return error;
  return new UserError(
    {
      message: 'The system allows no more files to be watched',
      code: 'watch/limit',
      help: 'Raise the limit (Linux: sysctl fs.inotify.max_user_watches=524288), or watch a recipe with less data',
    },
    { cause: error },
  );
}
