/**
 * What decides what a function computes, told beside the objects that it is made of, so that a compiled function can be found
 * again without tracing it.
 *
 * Identities belong to objects, not to their fields: a copy in which something was replaced has none, and what has none is
 * never looked up.
 */

/** Everything that decides, as data: equal identities compute the same. */
export type Identity = Readonly<Record<string, unknown>>;

const identities = new WeakMap<object, Identity>();

/** The object, with its identity; without one where that is not known. */
export function identified<T extends object>(object: T, identity: Identity | undefined): T {
  if (identity !== undefined) identities.set(object, identity);
  return object;
}

/** The identity of what is made of some objects and of data; `undefined` where one of the objects has none. */
export function identityOf(
  objects: Readonly<Record<string, object>>,
  data: Identity = {},
): Identity | undefined {
  const parts: Record<string, Identity> = {};
  for (const [name, object] of Object.entries(objects)) {
    const identity = identities.get(object);
    if (identity === undefined) return undefined;
    parts[name] = identity;
  }
  return { parts, data };
}
