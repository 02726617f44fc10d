/**
 * Stages for tests: cheap, deterministic, and `gate`, which does what the test tells it, when the test tells it.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { link } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Type } from '@sinclair/typebox';
import type { InputArtifact } from '../../src/plugin/define-stage.js';
import { defineStage } from '../../src/plugin/define-stage.js';

const files = { kind: ['text', 'dataset'], description: 'Texts', many: true, optional: true } as const;
const out = { kind: 'text', description: 'A text' } as const;

/** Writes its inputs' texts and its own. */
export const write = defineStage({
  type: 'write',
  version: 1,
  summary: 'Writes a text',
  settings: Type.Object({
    text: Type.String(),
    metric: Type.Optional(Type.Number()),
    size: Type.Optional(Type.Integer()),
    note: Type.Optional(Type.String()),
  }),
  inputs: { files },
  outputs: { out },
  keyless: ['note'],
  async run({ settings, inputs, outputs }) {
    const text = [...inputs.files.map(textOf), settings.text].join('+');
    writeFileSync(join(outputs.out.path, 'text.txt'), text.repeat(settings.size ?? 1));
    return {
      metrics: {
        letters: text.length,
        ...(settings.metric === undefined ? {} : { metric: settings.metric }),
      },
      summary: `${text.length} letters`,
    };
  },
});

/** Writes only the length of its inputs, so that many inputs give the same output. */
export const measure = defineStage({
  type: 'measure',
  version: 1,
  summary: 'Measures texts',
  settings: Type.Object({}),
  inputs: { files },
  outputs: { out },
  async run({ inputs, outputs }) {
    writeFileSync(join(outputs.out.path, 'text.txt'), String(inputs.files.map(textOf).join('').length));
    return undefined;
  },
});

/** Reads a file outside the store. */
export const read = defineStage({
  type: 'read',
  version: 1,
  summary: 'Reads a file',
  settings: Type.Object({ path: Type.String() }),
  inputs: {},
  outputs: { out },
  async run({ settings, outputs }) {
    writeFileSync(join(outputs.out.path, 'text.txt'), readFileSync(settings.path));
    return undefined;
  },
});

/** Links its inputs' files instead of copying them. */
export const relink = defineStage({
  type: 'relink',
  version: 1,
  summary: 'Links a text',
  settings: Type.Object({}),
  inputs: { files },
  outputs: { out },
  async run({ inputs, outputs }) {
    for (const [index, { path }] of inputs.files.entries()) {
      await link(
        join(path, 'text.txt'),
        join(outputs.out.path, index === 0 ? 'text.txt' : `text${index}.txt`),
      );
    }
    return undefined;
  },
});

/** Draws a number from its seed and names its runtime. */
export const draw = defineStage({
  type: 'draw',
  version: 1,
  summary: 'Draws a number',
  settings: Type.Object({}),
  inputs: {},
  outputs: { out },
  seeded: true,
  tensors: true,
  threads: 'all',
  async run({ seed, runtime, outputs }) {
    writeFileSync(join(outputs.out.path, 'text.txt'), `${seed} ${runtime.name} ${runtime.threads}`);
    return undefined;
  },
});

/** Makes a data set of three splits; for parts. */
export const splits = defineStage({
  type: 'splits',
  version: 1,
  summary: 'Makes a data set',
  settings: Type.Object({ train: Type.String(), test: Type.String() }),
  inputs: {},
  outputs: { out: { kind: 'dataset', description: 'A data set' } },
  async run({ settings, outputs }) {
    writeFileSync(join(outputs.out.path, 'dataset.json'), '{}');
    writeFileSync(join(outputs.out.path, 'train.jsonl'), settings.train);
    writeFileSync(join(outputs.out.path, 'test.jsonl'), settings.test);
    return undefined;
  },
});

/** Copies the provenance of its inputs. */
export const lineage = defineStage({
  type: 'lineage',
  version: 1,
  summary: 'Shows how its inputs came about',
  settings: Type.Object({}),
  inputs: { files },
  outputs: { out },
  provenance: true,
  async run({ inputs, outputs }) {
    const texts = inputs.files.map(({ provenance }) => readFileSync(provenance ?? '', 'utf8'));
    writeFileSync(join(outputs.out.path, 'text.txt'), texts.join('\n'));
    return undefined;
  },
});

