/** Which run something is from. */
import type { RunRecord } from '../engine/api.js';
import { oneLine } from './output/terminal-text.js';

/** 'run 20250102-101112 of spam-filter (profile quick)'. */
export function describeRun({ id, name, profile }: RunRecord): string {
  return `run ${oneLine(id)} of ${oneLine(name)}${profile === undefined ? '' : ` (profile ${oneLine(profile)})`}`;
}
