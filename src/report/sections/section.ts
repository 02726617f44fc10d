/** The frame of a section of the page. */
import { type HtmlValue, html, type Markup } from '../html.js';

/** A part of the page with an entry in the contents. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: Markup;
}

/** A section with a heading; `lead` says in a sentence how it is to be read. */
export function section(id: string, title: string, lead: HtmlValue, body: HtmlValue): Section {
  return {
    id,
    title,
    body: html`<section id="${id}"><h2>${title}</h2>${lead ? html`<p class="lead">${lead}</p>` : ''}${body}</section>`,
  };
}

/** A table; cells that are numbers or marked so are set flush right. `scroll` lets wide ones move on their own. */
export function table(
  head: readonly HtmlValue[],
  rows: readonly (readonly HtmlValue[])[],
  options: { readonly numeric?: readonly number[]; readonly caption?: string } = {},
): Markup {
  const numeric = new Set(options.numeric ?? []);
  const cell = (tag: 'td' | 'th', value: HtmlValue, column: number): Markup =>
    tag === 'th'
      ? html`<th scope="col"${numeric.has(column) ? html` class="number"` : ''}>${value}</th>`
      : html`<td${numeric.has(column) ? html` class="number"` : ''}>${value}</td>`;
  return html`<div class="scroll"><table>${options.caption ? html`<caption>${options.caption}</caption>` : ''}<thead><tr>${head.map((value, column) => cell('th', value, column))}</tr></thead><tbody>${rows.map(
    (row) => html`<tr>${row.map((value, column) => cell('td', value, column))}</tr>\n`,
  )}</tbody></table></div>`;
}

/** Blocks side by side where there is room. */
export function columns(...blocks: readonly HtmlValue[]): Markup {
  return html`<div class="columns">${blocks.map((block) => (block ? html`<div>${block}</div>` : ''))}</div>`;
}
