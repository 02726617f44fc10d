/** Runs the real command in a temporary project. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildSources, root } from '../rig/build.js';

/** How a command ended. */
export interface CommandEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly end: Promise<CommandEnd>;
  /** Resolves when the standard output holds the text; rejects when the command ends without it. */
  readonly until: (text: string) => Promise<void>;
}

/** A project in a temporary folder, with a plugin whose stages a test controls. */
export class CliProject {
  private constructor(
    readonly folder: string,
    private readonly program: string,
  ) {}

  static async create(): Promise<CliProject> {
    const build = await buildSources();
    // What the build derives from the stage definitions is found beside the compiled sources.
    if (!existsSync(join(build, 'dist'))) {
      await symlink(join(root, 'dist'), join(build, 'dist')).catch(() => undefined);
    }
    const folder = await mkdtemp(join(tmpdir(), 'roux-cli-'));
    const project = new CliProject(folder, join(build, 'src/cli/main.js'));
    await project.write({ 'package.json': '{}', 'stages/work.mjs': workStage });
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    return project;
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.folder, path)), { recursive: true });
      await writeFile(join(this.folder, path), text);
    }
  }

  /** Starts a command, in the project or in `folder`. */
  start(
    args: readonly string[],
    options: { readonly nodeOptions?: readonly string[]; readonly folder?: string } = {},
  ): RunningCommand {
    const words = [...(options.nodeOptions ?? []), this.program, ...args];
    return this.follow(process.execPath, words, process.env, options.folder);
  }

  /** Starts a command on a terminal of 100 columns and 30 rows, which `script` (util-linux) makes; CI is not mentioned. */
  startOnTerminal(args: readonly string[]): RunningCommand {
    const command = [process.execPath, this.program, ...args].map((word) => `'${word}'`).join(' ');
    const { CI: _, ...env } = process.env;
    const line = `stty cols 100 rows 30; exec ${command}`;
    return this.follow('script', ['-qfec', line, '/dev/null'], { ...env, TERM: 'xterm-256color' });
  }

  /** Starts a command whose standard output goes to a file. */
  startInto(file: string, args: readonly string[]): RunningCommand {
    const words = [process.execPath, this.program, ...args];
    return this.follow('sh', ['-c', `exec "$@" > '${file}'`, 'sh', ...words], process.env);
  }

  private follow(
    program: string,
    args: readonly string[],
    given: NodeJS.ProcessEnv,
    folder = this.folder,
  ): RunningCommand {
    const { NO_COLOR: _1, FORCE_COLOR: _2, ROUX_STORE: _3, ...env } = given;
    const child = spawn(program, args, { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    const waiting: {
      readonly text: string;
      readonly resolve: () => void;
      readonly reject: (error: Error) => void;
    }[] = [];
    const tell = (): void => {
      for (const { text, resolve } of waiting) if (stdout.includes(text)) resolve();
    };
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      tell();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const end = new Promise<CommandEnd>((resolve) => {
      child.on('close', (code, signal) => {
        for (const { text, reject } of waiting)
          reject(new Error(`never printed ${text}: ${stdout}${stderr}`));
        resolve({ code, signal, stdout, stderr });
      });
    });
    const until = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        waiting.push({ text, resolve, reject });
        tell();
      });
    return { child, end, until };
  }

  /** Runs a command to its end, with `input` on its standard input. */
  async run(args: readonly string[], input = '', folder = this.folder): Promise<CommandEnd> {
    const { child, end } = this.start(args, { folder });
    child.stdin?.end(input);
    return end;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Writes a text, fails as it is told, or works until it is cancelled. */
const workStage = `
import { Type } from '@sinclair/typebox';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
export default {
  type: 'work', version: 1, summary: 'Works',
  settings: Type.Object({
    text: Type.String({ description: 'What is written', default: 'text' }),
    does: Type.Optional(Type.Union([Type.Literal('throw'), Type.Literal('wait')], { description: 'What it does' })),
  }, { additionalProperties: false }),
  inputs: { before: { kind: 'work', optional: true, description: 'What comes before' } },
  outputs: { work: { kind: 'work', description: 'The text' } },
  async run({ settings, outputs, log, signal }) {
    log.info('began');
    if (settings.does === 'throw') throw new Error('thrown by the stage');
    if (settings.does === 'wait') {
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }
    await writeFile(join(outputs.work.path, 'text.txt'), settings.text);
    return { metrics: { letters: settings.text.length }, summary: settings.text };
  },
};
`;
