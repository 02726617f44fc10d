/** Text that is safe to print, and its width on a terminal. */

/** Control characters that move no cursor and start no sequence: only the line break is let through where asked. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Marks that take no column of their own: combining marks, joiners, variation selectors. */
const zeroWidth = /^(?:\p{Mn}|\p{Me}|[\u200b-\u200d])$/u;

/** Scripts and symbols that terminals draw two columns wide. */
const doubleWidth =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]$/u;

/**
 * Makes one line of foreign text (names, data, messages) harmless: control characters, the escape character
 * first of all, and marks that reverse the direction of writing are shown as `\x1b` or `\u202e` instead of acting.
 */
export function oneLine(text: string): string {
  return text.replace(controlCharacters, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    if (character === '\t') return ' ';
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** As `oneLine`, but line breaks stay. */
export function manyLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => oneLine(line))
    .join('\n');
}

/** Columns that a text takes on a terminal; colour codes take none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of withoutColors(text)) {
    if (zeroWidth.test(character)) continue;
    width += doubleWidth.test(character) ? 2 : 1;
  }
  return width;
}

/** Removes colour codes. */
export function withoutColors(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with the escape character
  return text.replace(/\u001b\[[0-9;]*m/g, '');
}

/** Cuts plain text (without colour codes) to `width` columns; a cut text ends in '…'. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const character of text) {
    const columns = displayWidth(character);
    if (used + columns > width - 1) break;
    kept += character;
    used += columns;
  }
  return width > 0 ? `${kept}…` : '';
}

/** Fills up with blanks to `width` columns. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

/** Fills up with blanks in front to `width` columns. */
export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - displayWidth(text))) + text;
}

/** Breaks plain text at blanks into lines of at most `width` columns; longer words are cut hard. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    let rest = word;
    if (line !== '' && displayWidth(line) + 1 + displayWidth(rest) <= width) {
      line += ` ${rest}`;
      continue;
    }
    if (line !== '') lines.push(line);
    while (displayWidth(rest) > width) {
      lines.push(rest.slice(0, width));
      rest = rest.slice(width);
    }
    line = rest;
  }
  if (line !== '') lines.push(line);
  return lines;
}
