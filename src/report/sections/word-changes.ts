/** Two versions of a text, with what differs marked. */
import { type HtmlValue, html, type Markup } from '../html.js';

/** Words kept around a change when a text is long. */
const contextWords = 12;

/** Texts with fewer words are shown whole. */
const shortText = 60;

/** Beyond this many words the comparison of all pairs would take too long, and the start has to do. */
const longestCompared = 1500;

/** The old text with every changed word struck out and the new one after it; long texts are cut to the changes. */
export function changedWords(before: string, after: string): Markup {
  const old = before.split(/(\s+)/).slice(0, longestCompared);
  const now = after.split(/(\s+)/).slice(0, longestCompared);
  const parts = compare(old, now);
  const near = keepNear(parts);
  const pieces: HtmlValue[] = [];
  let skipping = false;
  parts.forEach((part, index) => {
    if (!near[index]) {
      if (!skipping) pieces.push(' … ');
      skipping = true;
      return;
    }
    skipping = false;
    if (part.kind === 'same') pieces.push(part.text);
    else pieces.push(part.kind === 'old' ? html`<del>${part.text}</del>` : html`<ins>${part.text}</ins>`);
  });
  return html`${pieces}`;
}

interface Part {
  readonly kind: 'same' | 'old' | 'new';
  readonly text: string;
}

/** The longest common subsequence of words, as a list of kept, removed and added ones. */
function compare(old: readonly string[], now: readonly string[]): readonly Part[] {
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let end = 0;
  while (
    end < old.length - start &&
    end < now.length - start &&
    old[old.length - 1 - end] === now[now.length - 1 - end]
  ) {
    end += 1;
  }
  const same = (words: readonly string[]): readonly Part[] => words.map((text) => ({ kind: 'same', text }));
  return [
    ...same(old.slice(0, start)),
    ...middle(old.slice(start, old.length - end), now.slice(start, now.length - end)),
    ...same(old.slice(old.length - end)),
  ];
}

function middle(old: readonly string[], now: readonly string[]): readonly Part[] {
  const width = now.length + 1;
  const lengths = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      const at = i * width + j;
      lengths[at] =
        old[i] === now[j]
          ? (lengths[at + width + 1] ?? 0) + 1
          : Math.max(lengths[at + width] ?? 0, lengths[at + 1] ?? 0);
    }
  }
  const parts: Part[] = [];
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    const word = old[i];
    const other = now[j];
    if (word !== undefined && word === other) {
      parts.push({ kind: 'same', text: word });
      i += 1;
      j += 1;
    } else if (
      word !== undefined &&
      (other === undefined || (lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0))
    ) {
      parts.push({ kind: 'old', text: word });
      i += 1;
    } else if (other !== undefined) {
      parts.push({ kind: 'new', text: other });
      j += 1;
    }
  }
  return parts;
}

function keepNear(parts: readonly Part[]): readonly boolean[] {
  if (parts.length <= 2 * shortText) return parts.map(() => true);
  const near = parts.map(() => false);
  parts.forEach((part, index) => {
    if (part.kind === 'same') return;
    // Blanks between words are parts, too: twice as many.
    for (let at = index - 2 * contextWords; at <= index + 2 * contextWords; at += 1) {
      if (at >= 0 && at < near.length) near[at] = true;
    }
  });
  return near;
}
