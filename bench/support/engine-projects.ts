/** The same graph as a roux recipe, as turbo packages and as wireit scripts: chains of stages that each write a line. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The program that users start. */
export const rouxProgram = join(process.cwd(), 'dist', 'cli', 'roux.cjs');

/** Every chain has this many stages; recipes of more have several chains. */
export const chainLength = 10;

const plugin = `
import { defineStage, PathSetting, Type } from 'roux';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
export default defineStage({
  type: 'line', version: 1, summary: 'Writes a line',
  settings: Type.Object({
    text: Type.String({ description: 'The line' }),
    file: Type.Optional(PathSetting({ description: 'A file that is read' })),
  }, { additionalProperties: false }),
  inputs: { before: { kind: 'text', optional: true, description: 'What comes before' } },
  outputs: { out: { kind: 'text', description: 'The line' } },
  async run({ settings, outputs }) {
    const read = settings.file === undefined ? '' : readFileSync(settings.file, 'utf8');
    writeFileSync(join(outputs.out.path, 'line.txt'), settings.text + read);
    return { metrics: { letters: settings.text.length } };
  },
});
`;

/** A temporary folder that is removed by the function that comes with it. */
export function temporaryFolder(name: string): { readonly folder: string; readonly remove: () => void } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `roux-bench-${name}-`)));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A project with a recipe of `stages` stages; each chain begins with a stage that reads \`input.txt\`. */
export function writeRouxProject(folder: string, stages: number): void {
  write(folder, 'package.json', '{}');
  write(folder, 'input.txt', 'one\n');
  write(folder, 'line.mjs', plugin);
  write(folder, 'roux.yaml', rouxRecipe(stages));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(process.cwd(), join(folder, 'node_modules', 'roux'));
}

function rouxRecipe(stages: number): string {
  const lines = ['recipe: 1', 'name: many', 'plugins: [./line.mjs]', 'stages:'];
  for (let index = 0; index < stages; index++) {
    lines.push(`  stage${index}:`, '    uses: line');
    if (index % chainLength === 0) lines.push(`    with: { text: number ${index}, file: input.txt }`);
    else {
      lines.push(`    in: { before: stage${index - 1} }`);
      lines.push(`    with: { text: number ${index} }`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** A repository of packages, one a stage, each depending on the one before. */
export function writeTurboProject(folder: string, stages: number, peers: string): void {
  const version = spawnSync('npm', ['--version'], { encoding: 'utf8' }).stdout.trim();
  const root = { name: 'many', private: true, workspaces: ['packages/*'], packageManager: `npm@${version}` };
  write(folder, 'package.json', JSON.stringify(root));
  write(
    folder,
    'turbo.json',
    JSON.stringify({ tasks: { line: { dependsOn: ['^line'], outputs: ['line.txt'] } } }),
  );
  const packages: Record<string, unknown> = { '': root };
  for (let index = 0; index < stages; index++) {
    const dependencies = index % chainLength === 0 ? {} : { [`stage${index - 1}`]: '*' };
    const place = `packages/stage${index}`;
    const script = index % chainLength === 0 ? 'cat input.txt > line.txt' : `echo number ${index} > line.txt`;
    const manifest = { name: `stage${index}`, version: '1.0.0', scripts: { line: script }, dependencies };
    write(folder, `${place}/package.json`, JSON.stringify(manifest));
    write(folder, `${place}/input.txt`, 'one\n');
    packages[place] = manifest;
    packages[`node_modules/stage${index}`] = { resolved: place, link: true };
  }
  write(folder, 'package-lock.json', JSON.stringify({ name: 'many', lockfileVersion: 3, packages }));
  write(folder, '.gitignore', '/node_modules\n.turbo\nline.txt\n');
  symlinkSync(join(peers, 'node_modules'), join(folder, 'node_modules'));
  commit(folder);
}

function commit(folder: string): void {
  const git = (...args: string[]) => {
    const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.org'];
    spawnSync('git', [...identity, ...args], { cwd: folder });
  };
  git('init', '-q');
  git('add', '-A');
  git('commit', '-qm', 'many');
}

function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
