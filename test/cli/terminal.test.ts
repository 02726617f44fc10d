/** A run on a terminal. Skipped where `script` of util-linux cannot make one. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliProject } from './run-cli.js';

const hasTerminals = /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '');
if (!hasTerminals) {
  process.stderr.write('\nSKIPPED: no `script` of util-linux, so no run was drawn on a terminal.\n\n');
}

const escapeCode = '\u001b';

/** A recipe of stages of the project's plugin. */
const recipeOf = (...stages: readonly string[]): string =>
  ['recipe: 1', 'plugins: [./stages/work.mjs]', 'stages:', ...stages, ''].join('\n');

describe.skipIf(!hasTerminals)('on a terminal', () => {
  let project: CliProject;

  beforeAll(async () => {
    project = await CliProject.create();
    const recipe = (does: string) =>
      recipeOf(`  first: { uses: work, with: { text: hello${does} } }`, '  last: { uses: work, in: first }');
    await project.write({ 'good.yaml': recipe(''), 'waits.yaml': recipe(', does: wait') });
  });

  afterAll(() => project.remove());

  it('a run is a tree that is redrawn in place, and a table at its end', async () => {
    const { end } = project.startOnTerminal(['run', 'good']);
    const { code, stdout } = await end;
    expect(code).toBe(0);
    // Lines go up and are erased, the cursor is hidden and comes back.
    expect(stdout).toContain(`${escapeCode}[2K`);
    expect(stdout).toContain(`${escapeCode}[1A`);
    expect(stdout.lastIndexOf(`${escapeCode}[?25h`)).toBeGreaterThan(
      stdout.lastIndexOf(`${escapeCode}[?25l`),
    );
    expect(stdout).toMatch(/first +.*it has not run before/);
    // The table comes after the last redrawing.
    const after = stdout.slice(stdout.lastIndexOf(`${escapeCode}[2K`));
    expect(after).toMatch(/first +.*done/);
    expect(after).toContain('2 stages: 2 done');
  });

  it('a run whose stages are all cached draws no tree', async () => {
    await project.startOnTerminal(['run', 'good']).end;
    const { code, stdout } = await project.startOnTerminal(['run', 'good']).end;
    expect(code).toBe(0);
    expect(stdout).not.toContain(`${escapeCode}[?25l`);
    expect(stdout).toContain('2 stages: 2 cached');
  });

  it('Ctrl-C ends it, with the cursor shown again', async () => {
    const run = project.startOnTerminal(['run', 'waits']);
    await run.until('began');
    run.child.stdin?.write('\u0003');
    const { code, stdout } = await run.end;
    expect(code).toBe(130);
    expect(stdout).toContain('interrupted');
    expect(stdout.lastIndexOf(`${escapeCode}[?25h`)).toBeGreaterThan(
      stdout.lastIndexOf(`${escapeCode}[?25l`),
    );
  });

  it('q ends a watch', async () => {
    const watch = project.startOnTerminal(['watch', 'good']);
    await watch.until('Waiting for changes');
    watch.child.stdin?.write('q');
    expect((await watch.end).code).toBe(0);
  });

  it('w explains, c compares and r runs again in a watch', async () => {
    const recipe = (text: string) => recipeOf(`  first: { uses: work, with: { text: ${text} } }`);
    await project.write({ 'watched.yaml': recipe('short') });
    const watch = project.startOnTerminal(['watch', 'watched']);
    await watch.until('Waiting for changes');
    await project.write({ 'watched.yaml': recipe('rather-long') });
    await watch.until(' 11 (');
    watch.child.stdin?.write('w');
    await watch.until('- text short -> rather-long');
    watch.child.stdin?.write('c');
    await watch.until('B - A');
    watch.child.stdin?.write('r');
    await watch.until('1 stage: 1 cached');
    watch.child.stdin?.write('\u0003');
    const { code, stdout } = await watch.end;
    expect(code).toBe(130);
    expect(stdout).not.toContain('Error');
  });

  describe('while a run of a watch goes on', () => {
    it('mistakes and what the keys answer are shown at once, above the tree', async () => {
      const waiting = (more: string) => recipeOf(`  endless: { uses: work, with: { does: wait${more} } }`);
      await project.write({ 'edited.yaml': waiting('') });
      const watch = project.startOnTerminal(['watch', 'edited']);
      await watch.until('began');
      watch.child.stdin?.write('w');
      await watch.until('There is nothing to explain yet');
      await project.write({ 'edited.yaml': waiting(', txet: hello') });
      await watch.until("did you mean 'text'?");
      await watch.until('One mistake; the run of the last good state goes on.');
      watch.child.stdin?.write('c');
      const answer = 'There is nothing to compare with yet.';
      // The tree is put back below what was printed.
      await watch.until(`${answer}\r\n${escapeCode}`);
      watch.child.stdin?.write('\u0003');
      const { code, stdout } = await watch.end;
      expect(code).toBe(130);
      expect(stdout.slice(stdout.indexOf(answer))).toMatch(/endless +it has not run before/);
      expect(stdout.split(answer)).toHaveLength(2);
    });

    it('w explains the run that ended last, not the one that goes on', async () => {
      const recipe = (settings: string) => recipeOf(`  only: { uses: work, with: { ${settings} } }`);
      await project.write({ 'thrice.yaml': recipe('text: one') });
      const watch = project.startOnTerminal(['watch', 'thrice']);
      await watch.until('Waiting for changes');
      await project.write({ 'thrice.yaml': recipe('text: second') });
      await watch.until(' 6 (');
      await project.write({ 'thrice.yaml': recipe('text: third, does: wait') });
      await watch.until('text second -> third');
      watch.child.stdin?.write('w');
      await watch.until('- text one -> second');
      watch.child.stdin?.write('\u0003');
      const { code, stdout } = await watch.end;
      expect(code).toBe(130);
      expect(stdout).not.toContain('- text second -> third');
    });

    it('a stage that r leaves running is said to go on', async () => {
      const watch = project.startOnTerminal(['watch', 'waits']);
      await watch.until('began');
      watch.child.stdin?.write('r');
      await watch.until('goes on from the run before');
      watch.child.stdin?.write('\u0003');
      const { code, stdout } = await watch.end;
      expect(code).toBe(130);
      expect(stdout).not.toContain('checkpoint');
    });
  });

  it('a recipe that is wrong from the start of a watch is only said to be wrong, and nothing to have run', async () => {
    await project.write({ 'wrong.yaml': 'recipe: 1\nstages: { a: { uses: nothing } }\n' });
    const watch = project.startOnTerminal(['watch', 'wrong']);
    await watch.until('One mistake; nothing was run.');
    watch.child.stdin?.write('w');
    await watch.until('There is nothing to explain yet');
    watch.child.stdin?.write('q');
    const { code, stdout } = await watch.end;
    expect(code).toBe(0);
    expect(stdout).not.toContain('good state');
  });

  it('Ctrl-C at a question writes nothing', async () => {
    await project.write({ 'mail.tsv': 'text\tlabel\nhello\tham\nbuy\tspam\n' });
    const asking = project.startOnTerminal(['new', 'mail.tsv']);
    await asking.until('the column with the text');
    asking.child.stdin?.write('\u0003');
    const { code } = await asking.end;
    expect(code).toBe(130);
    expect(existsSync(join(project.folder, 'mail.yaml'))).toBe(false);
  });
});
