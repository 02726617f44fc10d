/** Options that all commands on recipes share. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { runtimeNames } from '../recipe/runtime-names.js';
import type { RuntimeName } from '../runtime/runtime.js';

/** What commander makes of `addRecipeOptions`. */
export interface RecipeOptions extends RecipeValueOptions {
  readonly store?: string;
}

/** What commander makes of `addRecipeValueOptions`. */
export interface RecipeValueOptions {
  readonly profile?: string;
  readonly set?: readonly string[];
  readonly params?: readonly string[];
  readonly threads?: number;
  readonly runtime?: RuntimeName;
  readonly seed?: number;
}

/** What commander makes of `addSelectionOptions`. */
export interface SelectionOptions {
  readonly only?: readonly string[];
  readonly until?: readonly string[];
  readonly force?: readonly string[];
  readonly forceAll?: boolean;
}

/** Adds the recipe argument and the options that say how it is read. */
export function addRecipeOptions(command: Command): Command {
  return addRecipeValueOptions(
    command.argument('[recipe]', 'a recipe file; default: roux.yaml here, or the only recipe there is'),
  ).addOption(storeOption());
}

/** Adds the options that change what a recipe says. */
export function addRecipeValueOptions(command: Command): Command {
  return command
    .option('-p, --profile <name>', 'take the parameters of this profile of the recipe')
    .option('-s, --set <key=value>', 'set a parameter of the recipe; may be repeated', collect)
    .option('--params <file>', 'set parameters from a YAML or JSON file; may be repeated', collect)
    .option('--threads <number>', 'CPU threads to use; default: all', wholeNumber(1))
    .addOption(runtimeOption())
    .option('--seed <number>', 'the seed of everything that is random', wholeNumber(0));
}

/** Adds the options that pick stages. */
export function addSelectionOptions(command: Command): Command {
  return command
    .option('--only <stage>', 'only this stage and what it needs; may be repeated', collect)
    .option('--until <stage>', 'the same as --only: everything up to this stage', collect)
    .option('--force <stage>', 'run this stage although its result is there; may be repeated', collect)
    .option('--force-all', 'run every stage that is meant, whatever is there');
}

/** The option that names the runtime. */
export function runtimeOption(): Option {
  return new Option('--runtime <name>', 'what computes with tensors').choices(runtimeNames);
}

/** The option that names the store. */
export function storeOption(): Option {
  return new Option('--store <folder>', 'the store; default: .roux at the project root').env('ROUX_STORE');
}

/** The engine's words for the picked stages. */
export function selectionOf(options: SelectionOptions): {
  readonly only?: readonly string[];
  readonly force?: boolean | readonly string[];
} {
  const only = [...(options.only ?? []), ...(options.until ?? [])];
  const force = options.forceAll === true ? true : options.force;
  return { ...(only.length > 0 && { only }), ...(force !== undefined && { force }) };
}

/** Gathers a repeated option. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

/** Reads a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`Expected a whole number of at least ${least}.`);
    }
    return value;
  };
}
