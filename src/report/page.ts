/** The frame of every page: one file, readable in the light and in the dark, on a phone and on paper. */
import { type HtmlValue, html, Markup } from './html.js';
import type { Section } from './sections/section.js';
import { styleSheet } from './style.js';

/** What a page shows. */
export interface Page {
  readonly title: string;
  /** A sentence or two below the heading. */
  readonly description: string;
  /** What people look for first, above everything else. */
  readonly top: HtmlValue;
  readonly sections: readonly Section[];
  /** The last line. */
  readonly end: string;
}

/** Nothing is loaded from anywhere and no script runs, whatever the data says. */
const contentSecurityPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Writes the page as one self-contained text. The same content gives the same bytes. */
export function renderPage({ title, description, top, sections, end }: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="roux">
<title>${title}</title>
<style>${new Markup(styleSheet)}</style>
</head>
<body>
<header class="top">
<p class="brand">roux report</p>
<h1>${title}</h1>
${description !== '' && html`<p class="lead">${description}</p>`}
${top}
</header>
<nav aria-label="Contents"><div>${sections.map((one) => html`<a href="#${one.id}">${one.title}</a>`)}</div></nav>
<main>
${sections.map(({ body }) => html`${body}\n`)}
</main>
<footer class="end"><p>${end}</p></footer>
</body>
</html>
`.text;
}
