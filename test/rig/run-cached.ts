/** A program: runs a checked recipe (JSON) whose results are all in the store, and prints what was loaded for that. */
import { runRecipe } from '../../src/engine/run.js';
import { defaultStoreFolder, openStore } from '../../src/engine/store.js';
import { commonJs } from './print-modules.js';

const [folder = '', recipe = '{}'] = process.argv.slice(2);
const store = await openStore(defaultStoreFolder(folder));
const { counts } = await runRecipe(JSON.parse(recipe), { store });
await store.close();
// The hooks' thread tells of modules by messages; one turn of the event loop after the last of them.
await new Promise((resolve) => setImmediate(resolve));
console.log(JSON.stringify({ counts, loaded: [...globalThis.loadedModules, ...commonJs()] }));
