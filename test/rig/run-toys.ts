/**
 * A program: runs a toy recipe with the real engine and prints its events, one a line. What tests kill.
 *
 * Arguments: the project's folder, the recipe and options of the run as JSON.
 */
import { fileURLToPath } from 'node:url';
import { runRecipe } from '../../src/engine/run.js';
import { defaultStoreFolder, openStore } from '../../src/engine/store.js';
import { checkToyRecipe } from './toy-recipe.js';

const [folder = '', recipe = '{}', options = '{}'] = process.argv.slice(2);
const module = fileURLToPath(new URL('./toy-stages.js', import.meta.url));
const store = await openStore(defaultStoreFolder(folder));
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
const summary = await runRecipe(checkToyRecipe(JSON.parse(recipe), folder, module), {
  store,
  signal: interrupted.signal,
  onEvent: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
  ...JSON.parse(options),
});
await store.close();
process.exitCode = summary.outcome === 'done' ? 0 : 1;
