/**
 * Which term lists an audit uses.
 */
import { UserError } from '../../artifacts/user-error.js';
import type { SwapGroup } from '../../fairness/audit-swaps.js';
import type { IdentityList, SwapList } from '../../fairness/term-lists.js';

/** Joins the names of lists that are swapped together in one variant. */
const TOGETHER = '+';

/**
 * The swap groups that settings name: `gendered-words`, or `gendered-words+first-names` for both lists in one variant.
 * Without names every list is a group of its own. Throws a `UserError` for a list that does not exist.
 */
export function chooseSwaps(
  lists: readonly SwapList[],
  names: readonly string[] | undefined,
): readonly SwapGroup[] {
  if (names === undefined) return lists.map((list) => ({ name: list.name, lists: [list] }));
  return names.map((name) => ({
    name,
    lists: name.split(TOGETHER).map((part) => listNamed(lists, part.trim(), 'swaps')),
  }));
}

/** The identity lists that settings name; all of them without names. Throws a `UserError` for one that does not exist. */
export function chooseIdentities(
  lists: readonly IdentityList[],
  names: readonly string[] | undefined,
): readonly IdentityList[] {
  return names === undefined ? lists : names.map((name) => listNamed(lists, name, 'identities'));
}

function listNamed<List extends { readonly name: string }>(
  lists: readonly List[],
  name: string,
  setting: string,
): List {
  const list = lists.find((candidate) => candidate.name === name);
  if (list !== undefined) return list;
  throw new UserError({
    code: 'audit/no-list',
    message: `There is no term list '${name}', which the setting ${setting} names.`,
    found: lists.length > 0 ? lists.map((known) => known.name).join(', ') : 'no list at all',
    help: 'A list is a JSON file in the folder `swaps` or `identity` of the term lists; its name is the file name.',
  });
}
