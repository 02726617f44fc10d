/** What runs are called on a page: letters with a colour each, since identifiers are long. */
import { html, type Markup } from '../html.js';

/** As many colours as the style sheet has. */
const colors = 6;

/** A, B, ... Z, A1, B1, ... */
export function runLetter(index: number): string {
  const round = Math.floor(index / 26);
  return String.fromCharCode('A'.charCodeAt(0) + (index % 26)) + (round === 0 ? '' : String(round));
}

/** The colour of a run, for charts. */
export function runColor(index: number): string {
  return `var(--c${(index % colors) + 1})`;
}

/** The letter in its colour, for texts and tables. */
export function runBadge(index: number): Markup {
  return html`<b class="badge run${(index % colors) + 1}">${runLetter(index)}</b>`;
}
