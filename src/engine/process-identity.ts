/** Which process something in the store belongs to, and whether that process still lives. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isObject } from './foreign-data.js';

/** A process, told apart from any later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When the process was started, in clock ticks since boot; absent where the system does not tell (no /proc). */
  readonly startTime?: string;
  /** The machine, its boot and the process namespace: where `pid` means something. */
  readonly host: string;
  /** Different for every opened store, also within one process. */
  readonly token: string;
}

/** What tokens look like: they are parts of file names. */
export const tokenPattern = /^[0-9A-Za-z-]{1,100}$/;

/** After this long without a heartbeat a process that cannot be asked (another machine's) counts as dead. */
export const heartbeatLostMs = 60_000;

/** This process, with a new token. */
export function identifyThisProcess(): ProcessIdentity {
  const startTime = processStartTime(process.pid);
  // Only to differ from the other tokens of this process; `node:crypto` would be loaded for this alone.
  const other = Math.floor(Math.random() * 2 ** 48)
    .toString(16)
    .padStart(12, '0');
  const token = `${process.pid}-${startTime ?? '0'}-${other}`;
  return { pid: process.pid, ...(startTime === undefined ? {} : { startTime }), host: thisHost(), token };
}

/**
 * Whether the process lives. On this machine its number and start time decide; for other machines, and where start times
 * are not known, the age of its last heartbeat (milliseconds).
 */
export function isProcessAlive(identity: ProcessIdentity, heartbeatAgeMs: number): boolean {
  if (identity.host !== thisHost()) return heartbeatAgeMs < heartbeatLostMs;
  if (identity.startTime !== undefined) return processStartTime(identity.pid) === identity.startTime;
  return answersSignals(identity.pid) && heartbeatAgeMs < heartbeatLostMs;
}

/** Reads an identity that was stored as JSON; `undefined` for anything else. */
export function parseIdentity(value: unknown): ProcessIdentity | undefined {
  if (!isObject(value)) return undefined;
  const { pid, startTime, host, token } = value;
  if (typeof pid !== 'number' || typeof host !== 'string') return undefined;
  if (typeof token !== 'string' || !tokenPattern.test(token)) return undefined;
  return { pid, host, token, ...(typeof startTime === 'string' ? { startTime } : {}) };
}

/** The identity behind a token whose own record is unreadable: number and start time are part of the token. */
export function identityOfToken(token: string): ProcessIdentity | undefined {
  const match = /^(\d+)-(\d+)-[0-9a-f]+$/.exec(token);
  if (match === null) return undefined;
  const [, pid, startTime] = match;
  return {
    pid: Number(pid),
    host: thisHost(),
    token,
    ...(startTime === undefined || startTime === '0' ? {} : { startTime }),
  };
}

let cachedHost: string | undefined;

function thisHost(): string {
  cachedHost ??= [
    hostname(),
    readOrEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    readOrEmpty(() => readlinkSync('/proc/self/ns/pid')),
  ].join(' ');
  return cachedHost;
}

/** Field 22 of /proc/PID/stat (proc(5)); `undefined` for processes that are gone or only wait to be reaped. */
function processStartTime(pid: number): string | undefined {
  const stat = readOrEmpty(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field is the program's name in parentheses and may hold anything, so count from its end.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? undefined : fields[18];
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function readOrEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
