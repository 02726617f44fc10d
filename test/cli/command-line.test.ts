import { existsSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliProject } from './run-cli.js';

let project: CliProject;

beforeAll(async () => {
  project = await CliProject.create();
  await project.write({
    'recipes/good.yaml': recipe(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the recipe language's own placeholder
      'first: { uses: work, with: { text: "${params.text}" } }',
      'last: { uses: work, in: first }',
    ),
    'recipes/throws.yaml': recipe(
      'first: { uses: work, with: { does: throw } }',
      'last: { uses: work, in: first }',
    ),
    'recipes/waits.yaml': recipe('first: { uses: work, with: { does: wait } }'),
    'recipes/misses.yaml': recipe('first: { uses: work, expect: { letters: "> 9" } }'),
    'recipes/wrong.yaml': recipe('first: { uses: wrok }', 'last: { uses: work, in: frist }'),
  });
});

afterAll(() => project.remove());

function dataUrl(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

function recipe(...stages: readonly string[]): string {
  return [
    'recipe: 1',
    'plugins: [../stages/work.mjs]',
    'params: { text: hello }',
    'stages:',
    ...stages.map((stage) => `  ${stage}`),
    '',
  ].join('\n');
}

describe('wrong command lines', () => {
  it('name the command that was meant and end with 2', async () => {
    const { code, stderr } = await project.run(['rnu']);
    expect(code).toBe(2);
    expect(stderr).toContain("there is no command 'rnu'");
    expect(stderr).toContain("did you mean 'run'?");
  });

  it('name the option that was meant and end with 2', async () => {
    const { code, stderr } = await project.run(['run', '--porfile', 'x']);
    expect(code).toBe(2);
    expect(stderr).toContain("did you mean '--profile'?");
  });

  it('list the recipes nearby when the recipe does not exist', async () => {
    const { code, stderr } = await project.run(['run', 'nothing.yaml']);
    expect(code).toBe(2);
    expect(stderr).toContain('the recipe nothing.yaml does not exist');
    expect(stderr).toContain('recipes/good.yaml');
  });

  it('list the recipes when none is named and there are several', async () => {
    const { code, stderr } = await project.run(['plan']);
    expect(code).toBe(2);
    expect(stderr).toContain('recipes/throws.yaml');
  });
});

describe('roux run', () => {
  it('runs a recipe, and nothing the second time', async () => {
    const first = await project.run(['run', 'good']);
    expect(first.stderr).toBe('');
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/✔ 2 stages: 2 done/);
    const second = await project.run(['run', 'recipes/good.yaml']);
    expect(second.code).toBe(0);
    expect(second.stdout).toMatch(/✔ 2 stages: 2 cached/);
  });

  it('loads no renderer, schema compiler or tensor library when everything is cached', async () => {
    await project.run(['run', 'good']);
    const loader = `import { appendFileSync } from 'node:fs';
      export async function load(url, context, next) { appendFileSync('loaded.txt', url + '\\n'); return next(url, context); }`;
    const hook = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(loader))});`;
    const { child, end } = project.start(['run', 'good'], {
      nodeOptions: ['--no-warnings', '--import', dataUrl(hook)],
    });
    child.stdin?.end();
    expect((await end).stdout).toMatch(/2 cached/);
    const loaded = await readFile(join(project.folder, 'loaded.txt'), 'utf8');
    expect(loaded).toContain('/cli/products.js');
    expect(loaded).not.toMatch(
      /\/yaml\/|check-recipe|listr2|typebox|\/ajv\/|tensorflow|onnxruntime|esbuild|chokidar|vega/,
    );
  });

  it('ends with 1 when a stage throws, shows its stack and skips what needs it', async () => {
    const { code, stdout } = await project.run(['run', 'throws']);
    expect(code).toBe(1);
    expect(stdout).toContain('thrown by the stage');
    expect(stdout).toContain('This is a mistake in the stage');
    expect(stdout).toMatch(/last +skipped +needs first/);
  });

  it('ends with 1 when an expectation does not hold, and shows where it is written', async () => {
    const { code, stdout } = await project.run(['run', 'misses']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/recipes\/misses\.yaml:5:\d+/);
    expect(stdout).toContain('found:    letters 4');
  });

  it('ends with 2 before anything runs when the recipe is wrong, and tells all mistakes', async () => {
    const { code, stdout, stderr } = await project.run(['run', 'wrong']);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain("did you mean 'work'?");
    expect(stderr).toContain("did you mean 'first'?");
  });

  it('prints one JSON object a line with --json', async () => {
    const { stdout } = await project.run(['run', 'good', '--json', '-s', 'text=json']);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line): { event: string; time: number } => JSON.parse(line));
    expect(events.at(0)?.event).toBe('run-started');
    expect(events.at(-1)?.event).toBe('run-finished');
    expect(events.every(({ time }) => typeof time === 'number')).toBe(true);
  });

  it('prints the diagnostics as JSON with --json', async () => {
    const { code, stdout } = await project.run(['run', 'wrong', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      event: 'diagnostics',
      diagnostics: [{ severity: 'error' }, {}],
    });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends cleanly by %s', async (signal, expected) => {
    const { child, end, until } = project.start(['run', 'waits']);
    await until('began');
    child.kill(signal);
    const { code, stdout } = await end;
    expect(code).toBe(expected);
    expect(stdout).toMatch(/■ interrupted; 1 stage: 1 cancelled/);
  });

  it('ends quietly when nobody reads its output any more', async () => {
    const { child, end, until } = project.start(['run', 'waits', '--json']);
    await until('stage-log');
    child.stdout?.destroy();
    // The next thing that is printed meets a closed pipe.
    child.kill('SIGINT');
    const { code, stderr } = await end;
    expect([130, 141]).toContain(code);
    expect(stderr).toBe('');
  });
});

describe.runIf(existsSync('/dev/full'))('an output that cannot be written', () => {
  it.each(['stages', 'plan good', 'run good', 'run good --json'])('is told: %s', async (line) => {
    const { code, stderr } = await project.startInto('/dev/full', line.split(' ')).end;
    expect(stderr).toBe('error: The disk is full while writing the output [disk/enospc]\n');
    expect(code).toBe(1);
  });
});

describe('roux plan', () => {
  it('says what would run and why', async () => {
    await project.run(['run', 'good']);
    const { code, stdout } = await project.run(['plan', 'good', '-s', 'text=other']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/first +work +run +text hello -> other/);
    expect(stdout).toMatch(/last +work +waiting +needs first/);
    expect(stdout).toContain('1 of 2 stages to run');
  });

  it('fits 80 columns and can be read by programs', async () => {
    const { stdout } = await project.run(['plan', 'good', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ stages: [{ name: 'first', type: 'work' }, { name: 'last' }] });
  });
});

describe('roux show, report and cache', () => {
  it('show a stage with figures and artifacts', async () => {
    await project.run(['run', 'good']);
    const { code, stdout } = await project.run(['show', 'first']);
    expect(code).toBe(0);
    expect(stdout).toContain('first (work)');
    expect(stdout).toMatch(/letters +5/);
    expect(stdout).toMatch(/work +\.roux\/artifacts\//);
  });

  it('show a run with the cause of each of its stages', async () => {
    await project.run(['run', 'good']);
    await project.run(['run', 'good', '-s', 'text=other']);
    const { code, stdout } = await project.run(['show', 'latest']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/first +work +done .* text hello -> other/);
    expect(stdout).toMatch(/figures\n {2}first +letters 5/);
    const { stdout: before } = await project.run(['show', 'latest~1', '--json']);
    expect(JSON.parse(before).stages[0]).toMatchObject({ name: 'first', metrics: { letters: 5 } });
  });

  it('draw a page of a run without a report stage, and of several side by side', async () => {
    await project.run(['run', 'good']);
    const one = await project.run(['report', '-o', 'pages/one.html']);
    expect(one).toMatchObject({ code: 0, stderr: expect.stringContaining('drawn from what it measured') });
    await project.run(['run', 'good', '-s', 'text=longer']);
    const several = await project.run([
      'report',
      'recipes/good.yaml~1',
      'recipes/good.yaml',
      '--title',
      'Two <runs>',
    ]);
    expect(several.stderr).toContain('comparison of');
    const page = await readFile(join(project.folder, several.stdout.trim()), 'utf8');
    expect(page).toContain('<h1>Two &lt;runs&gt;</h1>');
    expect(page).toContain('<code>longer</code>');
    expect((await project.run(['report', 'latest', '--stage', 'first'])).code).toBe(2);
  });

  it('list, verify and clean the store', async () => {
    await project.run(['run', 'good']);
    expect((await project.run(['cache', 'ls'])).stdout).toMatch(/work +5 B/);
    expect((await project.run(['cache', 'verify'])).stdout).toContain('sound');
    expect((await project.run(['cache', 'gc', '--dry-run', '--older-than', '1d'])).stdout).toContain(
      'would remove 0 results',
    );
    const { code, stderr } = await project.run(['cache', 'gc', '--max-size', 'much']);
    expect(code).toBe(2);
    expect(stderr).toContain('500MB');
  });
});

describe('roux why', () => {
  it('tells what differs, where it comes from and what is the same', async () => {
    await project.run(['run', 'good']);
    const { code, stdout } = await project.run(['why', 'last', 'good', '-s', 'text=third']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^last {2}waits for first/);
    expect(stdout).toMatch(/first {2}has to run; what differs/);
    expect(stdout).toMatch(/It goes back to\n {2}first {2}text hello -> third \(.*good\.yaml:5\)/);
    const json = JSON.parse((await project.run(['why', 'first', 'good', '--json'])).stdout);
    expect(json).toMatchObject({ stage: 'first', state: 'hit', origin: { stage: 'first' } });
    expect((await project.run(['why', 'first', 'good'])).stdout).toMatch(
      /first {2}is cached; made by run [\s\S]*the same as then: work version 1 and its source/,
    );
  });

  it('names the stage that was meant', async () => {
    const { code, stderr } = await project.run(['why', 'frist', 'good']);
    expect(code).toBe(2);
    expect(stderr).toContain("did you mean 'first'?");
  });
});

describe('roux compare', () => {
  it('compares the newest run with the one before, also when all of it is cached', async () => {
    await project.run(['run', 'good', '-s', 'text=one']);
    await project.run(['run', 'good', '-s', 'text=three']);
    const first = await project.run(['compare', 'recipes/good.yaml~1', 'recipes/good.yaml']);
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/first +text +one +three/);
    expect(first.stdout).toMatch(/first +letters +3 +5 +\+2/);
    expect(first.stdout).toMatch(/computing all of it/);
    await project.run(['run', 'good', '-s', 'text=one']);
    const { stdout } = await project.run(['compare', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      runs: [{ name: 'good' }, { name: 'good' }],
      differences: [{ stage: 'first', what: 'setting', name: 'text', values: ['three', 'one'] }],
      figures: [{ stage: 'first', values: [5, 3] }, { stage: 'last' }],
    });
  });

  it('says that there is no other run', async () => {
    expect((await project.run(['compare', 'nothing', 'latest'])).code).toBe(2);
    expect((await project.run(['compare', 'latest', '--stage', 'none'])).code).toBe(2);
  });
});

describe('roux graph', () => {
  it('draws the stages, with what would run', async () => {
    await project.run(['run', 'good']);
    const { stdout } = await project.run(['graph', 'good', '--plan', '-s', 'text=fourth']);
    expect(stdout).toMatch(/^flowchart TD\n.*first.*to run.*\n.*last.*waiting/);
    const { code } = await project.run(['graph', 'good', '-o', 'pictures/graph.svg']);
    expect(code).toBe(0);
    expect(await readFile(join(project.folder, 'pictures/graph.svg'), 'utf8')).toMatch(
      /^<svg [\s\S]*first[\s\S]*last/,
    );
    expect((await project.run(['graph', 'good', '-f', 'dot'])).stdout).toContain('"first" -> "last";');
  });

  it('writes no file whose name promises another format', async () => {
    const { code, stderr } = await project.run(['graph', 'good', '-o', 'graph.pdf']);
    expect(code).toBe(2);
    expect(stderr).toContain('the name graph.pdf says no format that graphs have');
    expect(existsSync(join(project.folder, 'graph.pdf'))).toBe(false);
  });
});

describe('roux runs', () => {
  it('lists runs by recipe and outcome, with a figure', async () => {
    await project.run(['run', 'good']);
    await project.run(['run', 'throws']);
    const { stdout } = await project.run(['runs', 'good', '--metric', 'first.letters']);
    expect(stdout).toMatch(/run +started +outcome +time +stages +first\.letters +recipe/);
    expect(stdout).toMatch(/done .* 5 +good/);
    expect(stdout).not.toContain('throws');
    const failed = JSON.parse((await project.run(['runs', '--outcome', 'failed', '--json'])).stdout);
    expect(failed[0]).toMatchObject({ name: 'throws', outcome: 'failed', tags: [] });
  });

  it('says how many records are damaged', async () => {
    await project.run(['run', 'good']);
    const [{ id } = { id: '' }] = JSON.parse((await project.run(['runs', '--json'])).stdout);
    const summary = join(project.folder, '.roux/runs', id, 'summary.json');
    await chmod(summary, 0o600);
    await writeFile(summary, `${await readFile(summary, 'utf8')}more`);
    const { stdout } = await project.run(['runs']);
    expect(stdout).not.toContain(id);
    expect(stdout).toContain('1 record is damaged and left out; roux cache verify tells which');
  });

  it('records name recipes by their place in the project, which may move', async () => {
    await project.run(['run', 'good']);
    const [{ id, recipe }] = JSON.parse((await project.run(['runs', '--json'])).stdout);
    expect(recipe).toBe(join(project.folder, 'recipes/good.yaml'));
    const record = await readFile(join(project.folder, '.roux/runs', id, 'run.json'), 'utf8');
    expect(record).toContain('"recipes/good.yaml"');
    expect(record).not.toContain(`${project.folder}/recipes`);
  });

  it('gives runs names that other commands understand', async () => {
    await project.run(['run', 'good']);
    expect((await project.run(['runs', 'tag', 'good.yaml', 'first-try'])).code).toBe(2);
    const { code, stdout } = await project.run(['runs', 'tag', 'recipes/good.yaml', 'first-try']);
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^first-try is run .* of good/),
    });
    expect((await project.run(['show', 'first-try'])).stdout).toContain('first-try');
    expect((await project.run(['runs', '--tagged'])).stdout).toContain('first-try');
    expect((await project.run(['runs', 'untag', 'first-try'])).code).toBe(0);
    expect((await project.run(['runs', 'untag', 'first-try'])).code).toBe(2);
  });

  it('refuses a name that could mean something else', async () => {
    await project.run(['run', 'good']);
    for (const name of ['latest', '../up', '20260101']) {
      expect((await project.run(['runs', 'tag', 'latest', name])).code).toBe(2);
    }
  });
});

describe('roux stages and schema', () => {
  it('know the stage types of plugins', async () => {
    expect((await project.run(['stages', '--recipe', 'good'])).stdout).toMatch(/work +Works \(plugin\)/);
    const { stdout } = await project.run(['stages', 'work', '--plugin', './stages/work.mjs']);
    expect(stdout).toMatch(/text +text +What is written \(default "text"\)/);
    expect((await project.run(['schema', '--recipe', 'good'])).stdout).toContain('"work"');
  });

  it('suggest the stage type that was meant', async () => {
    const { code, stderr } = await project.run(['stages', 'trian']);
    expect(code).toBe(2);
    expect(stderr).toContain("did you mean 'train'?");
  });
});