/** Counts up to `steps`, with a checkpoint after every step; its output tells nothing of how often it was killed. */
export const count = defineStage({
  type: 'count',
  version: 1,
  summary: 'Counts, with checkpoints',
  settings: Type.Object({ steps: Type.Integer(), pause: Type.Optional(Type.Integer()) }),
  inputs: { files },
  outputs: { out },
  keyless: ['pause'],
  async run({ settings, inputs, outputs, scratch, signal, progress, log }) {
    const checkpoint = join(scratch, 'count.json');
    let total: number = existsSync(checkpoint) ? JSON.parse(readFileSync(checkpoint, 'utf8')) : 0;
    if (total > 0) log.info(`goes on from ${total}`);
    while (total < settings.steps) {
      signal.throwIfAborted();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, settings.pause ?? 1);
      total += 1;
      writeFileSync(`${checkpoint}.new`, JSON.stringify(total));
      renameSync(`${checkpoint}.new`, checkpoint);
      progress({ done: total, total: settings.steps, unit: 'steps' });
    }
    writeFileSync(join(outputs.out.path, 'text.txt'), `${inputs.files.map(textOf).join('+')}${total}`);
    return { metrics: { total } };
  },
});

/** Keeps a text on the way that depends on one of its settings alone, and writes it after the other one. */
export const keep = defineStage({
  type: 'keep',
  version: 1,
  summary: 'Keeps a text on the way',
  settings: Type.Object({
    shared: Type.String(),
    own: Type.Optional(Type.String()),
    pause: Type.Optional(Type.Integer()),
    fail: Type.Optional(Type.Boolean()),
  }),
  inputs: { files },
  outputs: { out },
  keyless: ['pause', 'fail'],
  async run({ settings: { shared, own = '', pause = 0, fail = false }, outputs, cache, log }) {
    const entry = { name: 'kept-text', version: 1, kind: 'text', data: { shared } };
    const folder = await cache.artifact(entry, async (path) => {
      log.info('makes it');
      writeFileSync(join(path, 'kept.txt'), shared);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
      if (fail) throw new Error('as the test said');
    });
    writeFileSync(join(outputs.out.path, 'text.txt'), own + readFileSync(join(folder, 'kept.txt'), 'utf8'));
    return undefined;
  },
});

/** Counts steps; goes on from the count that a shorter one left. */
export const climb = defineStage({
  type: 'climb',
  version: 1,
  summary: 'Counts, and goes on from shorter counts',
  settings: Type.Object({
    steps: Type.Integer(),
    way: Type.Optional(Type.String()),
    share: Type.Optional(Type.Number()),
  }),
  inputs: { files },
  outputs: { out },
  continuation: {
    extent: ['steps'],
    anew: [
      { setting: 'way', unless: ['up'], because: 'the first steps go elsewhere' },
      { setting: 'share', between: [0, 1], because: 'the first steps are others' },
    ],
  },
  async run({ settings: { steps, way }, outputs, continuation, log }) {
    const { previous, state = '' } = continuation ?? {};
    const before: number =
      previous === undefined || way !== 'up'
        ? 0
        : JSON.parse(readFileSync(join(previous, 'at.json'), 'utf8'));
    const from = before > steps ? 0 : before;
    log.info(`from ${from}`);
    if (way === 'up') writeFileSync(join(state, 'at.json'), String(steps));
    writeFileSync(join(outputs.out.path, 'text.txt'), `at ${steps}`);
    return undefined;
  },
});

