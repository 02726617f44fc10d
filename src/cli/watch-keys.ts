/** Single keys that a command listens for on a terminal. */

/** What each key does, by its character; `interrupt` is for Ctrl-C, which a terminal in this mode does not turn into a signal. */
export interface KeyActions {
  readonly keys: Readonly<Record<string, () => void>>;
  readonly interrupt: () => void;
}

const controlC = '\u0003';

/** Listens for keys where single ones can be read, which is on terminals; gives the function that stops it. */
export function listenForKeys(
  terminal: { readonly interactive: boolean; readonly stdin: NodeJS.ReadStream },
  actions: KeyActions,
): () => void {
  if (!terminal.interactive || terminal.stdin.isTTY !== true) return () => {};
  const { stdin } = terminal;
  const read = (bytes: Buffer): void => {
    for (const key of bytes.toString('latin1')) {
      if (key === controlC) actions.interrupt();
      else if (Object.hasOwn(actions.keys, key)) actions.keys[key]?.();
    }
  };
  stdin.setRawMode(true);
  stdin.on('data', read);
  return () => {
    stdin.off('data', read);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
