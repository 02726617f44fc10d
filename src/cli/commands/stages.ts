/** `roux stages`: the stage types and their settings. */
import { Command } from 'commander';
import type { StageInfo, StageRegistry } from '../../plugin/stage-info.js';
import type { CommandOutside } from '../command-line.js';
import { CommandLineError, exitCodes } from '../exit-codes.js';
import { collect } from '../recipe-options.js';

interface StagesOptions {
  readonly recipe?: string;
  readonly plugin?: readonly string[];
  readonly json?: boolean;
}

export function command(outside: CommandOutside): Command {
  return new Command('stages')
    .summary('list the stage types, or show one with its settings')
    .description('Without a name: all stage types. With one: its settings, ports, defaults and an example.')
    .argument('[type]', 'a stage type')
    .option('--recipe <file>', 'with the plugins of this recipe')
    .option('--plugin <file>', 'with this plugin; may be repeated', collect)
    .option('--json', 'print what is known as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ roux stages\n  $ roux stages train\n  $ roux stages shout --plugin ./stages/shout.ts',
    )
    .action((type: string | undefined, options: StagesOptions) => stagesCommand(type, options, outside));
}

async function stagesCommand(
  type: string | undefined,
  options: StagesOptions,
  { terminal, exit }: CommandOutside,
): Promise<void> {
  const [{ loadStageTypes }, { formatProblems }, views] = await Promise.all([
    import('../stage-types.js'),
    import('../recipe-source.js'),
    import('../output/stage-views.js'),
  ]);
  const loaded = await loadStageTypes(options, terminal);
  if (!loaded.ok) {
    terminal.printError(await formatProblems(loaded.error, terminal));
    exit(exitCodes.wrong);
    return;
  }
  const registry = loaded.value;
  if (type === undefined) {
    const infos = [...registry.values()].sort((a, b) => a.type.localeCompare(b.type, 'en'));
    terminal.print(options.json === true ? toJson(infos) : views.stageList(infos, terminal).join('\n'));
    return;
  }
  const info = registry.get(type);
  if (info === undefined) throw await unknownType(type, registry);
  terminal.print(options.json === true ? toJson(info) : views.stageTypeView(info, terminal).join('\n'));
}

async function unknownType(type: string, registry: StageRegistry): Promise<CommandLineError> {
  const { didYouMean } = await import('../../diagnostics/suggest.js');
  return new CommandLineError('command/unknown-stage-type', `there is no stage type ${type}`, {
    written: type,
    help: didYouMean(type, registry.keys()) ?? 'roux stages lists them',
  });
}

/** `validate` is a function and drops out by itself. */
function toJson(value: StageInfo | readonly StageInfo[]): string {
  return JSON.stringify(value, null, 2);
}
