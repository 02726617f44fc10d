/** Where listr2 draws its tree, so that lines can be printed above it while it is redrawn. */
import { ProcessOutput } from 'listr2';

const escapeCode = '\u001b[';
const eraseLine = `${escapeCode}2K`;
const lineUp = `${escapeCode}1A`;
const lineStart = `${escapeCode}G`;

/**
 * The streams of one tree. While a tree is open listr2 keeps back what anybody else writes; and its redrawing goes up by the
 * number of lines that it drew last. So what is printed here takes those lines away and puts them back below itself.
 */
export class TreeOutput extends ProcessOutput {
  /** What was drawn last and is still there. */
  private drawn = '';

  /** The stream that the tree is drawn on: every text replaces the one before, which it begins with erasing. */
  override get stdout(): NodeJS.WriteStream {
    return Object.assign(super.stdout, {
      write: (text: string): boolean => {
        this.drawn = withoutErasing(text);
        return this.toStdout(text, false);
      },
    });
  }

  /** Prints lines above the tree, or where it was once it is closed. */
  print(text: string): void {
    this.toStdout(`${erasing(this.drawn)}${text}\n${this.drawn}`, false);
  }
}

/** Takes a text away below whose last line the cursor is. */
function erasing(text: string): string {
  if (text === '') return '';
  const above = text.split('\n').length - 1;
  return `${`${eraseLine}${lineUp}`.repeat(above)}${eraseLine}${lineStart}`;
}

function withoutErasing(text: string): string {
  let start = 0;
  for (const code of [eraseLine, lineUp, lineStart]) if (text.startsWith(code)) start = code.length;
  return start === 0 ? text : withoutErasing(text.slice(start));
}
