/** Installs the tools that roux is compared with, under `build/`, which git ignores. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installOnce } from './install-once.js';

/** The versions that figures in docs/ were measured with. */
export const peerVersions = {
  engines: { turbo: '2.11.11', wireit: '0.14.13' },
  inference: { '@huggingface/transformers': '4.3.1' },
} as const;

/** Installs peers with npm, unless they are there; gives back the folder whose `node_modules` they are in. */
export function installPeers(kind: keyof typeof peerVersions): string {
  const folder = join(process.cwd(), 'build', 'peers', kind);
  const wanted = JSON.stringify({ name: 'peers', private: true, dependencies: peerVersions[kind] });
  installOnce(folder, wanted, () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), wanted);
    const args = ['install', '--no-audit', '--no-fund', '--no-save', '--ignore-scripts', '--prefix', folder];
    const { status } = spawnSync('npm', args, { stdio: 'inherit', cwd: folder });
    if (status !== 0) throw new Error('npm could not install the peers');
  });
  return folder;
}

/** turbo's program, without the script that looks for it: the fastest way to start it. */
export function turboProgram(peers: string): string {
  const arch = process.arch === 'x64' ? '64' : process.arch;
  const candidates = [`@turbo/${process.platform}-${arch}`, `turbo-${process.platform}-${arch}`];
  for (const name of candidates) {
    const program = join(peers, 'node_modules', name, 'bin', 'turbo');
    if (existsSync(program)) return program;
  }
  throw new Error(`turbo has no program for ${process.platform}-${process.arch}`);
}
