/** Text from files on a terminal: nothing in it may move the cursor, change colours or turn the writing around. */

/**
 * Replaces every character that a terminal would act on by a visible one: C0 controls by their Unicode pictures, C1
 * controls, lone surrogates and direction overrides by U+FFFD. Tabs become `tab`.
 */
export function printable(text: string, tab = ' '): string {
  if (plain.test(text)) return text;
  return text.replace(characterClasses().unprintable, (character) => {
    if (character === '\t') return tab;
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(controlPictures + code);
    return code === 0x7f ? deletePicture : replacement;
  });
}

/**
 * Lines as they go to a terminal, with colours of ours in them: whatever else a terminal would act on becomes visible, also where
 * somebody forgot `printable`.
 */
export function guardTerminal(text: string): string {
  return text
    .split(colorCode)
    .map((part, index) => (index % 2 === 1 ? part : part.split('\n').map((line) => printable(line, '\t'))))
    .map((part) => (typeof part === 'string' ? part : part.join('\n')))
    .join('');
}

/** The number of terminal cells that a printable text takes. */
export function displayWidth(text: string): number {
  if (plain.test(text)) return text.length;
  const { zeroWidth, wide } = characterClasses();
  let width = 0;
  for (const character of text) {
    if (zeroWidth.test(character)) continue;
    width += wide.test(character) ? 2 : 1;
  }
  return width;
}

/** What most text is made of; the properties of all other characters take milliseconds to look up for the first time. */
const plain = /^[ -~]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of colours begin with one
const colorCode = /(\u001b\[[0-9;]*m)/;
const controlPictures = 0x2400;
const deletePicture = '\u2421';
const replacement = '\ufffd';

interface CharacterClasses {
  readonly unprintable: RegExp;
  readonly zeroWidth: RegExp;
  readonly wide: RegExp;
}

let classes: CharacterClasses | undefined;

/** Made when the first unusual text comes, for the same reason. */
function characterClasses(): CharacterClasses {
  classes ??= {
    unprintable: /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]/gu,
    zeroWidth: /^[\p{Mn}\p{Me}\p{Cf}]$/u,
    wide: /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]$/u,
  };
  return classes;
}
