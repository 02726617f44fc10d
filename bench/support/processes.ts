/** Whole processes, measured from outside. */
import { spawnSync } from 'node:child_process';

/** How one process went. */
export interface ProcessRun {
  readonly ms: number;
  readonly output: string;
}

/** A command that is measured. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * What measured processes start with: this process's environment without what a user's shell seldom has. Node reads the certificates
 * that it names at every start, which can take longer than everything else that it does; the allocator's settings are
 * meant for training (`run.mjs`).
 */
const environment: NodeJS.ProcessEnv = { ...process.env };
for (const name of ['NODE_EXTRA_CA_CERTS', 'NODE_OPTIONS', 'MALLOC_MMAP_MAX_', 'MALLOC_TRIM_THRESHOLD_']) {
  delete environment[name];
}

/** Runs a command to its end. Throws when it fails. */
export function runProcess({ program, args, cwd, env }: Command): ProcessRun {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(program, [...args], {
    cwd,
    encoding: 'utf8',
    env: { ...environment, ...env },
  });
  const ms = performance.now() - started;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  return { ms, output: stdout + stderr };
}

/** Runs commands in turns, so that a busy moment of the machine strikes all of them; milliseconds of each. */
export function runInTurns<Name extends string>(
  commands: Readonly<Record<Name, Command>>,
  rounds: number,
): Readonly<Record<Name, readonly number[]>> {
  const names = Object.keys(commands) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) times[name].push(runProcess(commands[name]).ms);
  }
  return times;
}

/** Milliseconds of processor time that a command takes, user and system, its children included; measured by bash. */
export function processorMilliseconds({ program, args, cwd, env }: Command): number {
  const script = `TIMEFORMAT='%3U %3S'; time "$0" "$@" > >(cat > /dev/null) 2>&1`;
  const { status, stderr } = spawnSync('bash', ['-c', script, program, ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...environment, ...env },
  });
  const [user, system] = stderr.trim().split(' ').map(Number);
  if (status !== 0 || user === undefined || system === undefined) throw new Error(`${program}: ${stderr}`);
  return 1e3 * (user + system);
}

/** The most memory that a Node program takes, in megabytes. */
export function peakMemory(command: Command): number {
  const report =
    'data:text/javascript,process.on("exit",()=>process.stderr.write("\\npeak "+process.resourceUsage().maxRSS))';
  const { output } = runProcess({ ...command, args: ['--import', report, ...command.args] });
  return Number(/peak (\d+)\s*$/.exec(output)?.[1]) / 1024;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
