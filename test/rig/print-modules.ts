/** Loaded first (`--import`): notes the address of every module that is loaded after it, in `globalThis.loadedModules`. */
import { createRequire, register } from 'node:module';
import { MessageChannel } from 'node:worker_threads';

declare global {
  var loadedModules: string[];
}

const loaded: string[] = [];
globalThis.loadedModules = loaded;
const { port1, port2 } = new MessageChannel();
port1.on('message', (url: string) => loaded.push(url)).unref();
const hooks = `
  let port;
  export function initialize(data) { port = data; }
  export async function load(url, context, next) { port.postMessage(url); return next(url, context); }
`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`, { data: port2, transferList: [port2] });

/** CommonJS modules, which do not pass the hooks in all versions of Node. */
export const commonJs = (): readonly string[] => Object.keys(createRequire(import.meta.url).cache);
