/**
 * What went wrong in a store without harm to any result: a note that could not be written or was damaged, what a killed process
 * left behind. It is told once, by the run that goes on or else by the next one.
 */

/** Hears of a trouble, in a sentence for the user. */
export type TroubleListener = (message: string) => void;

/** The troubles of one opened store. */
export class Troubles {
  private readonly told = new Set<string>();
  private readonly untold: string[] = [];
  private readonly listeners = new Set<TroubleListener>();

  /** Notes a trouble; the same one is told once. */
  note(message: string): void {
    if (this.told.has(message)) return;
    this.told.add(message);
    // Whoever came last belongs to the newest run.
    const listener = [...this.listeners].at(-1);
    if (listener === undefined) this.untold.push(message);
    else listener(message);
  }

  /** Hears of what nobody has heard of yet, and of what comes. Gives back how to stop it. */
  listen(listener: TroubleListener): () => void {
    this.listeners.add(listener);
    for (const message of this.untold.splice(0)) listener(message);
    return () => this.listeners.delete(listener);
  }
}
