// Runs benchmarks in the environment that roux gives to its stage processes: `npm run bench` all of them, with the settings that the
// figures in docs/ were measured with, which takes long; `npm run bench -- NAME [ARGUMENTS]`, or
// `node bench/run.mjs NAME [ARGUMENTS]` after a build, one.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { build } from 'esbuild';

const ALL = [
  'no-op 21',
  'many-stages',
  'watch',
  'hashing',
  'load-dataset',
  'first-step',
  'predict-speed',
  'runtime-minilm',
  'step-scaling',
  'train-speed --peer all --segments 7 --steps 40',
  'train-speed --bert-base --batch 16 --length 128 --steps 4 --warm-up 4 --peer-warm-up 2',
  'frozen-prefix',
  'data-size',
  'quality',
];

const given = process.argv.slice(2);
for (const [name, ...args] of given.length === 0 ? ALL.map((line) => line.split(' ')) : [given]) {
  if (given.length === 0) console.log(`\n# ${name} ${args.join(' ')}`);
  // The others are run all the same.
  process.exitCode = (await run(name, args)) || process.exitCode;
}

/** Bundles bench/NAME.ts and gives back its exit code. */
async function run(name, args) {
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
    const env = { MALLOC_MMAP_MAX_: '0', MALLOC_TRIM_THRESHOLD_: '8000000000', ...process.env };
    const { status } = spawnSync(process.execPath, ['--expose-gc', bundle.pathname, ...args], {
      stdio: 'inherit',
      env,
    });
    return status ?? 1;
  } finally {
    rmSync(bundle, { force: true });
  }
}
