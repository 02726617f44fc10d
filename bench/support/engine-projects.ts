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
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
export default defineStage({
  type: 'line', version: 1, summary: 'Writes a line',
  settings: Type.Object({
    text: Type.String({ description: 'The line' }),
    file: Type.Optional(PathSetting({ description: 'A file that is read' })),
    tell: Type.Optional(Type.String({ description: 'A file that is told when the stage begins' })),
  }, { additionalProperties: false }),
  keyless: ['tell'],
  inputs: { before: { kind: 'text', optional: true, description: 'What comes before' } },
  outputs: { out: { kind: 'text', description: 'The line' } },
  async run({ settings, outputs }) {
    if (settings.tell !== undefined) appendFileSync(settings.tell, Date.now() + '\\n');
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

/** The file in a project that the first stage of each chain adds the time to, in milliseconds, when it begins. */
export const beginnings = 'beginnings.log';

/** How the shell says the time in milliseconds. */
const tellTime = (folder: string) => `date +%s%3N >> ${join(folder, beginnings)}`;

/** A project with a recipe of `stages` stages; each chain begins with a stage that reads `input.txt`. */
export function writeRouxProject(folder: string, stages: number): void {
  write(folder, 'package.json', '{}');
  write(folder, 'input.txt', 'one\n');
  write(folder, 'line.mjs', plugin);
  write(folder, 'roux.yaml', rouxRecipe(folder, stages));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(process.cwd(), join(folder, 'node_modules', 'roux'));
}

function rouxRecipe(folder: string, stages: number): string {
  const lines = ['recipe: 1', 'name: many', 'plugins: [./line.mjs]', 'stages:'];
  for (let index = 0; index < stages; index++) {
    lines.push(`  stage${index}:`, '    uses: line');
    if (index % chainLength === 0) {
      const tell = join(folder, beginnings);
      lines.push(`    with: { text: number ${index}, file: input.txt, tell: ${tell} }`);
    } else {
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
    const script =
      index % chainLength === 0
        ? `${tellTime(folder)}; cat input.txt > line.txt`
        : `echo number ${index} > line.txt`;
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

/** One package with a script a stage. */
export function writeWireitProject(folder: string, stages: number, peers: string): void {
  const scripts: Record<string, string> = {};
  const wireit: Record<string, unknown> = {};
  for (let index = 0; index < stages; index++) {
    const first = index % chainLength === 0;
    scripts[`stage${index}`] = 'wireit';
    wireit[`stage${index}`] = {
      command: first
        ? `${tellTime(folder)}; cat input.txt > line0.txt`
        : `echo number ${index} > line${index}.txt`,
      dependencies: first ? [] : [`stage${index - 1}`],
      files: first ? ['input.txt'] : [],
      output: [`line${index}.txt`],
    };
  }
  write(folder, 'package.json', JSON.stringify({ name: 'many', private: true, scripts, wireit }));
  write(folder, 'input.txt', 'one\n');
  symlinkSync(join(peers, 'node_modules'), join(folder, 'node_modules'));
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
