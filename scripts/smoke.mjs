/**
 * Runs the `smoke` profile of every recipe in a new store, twice: the first run must end well, the second must execute
 * nothing. Prints one line a recipe and ends with 'N passed, N failed'.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const recipes = readdirSync(join(root, 'recipes')).filter((name) => name.endsWith('.yaml'));
const store = mkdtempSync(join(tmpdir(), 'roux-smoke-'));
let failed = 0;

try {
  for (const recipe of recipes) {
    const problem = check(join('recipes', recipe));
    if (problem !== undefined) failed += 1;
    console.log(problem === undefined ? `ok      ${recipe}` : `FAILED  ${recipe}\n${problem}`);
  }
} finally {
  rmSync(store, { recursive: true, force: true });
}
console.log(`${recipes.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 && recipes.length > 0 ? 0 : 1;

/** What is wrong with a recipe's smoke profile, or undefined. */
function check(recipe) {
  const first = run(recipe);
  if (first.status !== 0)
    return `exit ${first.status}\n${first.stdout.slice(-4000)}${first.stderr.slice(-4000)}`;
  const again = run(recipe);
  const finished = JSON.parse(again.stdout.trim().split('\n').at(-1) ?? '{}');
  const { hit = 0, ...others } = finished.counts ?? {};
  const executed = Object.values(others).reduce((sum, count) => sum + count, 0);
  if (again.status !== 0 || hit === 0 || executed > 0) {
    return `the second run is not a no-op: exit ${again.status}, ${JSON.stringify(finished)}`;
  }
  return undefined;
}

function run(recipe) {
  const args = ['dist/cli/roux.cjs', 'run', recipe, '--profile', 'smoke', '--json', '--store', store];
  return spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
}
