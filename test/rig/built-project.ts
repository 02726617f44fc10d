/**
 * A temporary project for the built program, as people start it: bundled, and with whole runs recalled.
 *
 *     const project = await BuiltProject.create();
 *     await project.settle();
 *     const ran = await project.run();
 *     expect(ran).toMatchObject({ status: 0, isRecalled: true });
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { RunEvent } from '../../src/engine/events.js';
import type { ResultRecord } from '../../src/engine/result-record.js';
import { root } from './build.js';

/** How a command is started. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Root, too, may do with files no more than their modes say. */
  readonly obeysModes?: boolean;
}

/** A run of the program that is over. */
export interface BuiltRun {
  /** The exit code, or the signal that ended it. */
  readonly status: number | string;
  readonly events: readonly RunEvent[];
  readonly stderr: string;
  /** All that was printed. */
  readonly printed: string;
  /** Stage -> outcome. */
  readonly outcomes: Readonly<Record<string, string>>;
  /** Stage -> outputs -> digests, as the run told them. */
  readonly digests: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Results that the run named. */
  readonly records: readonly ResultRecord[];
  readonly isRecalled: boolean;
}

/** A command that runs, in a process group of its own. */
export interface StartedCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<BuiltRun>;
}

/** Runs until one is recalled: the first makes results, the second finds them, the third recalls the recipe and is kept. */
const mostRunsToSettle = 8;

export class BuiltProject {
  private readonly children: ChildProcess[] = [];

  private constructor(readonly folder: string) {}

  static async create(): Promise<BuiltProject> {
    const project = new BuiltProject(await realpath(await mkdtemp(join(tmpdir(), 'roux-built-'))));
    await symlink(join(root, 'node_modules'), join(project.folder, 'node_modules'));
    for (const [path, text] of Object.entries(projectFiles)) await project.write(path, text);
    return project;
  }

  get storeFolder(): string {
    return join(this.folder, '.roux');
  }

  /** Starts a command, `run` with events for instance. */
  start(args: readonly string[], { env, obeysModes = false }: StartOptions = {}): StartedCommand {
    const { ROUX_STORE: _1, NODE_EXTRA_CA_CERTS: _2, ...environment } = process.env;
    const asRoot = obeysModes && process.getuid?.() === 0;
    const before = asRoot ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];
    const [program, ...words] = [...before, process.execPath, join(root, 'dist/cli/roux.cjs'), ...args];
    const child = spawn(program ?? '', words, {
      cwd: this.folder,
      env: { ...environment, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.children.push(child);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const ended = new Promise<number | string>((resolve) => {
      child.on('close', (code, signal) => resolve(code ?? signal ?? 'gone'));
    }).then(async (status) => {
      this.children.splice(this.children.indexOf(child), 1);
      return this.describe(status, stdout, stderr);
    });
    return { child, ended };
  }

  /** Starts a run with some words. */
  startRun(words: readonly string[] = [], options: StartOptions = {}): StartedCommand {
    return this.start(['run', '--json', ...words], options);
  }

  /** Runs with some words, to the end. */
  run(words: readonly string[] = [], options: StartOptions = {}): Promise<BuiltRun> {
    return this.startRun(words, options).ended;
  }

  /** Runs until nothing is left to do, and that is recalled; gives back that run. */
  async settle(words: readonly string[] = [], options: StartOptions = {}): Promise<BuiltRun> {
    let ran = await this.run(words, options);
    for (let more = 1; more < mostRunsToSettle && !ran.isRecalled; more += 1) {
      ran = await this.run(words, options);
    }
    if (!ran.isRecalled) throw new Error(`never recalled:\n${ran.printed}`);
    return ran;
  }

  /** Every file of a stage's outputs with its bytes, as text: what a run's results are, read from the store. */
  async contents(run: BuiltRun, storeFolder = this.storeFolder): Promise<Readonly<Record<string, string>>> {
    const contents: Record<string, string> = {};
    for (const [stage, outputs] of Object.entries(run.digests)) {
      for (const [port, digest] of Object.entries(outputs)) {
        const folder = join(storeFolder, 'artifacts', digest.slice(0, 2), digest);
        for (const path of await filesBelow(folder)) {
          contents[`${stage}.${port}/${path.slice(folder.length + 1)}`] = await readFile(path, 'latin1');
        }
      }
    }
    return contents;
  }

  /** Every file in a part of the store, absolute, in order; none where there is no such part. */
  files(part: string): Promise<readonly string[]> {
    return filesBelow(join(this.storeFolder, part));
  }

  /** What is in the store that should not outlive the processes that worked with it. */
  async debris(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const part of ['tmp', 'locks', 'scratch', 'processes']) {
      for (const name of await readdir(join(this.storeFolder, part))) found.push(`${part}/${name}`);
    }
    return found;
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.folder, path)), { recursive: true });
    await writeFile(join(this.folder, path), text);
  }

  /** Ends everything and removes the project. */
  async remove(): Promise<void> {
    for (const { pid } of this.children) if (pid !== undefined) killGroup(pid);
    await rm(this.folder, { recursive: true, force: true });
  }

  private async describe(status: number | string, stdout: string, stderr: string): Promise<BuiltRun> {
    const events = stdout.split('\n').flatMap((line): readonly RunEvent[] => {
      // The last line of a process that was killed may be half a line.
      if (!line.startsWith('{"') || !line.endsWith('}')) return [];
      const event = JSON.parse(line);
      return typeof event.event === 'string' ? [event] : [];
    });
    const results = events.flatMap((event) =>
      event.event === 'stage-hit' || event.event === 'stage-done' ? [event] : [],
    );
    const digests = results.map(({ stage, record }) => [
      stage,
      Object.fromEntries(Object.entries(record.outputs).map(([port, { digest }]) => [port, digest])),
    ]);
    const [started] = events.flatMap((event) => (event.event === 'run-started' ? [event] : []));
    const begun = started && join(this.storeFolder, 'runs', started.run, 'run.json');
    return {
      status,
      events,
      stderr,
      printed: stdout + stderr,
      outcomes: Object.fromEntries(results.map(({ event, stage }) => [stage, event.slice('stage-'.length)])),
      digests: Object.fromEntries(digests),
      records: results.map(({ record }) => record),
      // What differs from run to run comes last in the record of a run that was recalled.
      isRecalled:
        begun !== undefined && (await readFile(begun, 'utf8').catch(() => '')).startsWith('{"recipe":'),
    };
  }
}

