/** Compiles `src/` for child processes: tests run what is written now, whether or not somebody built `dist/`. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The repository. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Inside `node_modules`, so that compiled modules find the packages and git does not see them. */
const cache = join(root, 'node_modules', '.cache', 'roux-rig');

/** Builds older than this belong to no running test. */
const keptMs = 60 * 60 * 1_000;

let built: Promise<string> | undefined;

/** Compiles the sources and the rig's own programs; gives back the folder, laid out as the repository is. */
export function buildSources(): Promise<string> {
  built ??= buildOnce();
  return built;
}

async function buildOnce(): Promise<string> {
  const sources = await listSources();
  const hash = createHash('sha256');
  for (const path of sources) {
    const { size, mtimeMs } = await stat(join(root, path));
    hash.update(`${path}:${size}:${mtimeMs}\n`);
  }
  const folder = join(cache, hash.digest('hex').slice(0, 16));
  if (existsSync(folder)) {
    const now = new Date();
    await utimes(folder, now, now);
    return folder;
  }
  const temporary = `${folder}.${process.pid}`;
  await mkdir(temporary, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: [...sources],
    outbase: root,
    outdir: temporary,
    bundle: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'silent',
  });
  await cp(join(root, 'package.json'), join(temporary, 'package.json'));
  await rename(temporary, folder).catch(async (error: unknown) => {
    // Another test process was faster.
    if (!existsSync(folder)) throw error;
    await rm(temporary, { recursive: true, force: true });
  });
  await removeOldBuilds();
  return folder;
}

async function listSources(): Promise<readonly string[]> {
  const entries = await readdir(join(root, 'src'), { recursive: true, withFileTypes: true });
  const sources = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
  const programs = ['toy-stages', 'toy-recipe', 'run-toys', 'run-cached', 'print-modules', 'failing-files'];
  return [...sources, ...programs.map((name) => `test/rig/${name}.ts`)].sort();
}

async function removeOldBuilds(): Promise<void> {
  for (const name of await readdir(cache)) {
    const { mtimeMs } = await stat(join(cache, name)).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > keptMs) await rm(join(cache, name), { recursive: true, force: true });
  }
}
