/** HTML with everything escaped that is not markup by construction. */

/** A piece of finished markup. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: markup as it is, everything else escaped; lists are joined, nothing is left out. */
export type HtmlValue = Markup | string | number | undefined | null | false | readonly HtmlValue[];

/** Builds markup from a template; values are escaped unless they are markup. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Markup {
  return new Markup(strings.map((text, index) => text + render(values[index])).join(''));
}

/** Escapes a text for element contents and quoted attributes; control characters become visible signs. */
export function escapeHtml(text: string): string {
  return text
    .replace(unprintable, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Control characters but tab and line breaks, lone surrogates, and marks that turn the writing around. */
const unprintable =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

function render(value: HtmlValue): string {
  if (value === undefined || value === null || value === false) return '';
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(render).join('');
  return escapeHtml(String(value));
}
