import { expect, test } from 'vitest';
import { commentParagraphs } from '../../recipes/stages/doc-comments.js';

test('comments give prose, paragraph by paragraph, without tags, links, markup and code', () => {
  const source = `
    /** Sends the message to {@link Mailbox|all of them}. See [the guide](https://example.org/guide). */
    send(): void;
    /**
     * The price of an item, in \`cents\`. <b>Never</b> negative.
     *
     * - Taxes are
     *   included.
     * @param currency - Three letters that name it.
     * @example
     * const price = item.price({ currency: 'eur' });
     * @returns the price for one customer
     */
    price(currency: string): number;
    // No documentation at all.
    /** @internal */
    x: 1;
  `;
  expect(commentParagraphs(source)).toEqual([
    'Sends the message to Mailbox. See the guide.',
    'The price of an item, in cents . Never negative.',
    'Taxes are included.',
    'Three letters that name it.',
    'the price for one customer',
  ]);
});

test('fenced code is no prose, and ends a paragraph', () => {
  const source =
    '/**\n * Call it once.\n * ```js\n * open the door and go in\n * ```\n * Then wait for it.\n */';
  expect(commentParagraphs(source)).toEqual(['Call it once.', 'Then wait for it.']);
});
