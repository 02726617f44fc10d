/** Examples on which runs disagree: one is right, the other wrong. */
import type { ChangedExample, ChangedExamples } from '../../comparison/compare-predictions.js';
import type { Comparison } from '../../comparison/compare-runs.js';
import { formatCount, formatShare } from '../figures.js';
import { html, type Markup } from '../html.js';
import { longText } from '../sections/errors.js';
import { columns, type Section, section } from '../sections/section.js';
import { runBadge } from './run-letters.js';

/** The section; nothing where no example changed sides. */
export function changedExamplesSection({ tests }: Comparison): Section | undefined {
  const blocks = tests.flatMap(({ first, second, stage, comparison }) => {
    if (comparison === undefined || comparison.lost.count + comparison.won.count === 0) return [];
    const side = (right: number, wrong: number, changed: ChangedExamples): Markup =>
      html`<h4>${formatCount(changed.count)} that only ${runBadge(right)} got right</h4>
${changed.examples.map((example) => exampleBlock(example, right === first, wrong))}`;
    return [
      html`<h3>${runBadge(second)} against ${runBadge(first)} <span class="from">${stage}</span></h3>
${columns(side(first, second, comparison.lost), side(second, first, comparison.won))}`,
    ];
  });
  if (blocks.length === 0) return undefined;
  return section('examples', 'Examples that changed sides', 'The surest mistakes first.', blocks);
}

function exampleBlock(example: ChangedExample, isFirstRight: boolean, wrong: number): Markup {
  const [right, mistaken] = isFirstRight ? [example.first, example.second] : [example.second, example.first];
  return html`<blockquote class="example">${longText(example.text)}${example.textPair !== undefined && longText(example.textPair)}
<footer>is <strong>${example.label}</strong> (${formatShare(right.probability)}); ${runBadge(wrong)} took it for <strong class="bad">${mistaken.label}</strong> with ${formatShare(mistaken.probability)} <span class="from">${example.id}</span></footer></blockquote>\n`;
}
