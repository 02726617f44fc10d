import { describe, expect, it } from 'vitest';
import type { CommandModule } from '../../src/cli/command-line.js';
import { fakeTerminal } from './fake-terminal.js';

const modules: Readonly<Record<string, () => Promise<CommandModule>>> = {
  run: () => import('../../src/cli/commands/run.js'),
  plan: () => import('../../src/cli/commands/plan.js'),
  watch: () => import('../../src/cli/commands/watch.js'),
  sweep: () => import('../../src/cli/commands/sweep.js'),
  why: () => import('../../src/cli/commands/why.js'),
  graph: () => import('../../src/cli/commands/graph.js'),
  runs: () => import('../../src/cli/commands/runs.js'),
  show: () => import('../../src/cli/commands/show.js'),
  compare: () => import('../../src/cli/commands/compare.js'),
  report: () => import('../../src/cli/commands/report.js'),
  predict: () => import('../../src/cli/commands/predict.js'),
  stages: () => import('../../src/cli/commands/stages.js'),
  schema: () => import('../../src/cli/commands/schema.js'),
  cache: () => import('../../src/cli/commands/cache.js'),
  doctor: () => import('../../src/cli/commands/doctor.js'),
};

describe('every command', () => {
  it.each(Object.keys(modules))('%s explains itself, with examples', async (name) => {
    const module = await modules[name]?.();
    const command = module?.command({ terminal: fakeTerminal(), args: [], exit: () => undefined });
    for (const one of [command, ...(command?.commands ?? [])]) {
      const written: string[] = [];
      one?.configureOutput({ writeOut: (text) => void written.push(text), getOutHelpWidth: () => 100 });
      one?.outputHelp();
      const help = written.join('');
      expect(help).toContain(`${one?.name()} [options]`);
      expect(help).toMatch(/Examples?:\n {2}\$ roux /);
      expect(one?.summary() || one?.description()).not.toBe('');
    }
  });
});