/** Kills a process and all of its group; nothing happens where they are gone. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** What a run told of damage and troubles: damaged artifacts, reasons for making something again, and what harmed no result. */
export function namesIn({ events }: BuiltRun): readonly string[] {
  return events.flatMap((event) => {
    if (event.event === 'store-trouble') return [event.message];
    if (event.event === 'artifact-damaged') return [event.detail];
    if (event.event !== 'stage-started') return [];
    const named = event.reasons.filter(({ kind }) => kind === 'damaged' || kind === 'evicted');
    return named.map(({ text }) => text);
  });
}

/** Whether a stack trace of the program was printed, as text or inside JSON. */
export function showsStack({ printed }: Pick<BuiltRun, 'printed'>): boolean {
  return /(^|\\n|\n)\s+at .+:\d+:\d+/.test(printed);
}

/** Writes over a file, read-only or not, as a program does that does not care. */
export async function overwrite(path: string, text: string | Uint8Array): Promise<void> {
  await chmod(path, 0o644);
  await writeFile(path, text);
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const recipe = `recipe: 1
name: copies
plugins: [./copy.mjs]
params:
  word: { type: string, default: one, env: WORD }
  pause: { type: integer, default: 0, env: PAUSE }
stages:
  texts: { uses: load-dataset, with: { path: texts.tsv, label: label, near_duplicates: false, split: { train: 0.5, test: 0.5 } } }
  file: { uses: copy, with: { path: data.txt, word: "\${params.word}", pause: "\${params.pause}" } }
  folder: { uses: copy, in: { before: file }, with: { path: data, pause: "\${params.pause}" } }
  last: { uses: copy, in: { before: folder }, with: { path: data.txt, word: "\${params.word}", pause: "\${params.pause}" } }
`;

/** Copies what comes before and files, half of it first and the rest after a while. */
const plugin = `
import { defineStage, PathSetting, Type } from 'roux';
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { said } from './said.mjs';
export default defineStage({
  type: 'copy', version: 1, summary: 'Copies',
  settings: Type.Object({
    path: PathSetting({ description: 'What is copied' }),
    word: Type.String({ description: 'A word', default: '' }),
    pause: Type.Integer({ description: 'Milliseconds in the middle', default: 0 }),
  }),
  inputs: { before: { kind: 'text', optional: true, description: 'What comes before' } },
  outputs: { out: { kind: 'text', description: 'The copy' } },
  async run({ settings: { path, word, pause }, inputs, outputs }) {
    const copy = outputs.out.path + '/copy.txt';
    const files = statSync(path).isFile() ? [path] : readdirSync(path).sort().map((name) => path + '/' + name);
    writeFileSync(copy, said + word + files.map((file) => readFileSync(file, 'utf8')).join(''));
    await setTimeout(pause);
    if (inputs.before) appendFileSync(copy, readFileSync(inputs.before.path + '/copy.txt'));
    return { metrics: { letters: readFileSync(copy).length }, summary: 'copied' };
  },
});
`;

/** The files of a new project, by path. */
export const projectFiles: Readonly<Record<string, string>> = {
  'package.json': '{}',
  'roux.yaml': recipe,
  'copy.mjs': plugin,
  'said.mjs': "export const said = 'copied';\n",
  'data.txt': 'data\n',
  'data/a.txt': 'a\n',
  'data/b.txt': 'b\n',
  'texts.tsv': `text\tlabel\n${Array.from({ length: 12 }, (_, row) => `text ${row}\t${row % 2 === 0 ? 'even' : 'odd'}\n`).join('')}`,
};
