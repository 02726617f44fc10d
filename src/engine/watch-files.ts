/** Tells of changes to files and folders, through chokidar. */
import { dirname, sep } from 'node:path';
import { UserError } from '../artifacts/user-error.js';
import { isFileError } from './file-writing.js';

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

/** Editors write a file in several steps, within milliseconds. */
const quietMs = 40;

/** Data may be written by programs that take their time between two lines. */
const quietDataMs = 250;

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
    alwaysStat: true,
    ignorePermissionErrors: true,
  });
  const collected = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const collect = (path: string) => {
    if (!isFollowed(path)) return;
    collected.add(path);
    clearTimeout(timer);
    timer = setTimeout(
      () => {
        const paths = [...collected];
        collected.clear();
        listener.changed(paths);
      },
      [...collected].some((changed) => !files.has(changed)) ? quietDataMs : quietMs,
    );
  };
  watcher
    .on('change', collect)
    .on('unlink', collect)
    // Files that are there when their folder is first looked at are told as added; they are news only if they changed
    // after the recipe was read.
    .on('add', (path, stats) => {
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
      await watcher.close();
    },
  };
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
