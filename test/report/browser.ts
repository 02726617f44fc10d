/** A real browser for tests of pages, and what is looked at in it. */
import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

/** Where Debian and others put it; `ROUX_CHROMIUM` names another place. */
const places = [
  process.env.ROUX_CHROMIUM ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The browser's program; undefined where there is none. */
export const browserProgram: string | undefined = places.find((place) => place !== '' && existsSync(place));

/** Starts the browser. */
export function startBrowser(): Promise<Browser> {
  if (browserProgram === undefined) throw new Error('there is no browser');
  return chromium.launch({
    executablePath: browserProgram,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

/** Scripts of the page are texts here: the types of a browser's world would clash with those of Node. */
const judgeContrast = readFileSync(new URL('judge-contrast.js', import.meta.url), 'utf8');

/** How a page is opened. */
export interface View {
  readonly width: number;
  readonly colorScheme: 'light' | 'dark';
}

/** What was found on a page. */
export interface Findings {
  /** Messages and errors of the console. */
  readonly console: readonly string[];
  /** Addresses besides the page's own that were asked for. */
  readonly requests: readonly string[];
  /** Pixels that the page is wider than the window. */
  readonly overflow: number;
  /** Texts whose contrast with what is behind them is too low, each once. */
  readonly faint: readonly string[];
  /** How many texts were judged. */
  readonly texts: number;
}

/** Opens a file with every fold unfolded, and looks at it. */
export async function lookAt(browser: Browser, file: string, view: View): Promise<Findings> {
  const context = await browser.newContext({
    viewport: { width: view.width, height: 800 },
    colorScheme: view.colorScheme,
  });
  try {
    const page = await context.newPage();
    const address = pathToFileURL(file).href;
    const messages: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => messages.push(message.text()));
    page.on('pageerror', (error) => messages.push(error.message));
    page.on('request', (request) => {
      if (request.url() !== address) requests.push(request.url());
    });
    await page.goto(address);
    const folded = await overflowOf(page);
    await page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");
    const overflow = Math.max(folded, await overflowOf(page));
    const { faint, texts } = await page.evaluate<Pick<Findings, 'faint' | 'texts'>>(judgeContrast);
    return { console: messages, requests, overflow, faint, texts };
  } finally {
    await context.close();
  }
}

/** The name of the document's root and the texts of a graph's nodes, of a file that is a graph by itself. */
export async function lookAtGraph(
  browser: Browser,
  file: string,
): Promise<{ readonly root: string; readonly names: readonly string[] }> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(pathToFileURL(file).href);
    return {
      root: await page.evaluate<string>('document.documentElement.tagName'),
      names: await page.locator('text.name').allTextContents(),
    };
  } finally {
    await context.close();
  }
}

async function overflowOf(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
