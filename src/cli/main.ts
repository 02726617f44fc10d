/** The `roux` command from its modules, for commands that the bundle leaves out and for those who work on roux. */
import module from 'node:module';

// Node 22.1 and later can keep compiled modules on disk. Everything else is imported after that is turned on: static imports
// would be compiled before.
if ('enableCompileCache' in module && typeof module.enableCompileCache === 'function') {
  module.enableCompileCache();
}
const { runCommandLine } = await import('./command-line.js');
const { endProcess } = await import('./end-process.js');

endProcess(await runCommandLine(process.argv.slice(2)));
