import { describe, expect, it } from 'vitest';
import { createJsonRenderer } from '../../../src/cli/output/json-renderer.js';
import { createPlainRenderer } from '../../../src/cli/output/plain-renderer.js';
import { RunLog } from '../../../src/cli/output/run-log.js';
import { formatRunSummary } from '../../../src/cli/output/run-summary.js';
import type { RunEvent } from '../../../src/engine/events.js';
import { fakeTerminal } from '../fake-terminal.js';
import { failingRun, record, shortRun } from './events.js';

function plain(events: readonly RunEvent[]): string {
  const terminal = fakeTerminal();
  const renderer = createPlainRenderer(terminal);
  for (const event of events) renderer.event(event);
  return terminal.printed();
}

describe('plain lines', () => {
  it('tell a run with the time since it began, and progress at most every ten seconds', () => {
    expect(plain(failingRun)).toMatchInlineSnapshot(`
      "    0.0s  spam-filter (profile smoke)
          0.0s  1 stage cached
          0.0s  train     started (learning_rate 5e-5 -> 3e-5)
          3.0s  train     3/100 steps (3 %), loss 0.5000, 2,310 tokens/s
         13.0s  train     13/100 steps (13 %), loss 0.5000, 2,310 tokens/s, 1 min 27 s left
         23.0s  train     23/100 steps (23 %), loss 0.5000, 2,310 tokens/s, 1 min 17 s left
         33.0s  train     33/100 steps (33 %), loss 0.5000, 2,310 tokens/s, 1 min 7 s left
         43.0s  train     43/100 steps (43 %), loss 0.5000, 2,310 tokens/s, 57 s left
         53.0s  train     53/100 steps (53 %), loss 0.5000, 2,310 tokens/s, 47 s left
         60.5s  train     warning: loss is high
         61.0s  train     failed: the loss is NaN
         61.0s  evaluate  skipped, needs train
      "
    `);
  });

  it('show the paths of a warning from the working folder, as those of errors', () => {
    const message = '/project/data/mail.tsv:7: Row 6 has 1 column (a); left out';
    const events: readonly RunEvent[] = [
      ...shortRun.slice(0, 2),
      { time: 3, event: 'stage-log', stage: 'evaluate', level: 'warning', message },
    ];
    expect(plain(events)).toContain('warning: data/mail.tsv:7: Row 6');
    const log = new RunLog();
    for (const event of events) log.add(event);
    const summary = formatRunSummary(log, fakeTerminal({ columns: 100 }), { products: [] });
    expect(summary).toContain('warning evaluate: data/mail.tsv:7: Row 6');
  });

  it.each([
    ['tokens', "output 'tokens'"],
    ['record', 'record of the result'],
  ])('name what of a result is damaged in the store: %s', (port, named) => {
    const damaged = { event: 'artifact-damaged', stage: 'evaluate', port, detail: 'x is gone' } as const;
    expect(plain([...shortRun.slice(0, 2), { time: 3, ...damaged }])).toContain(
      `warning: the stored ${named} is damaged (x is gone); it was set aside and is made again`,
    );
  });

  it('hold no control code even when a name or a message does', () => {
    const text = plain([
      ...shortRun.slice(0, 2),
      { time: 3, event: 'stage-log', stage: 'evaluate', level: 'info', message: 'a\u001b[2Jb\rc\u202e' },
    ]);
    expect(text).toContain('a␛[2Jb␍c\ufffd');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});

describe('JSON lines', () => {
  it('are the events as they are, one a line', () => {
    const terminal = fakeTerminal();
    const renderer = createJsonRenderer(terminal);
    for (const event of failingRun) renderer.event(event);
    const lines = terminal.printed().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(failingRun);
  });
});

describe('the summary', () => {
  const summary = (events: readonly RunEvent[], columns = 100): string => {
    const log = new RunLog();
    for (const event of events) log.add(event);
    return formatRunSummary(log, fakeTerminal({ columns }), { products: [] });
  };

  it('shows the stages, warnings and failures with found and help', () => {
    expect(summary(failingRun)).toMatchInlineSnapshot(`
      "stage     state    time  summary
      mail      cached         5,172 rows, 2 labels
      train     failed         the loss is NaN
      evaluate  skipped        needs train

      warning train: loss is high

      failed train: the loss is NaN
        found:    NaN
        help:     lower the learning rate

      ✖ 3 stages: 1 cached, 1 failed, 1 skipped in 1 min 1 s"
    `);
  });

  it('shows the metrics of a run that ended well', () => {
    expect(summary(shortRun)).toMatchInlineSnapshot(`
      "stage     state    time  summary
      evaluate  done   880 ms  macro F1 0.981

      evaluate  macro_f1 0.9812   examples 1,200

      ✔ 1 stage: 1 done in 901 ms"
    `);
  });

  it('shows metrics as differences to an earlier result', () => {
    const log = new RunLog();
    for (const event of shortRun) {
      log.add(
        event.event === 'stage-done'
          ? { ...event, previousMetrics: { macro_f1: 0.97, examples: 1200 } }
          : event,
      );
    }
    const text = formatRunSummary(log, fakeTerminal(), {
      products: [{ stage: 'report', path: '.roux/x/report.html' }],
    });
    expect(text).toContain('macro_f1 0.9812 (+0.0112)   examples 1,200');
    expect(text).toContain('report: .roux/x/report.html');
  });

  it('stays within 80 columns whatever a stage says', () => {
    const wide = shortRun.map((event) =>
      event.event === 'stage-done'
        ? { ...event, record: record({ summary: 'many words '.repeat(30), metrics: { a: 1, b: 2 } }) }
        : event,
    );
    for (const line of summary(wide, 80).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});