/** What a test can tell a gate to do. */
export type GateCommand =
  | { readonly do: 'finish'; readonly text: string; readonly metrics?: Readonly<Record<string, number>> }
  | { readonly do: 'fail'; readonly how: 'user' | 'user-nowhere' | 'bug' | 'ENOSPC' | 'EFBIG' | 'uncaught' }
  | { readonly do: 'die'; readonly signal: NodeJS.Signals }
  | { readonly do: 'exit'; readonly code: number }
  | { readonly do: 'log'; readonly message: string }
  | { readonly do: 'print'; readonly message: string }
  | { readonly do: 'progress'; readonly done: number }
  | { readonly do: 'checkpoint'; readonly text: string }
  /** Keeps the thread busy without letting the event loop turn until the signal is aborted. */
  | { readonly do: 'block-until-cancelled' }
  /** Keeps the thread busy in what could be native code. */
  | { readonly do: 'block-for-good' }
  | { readonly do: 'ignore-cancel' }
  /** Starts a process of its own that would live on. */
  | { readonly do: 'start-process' };

/** What a gate tells the test when it has begun. */
export interface GateGreeting {
  readonly name: string;
  readonly pid: number;
  readonly inputs: readonly string[];
  readonly checkpoint?: string;
}

/** Does what the test says over a socket. */
export const gate = defineStage({
  type: 'gate',
  version: 1,
  summary: 'Waits for the test',
  settings: Type.Object({ name: Type.String(), socket: Type.String(), text: Type.Optional(Type.String()) }),
  inputs: { files },
  outputs: { out },
  keyless: ['socket'],
  async run({ settings, inputs, outputs, scratch, signal, log, progress }) {
    const socket = connect(settings.socket);
    const file = join(scratch, 'checkpoint.txt');
    const greeting: GateGreeting = {
      name: settings.name,
      pid: process.pid,
      inputs: inputs.files.map(textOf),
      ...(existsSync(file) ? { checkpoint: readFileSync(file, 'utf8') } : {}),
    };
    const say = (value: unknown) => socket.write(`${JSON.stringify(value)}\n`);
    say(greeting);
    let ignoring = false;
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => ignoring || reject(signal.reason));
    });
    aborted.catch(() => undefined);
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { value, done } = await Promise.race([lines.next(), aborted]);
        if (done) throw new Error('The test hung up');
        const command: GateCommand = JSON.parse(value);
        if (command.do === 'finish') {
          writeFileSync(join(outputs.out.path, 'text.txt'), command.text);
          return { metrics: command.metrics ?? {} };
        }
        if (command.do === 'fail') await fail(command.how);
        else if (command.do === 'die') process.kill(process.pid, command.signal);
        else if (command.do === 'exit') process.exit(command.code);
        else if (command.do === 'log') log.info(command.message);
        else if (command.do === 'print') console.log(command.message);
        else if (command.do === 'progress')
          progress({ done: command.done, total: command.done, unit: 'steps' });
        else if (command.do === 'checkpoint') writeFileSync(file, command.text);
        else if (command.do === 'ignore-cancel') ignoring = true;
        else if (command.do === 'start-process') say({ pid: await startProcess() });
        else {
          say({ blocked: true });
          for (;;) {
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
            if (command.do === 'block-until-cancelled') signal.throwIfAborted();
          }
        }
        say({ did: command.do });
      }
    } finally {
      socket.destroy();
    }
  },
});

/** All of them by type. */
export const toyStages = { write, measure, read, relink, draw, splits, lineage, count, keep, climb, gate };

async function fail(how: Extract<GateCommand, { do: 'fail' }>['how']): Promise<void> {
  if (how === 'bug') throw new Error('as the test said');
  if (how === 'ENOSPC' || how === 'EFBIG') throw Object.assign(new Error(how), { code: how, path: '/there' });
  if (how === 'user' || how === 'user-nowhere') {
    throw Object.assign(new Error('as the test said'), {
      name: 'UserError',
      details: {
        message: 'as the test said',
        help: 'write another test',
        ...(how === 'user' && { line: 7 }),
      },
    });
  }
  setImmediate(() => {
    throw new Error('out of the blue');
  });
  await new Promise(() => undefined);
}

async function startProcess(): Promise<number> {
  const { spawn } = await import('node:child_process');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
  child.unref();
  return child.pid ?? 0;
}

function textOf({ path }: InputArtifact): string {
  return readFileSync(join(path, existsSync(join(path, 'text.txt')) ? 'text.txt' : 'test.jsonl'), 'utf8');
}
