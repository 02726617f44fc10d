/** The members of a JSON object as somebody wrote them. */

/** A string of JSON, or what objects and lists are made of; numbers and words lie between them. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/g;

/**
 * The texts of an object's values by their names, in the order of the names: a parsed number may be another than the one that was
 * written (64-bit integers, `1.0`), and parsed names that look like numbers come first. Of a repeated name the last value counts, as in
 * `JSON.parse`, which must have taken `text` for an object.
 */
export function jsonMembers(text: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  let depth = 0;
  let start = 0;
  let colon: number | undefined;
  for (const { 0: token, index } of text.matchAll(tokens)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (depth === 1 && token === ':') colon = index;
    if (depth === 1 && token === '{') start = index + 1;
    if (depth === 0 || (depth === 1 && token === ',')) {
      if (colon !== undefined) {
        members.set(JSON.parse(text.slice(start, colon)), text.slice(colon + 1, index).trim());
      }
      start = index + 1;
      colon = undefined;
    }
  }
  return members;
}
