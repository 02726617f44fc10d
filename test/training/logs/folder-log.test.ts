import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileVersionEvent, scalarEvent, sessionStartEvent } from '../../../src/formats/tensorboard-events.js';
import { type CurveRow, readCurve, writeCurve } from '../../../src/training/curve.js';
import { combineLogs } from '../../../src/training/logs/curve-log.js';
import { folderLog } from '../../../src/training/logs/folder-log.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roux-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const rows: readonly CurveRow[] = [
  { step: 1, epoch: 0.5, loss: 2.5, learning_rate: 0.1, gradient_norm: 3 },
  {
    step: 2,
    epoch: 1,
    loss: 2,
    learning_rate: 0.05,
    gradient_norm: 1,
    validation: { loss: 1.5, accuracy: 0.75 },
  },
];

const scalars = [
  { 'train/epoch': 0.5, 'train/loss': 2.5, 'train/learning_rate': 0.1, 'train/gradient_norm': 3 },
  {
    'train/epoch': 1,
    'train/loss': 2,
    'train/learning_rate': 0.05,
    'train/gradient_norm': 1,
    'validation/loss': 1.5,
    'validation/accuracy': 0.75,
  },
];

const table =
  'step,epoch,loss,learning_rate,gradient_norm,validation_loss,validation_accuracy\n' +
  '1,0.5,2.5,0.1,3,,\n2,1,2,0.05,1,1.5,0.75\n';

function read(name: string): Buffer {
  return readFileSync(join(folder, name));
}

describe('a log in a folder', () => {
  it('has every row at once in an event file with the time, in JSONL and in CSV', async () => {
    let time = 1_700_000_000;
    const log = folderLog(join(folder, 'runs', 'spam'), () => time);
    folder = join(folder, 'runs', 'spam');
    log.start([]);
    for (const row of rows) {
      time += 10;
      log.row(row);
      expect((await readCurve(folder)).at(-1)).toEqual(row);
    }
    await log.end('finished');
    expect(readdirSync(folder).sort()).toEqual([
      'curve.csv',
      'curve.jsonl',
      'events.out.tfevents.1700000000.roux',
    ]);
    expect(read('curve.csv').toString()).toBe(table);
    expect(await readCurve(folder)).toEqual(rows);
    const events = [
      fileVersionEvent(1_700_000_000),
      sessionStartEvent(1_700_000_000, 0),
      scalarEvent({ wallTime: 1_700_000_010, step: 1, scalars: scalars[0] ?? {} }),
      scalarEvent({ wallTime: 1_700_000_020, step: 2, scalars: scalars[1] ?? {} }),
    ];
    expect(read('events.out.tfevents.1700000000.roux')).toEqual(Buffer.concat(events));
    folder = join(folder, '..', '..');
  });

  it('begins again with the rows of a training that goes on', async () => {
    const [first, second] = rows;
    if (first === undefined || second === undefined) throw new Error('two rows');
    const killed = folderLog(folder, () => 100);
    killed.start([]);
    for (const row of rows) killed.row(row);
    const log = folderLog(folder, () => 200);
    log.start([first]);
    log.row({ ...second, loss: 7 });
    expect((await readCurve(folder)).map((row) => row.loss)).toEqual([2.5, 7]);
    expect(read('curve.csv').toString()).toBe(table.replace('2,1,2,', '2,1,7,'));
    const events = read('events.out.tfevents.0000000200.roux');
    expect(events.subarray(0, fileVersionEvent(200).length + sessionStartEvent(200, 0).length)).toEqual(
      Buffer.concat([fileVersionEvent(200), sessionStartEvent(200, 0)]),
    );
  });
});

describe('the artifact of a curve', () => {
  it('has the same three files, without time', async () => {
    await writeCurve(folder, rows);
    expect(read('curve.csv').toString()).toBe(table);
    const events = [
      fileVersionEvent(0),
      ...rows.map(({ step }, index) => scalarEvent({ wallTime: step, step, scalars: scalars[index] ?? {} })),
    ];
    expect(read('events.out.tfevents.0000000000.roux')).toEqual(Buffer.concat(events));
    expect(await readCurve(folder)).toEqual(rows);
  });
});

describe('several logs', () => {
  it('go on without the one that fails, which is named once', async () => {
    const messages: string[] = [];
    const blocked = join(folder, 'a-file');
    writeFileSync(blocked, '');
    const log = combineLogs(
      [
        { name: blocked, log: folderLog(blocked, () => 1) },
        { name: 'good', log: folderLog(join(folder, 'good'), () => 1) },
      ],
      (message) => messages.push(message),
    );
    log.start([]);
    for (const row of rows) log.row(row);
    await log.end('finished');
    expect(messages.length).toBe(1);
    expect(messages[0]).toContain(`no longer logged to ${blocked}`);
    expect(await readCurve(join(folder, 'good'))).toEqual(rows);
  });
});
