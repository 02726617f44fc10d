/** The names of encodings, apart from what decodes, since the recipe checker reads them. */
import { TextDecoder } from 'node:util';
import { didYouMean } from '../diagnostics/suggest.js';
import type { CodedDetails } from './user-error.js';

/** What is wrong with the name of an encoding; undefined for a label of the WHATWG Encoding Standard. */
export function encodingMistake(label: string): CodedDetails | undefined {
  try {
    new TextDecoder(label);
    return undefined;
  } catch {
    const near = didYouMean(label, commonEncodings);
    return {
      code: 'data/encoding',
      message: `roux knows no encoding "${label}"`,
      found: label,
      expected: 'utf-8, utf-16le, latin1, windows-1252 or another label of the WHATWG Encoding Standard',
      ...(near === undefined ? {} : { help: near }),
    };
  }
}

const commonEncodings = [
  'utf-8',
  'utf-16le',
  'utf-16be',
  'latin1',
  'windows-1252',
  'iso-8859-15',
  'shift_jis',
];
