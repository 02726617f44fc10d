/** Examples that were classified wrongly, the most confident first. */
import type { Prediction } from '../../artifacts/predictions.js';
import { formatCount, formatShare } from '../figures.js';
import { html, type Markup } from '../html.js';
import type { ReportPredictions } from '../report-content.js';
import { type Section, section } from './section.js';

/** Characters shown of a text; the rest unfolds. */
const shownCharacters = 280;

/** Characters of a text that are in the page at all. */
const keptCharacters = 4000;

/** The section of all predictions; nothing when there are none. */
export function errorsSection(all: readonly ReportPredictions[]): Section | undefined {
  const measured = all.filter(({ labelled }) => labelled > 0);
  if (measured.length === 0) return undefined;
  return section(
    'errors',
    'Wrongly classified',
    'The errors that the model was surest of.',
    measured.map(
      ({ name, labels, labelled, wrong, worst }) => html`<h3>${name}</h3>
<p class="lead">${formatCount(wrong)} of ${formatCount(labelled)} examples are wrong (${formatShare(wrong / labelled)})${worst.length < wrong && worst.length > 0 ? `; ${worst.length} are shown` : ''}.</p>
${worst.map((prediction) => wrongExample(prediction, labels))}`,
    ),
  );
}

function wrongExample(prediction: Prediction, labels: readonly string[]): Markup {
  const { id, text, textPair, label, predicted, probabilities } = prediction;
  const confidence = probabilities[predicted] ?? 0;
  return html`<blockquote class="example">${longText(text)}${textPair !== undefined && longText(textPair)}
<footer>is <strong>${labels[label ?? -1] ?? '?'}</strong>, taken for <strong class="bad">${labels[predicted] ?? '?'}</strong> with ${formatShare(confidence)} <span class="from">${id}</span></footer></blockquote>\n`;
}

/** A text whose end unfolds when it is long. */
export function longText(text: string): Markup {
  // Mails hold long gaps, which tell nothing and take the room of other texts.
  const trimmed = text.trim().replaceAll(/\n\s*\n/g, '\n\n');
  if (trimmed.length <= shownCharacters) return html`<p>${trimmed}</p>`;
  const cut = trimmed.lastIndexOf(' ', shownCharacters);
  const at = wholeCharacter(trimmed, cut > shownCharacters / 2 ? cut : shownCharacters);
  const end = wholeCharacter(trimmed, keptCharacters);
  const left = trimmed.length - end;
  return html`<details class="text"><summary>${trimmed.slice(0, at)} …</summary><p>${trimmed.slice(at, end)}${left > 0 ? html` <em>… ${formatCount(left)} more characters</em>` : ''}</p></details>`;
}

/** The nearest place at or before `at` that does not fall between the halves of a character. */
function wholeCharacter(text: string, at: number): number {
  if (at >= text.length) return text.length;
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}
