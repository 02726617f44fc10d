// Runs a benchmark: `node bench/run.mjs runtime-minilm [ARGUMENTS]`. Bundles bench/NAME.ts and starts it in the
// environment that roux gives to its stage processes.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { build } from 'esbuild';

const [name, ...rest] = process.argv.slice(2);
if (name === undefined) {
  console.error('usage: node bench/run.mjs NAME [ARGUMENTS]');
  process.exit(2);
}
// Inside the project, so that packages are found; git ignores the folder.
const bundle = new URL(`../build/bench-${process.pid}.mjs`, import.meta.url);
await build({
  entryPoints: [new URL(`./${name}.ts`, import.meta.url).pathname],
  outfile: bundle.pathname,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  logLevel: 'error',
});
try {
  const environment = { MALLOC_MMAP_MAX_: '0', MALLOC_TRIM_THRESHOLD_: '8000000000', ...process.env };
  const { status } = spawnSync(process.execPath, ['--expose-gc', bundle.pathname, ...rest], {
    stdio: 'inherit',
    env: environment,
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(bundle, { force: true });
}
