/** Questions on a terminal, one after the other. */
import type { Terminal } from './output/terminal.js';

/** Asks; where nobody can answer, every answer is the proposed one. */
export interface Questions {
  /**
   * The answer to a question, the proposed one by Enter. What `objection` finds wrong with it is said, and the question is asked
   * again; the proposed answer of one who cannot be asked is taken as it is. Throws `QuestionsEnded`.
   */
  readonly ask: (
    question: string,
    proposed: string,
    objection?: (answer: string) => string | undefined,
  ) => Promise<string>;
  readonly close: () => void;
}

/** Somebody ended the questions, with Ctrl-C or the end of the input. */
export class QuestionsEnded extends Error {
  override readonly name = 'QuestionsEnded';
}

/** Questions on a terminal where single lines can be read, and `isWanted`. */
export async function openQuestions(terminal: Terminal, isWanted: boolean): Promise<Questions> {
  if (!isWanted || !terminal.interactive || terminal.stdin.isTTY !== true)
    return { ask: async (_, proposed) => proposed, close: () => {} };
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: terminal.stdin, output: terminal.stdout });
  const ended = new Promise<never>((_, reject) => lines.once('close', () => reject(new QuestionsEnded())));
  // Closing after the last question is no failure of anybody.
  ended.catch(() => {});
  lines.once('SIGINT', () => lines.close());
  return {
    ask: async (question, proposed, objection = () => undefined) => {
      const prompt = `${question} ${terminal.colors.dim(`[${proposed}]`)} `;
      for (;;) {
        const written = (await Promise.race([lines.question(prompt), ended])).trim();
        const answer = written === '' ? proposed : written;
        const wrong = objection(answer);
        if (wrong === undefined) return answer;
        terminal.print(wrong);
      }
    },
    close: () => lines.close(),
  };
}
