import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Installs something into a folder, unless it is there.
 *
 * @param wanted what is installed, versions included; another text installs anew.
 */
export function installOnce(folder: string, wanted: string, install: () => void): void {
  // Written last: an installation that was interrupted is begun again.
  const installed = join(folder, 'installed.txt');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === wanted) return;
  install();
  writeFileSync(installed, wanted);
}
