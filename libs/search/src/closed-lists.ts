// The fields whose values come from the catalogue: what a typed value means, which of the list a prefix covers, and what a typo probably was.
import { catalogue, categories, type Category } from '@auditlane/contracts';
import { closest, distance } from 'fastest-levenshtein';
import type { Value, ValueField } from './query';

export type ClosedField = Extract<ValueField, 'area' | 'category' | 'action'>;

export const isClosed = (field: ValueField): field is ClosedField =>
  field === 'area' || field === 'category' || field === 'action';

interface Listed {
  /** As it is printed and compared by prefix. */
  readonly key: string;
  /** As people read it. */
  readonly name: string;
}

/** "Setting updates" and setting-updates are setting_updates. */
const slug = (text: string): string => text.toLowerCase().replace(/[\s_-]+/gu, '_');

const actions = catalogue.flatMap((area) => area.actions.map(({ key, name }) => ({ key, name })));

export const closedLists: Readonly<Record<ClosedField, readonly Listed[]>> = {
  area: catalogue.map(({ key, name }) => ({ key, name })),
  category: categories.map((name) => ({ key: slug(name), name })),
  action: actions,
};

/** The value as it is printed; `undefined` where the list has none such. */
export function resolve(field: ClosedField, { text, prefix }: Value): Value | undefined {
  const wanted = slug(text);
  const list = closedLists[field];
  if (prefix) return list.some(({ key }) => key.startsWith(wanted)) ? { text: wanted, prefix } : undefined;
  if (list.some(({ key }) => key === wanted)) return { text: wanted, prefix };
  const named = list.filter(({ name }) => slug(name) === wanted);
  const [only] = named;
  return only && named.length === 1 ? { text: only.key, prefix } : undefined;
}

/** The catalogue's category of this key. */
export const categoriesOf = ({ text, prefix }: Value): readonly Category[] =>
  categories.filter((name) => (prefix ? slug(name).startsWith(text) : slug(name) === text));

/** The keys of actions whose name, as people read it, holds one of these folded texts. */
export const actionsNamed = (needles: readonly string[]): readonly string[] =>
  actions.filter(({ name }) => needles.some((needle) => name.toLowerCase().includes(needle))).map(({ key }) => key);

/** Longer texts are no typos of anything, and comparing them would take its time. */
const longestTypo = 64;

/** The entry that was probably meant: the same word under another area, else the nearest in spelling. */
export function nearestListed(field: ClosedField, text: string): string | undefined {
  const wanted = slug(text);
  const list = closedLists[field];
  const within =
    wanted.length >= 3 ? list.find(({ key, name }) => key.endsWith(`.${wanted}`) || slug(name) === wanted) : undefined;
  return (
    within?.key ??
    nearest(
      wanted,
      list.map(({ key }) => key),
    )
  );
}

export function nearest(text: string, candidates: readonly string[]): string | undefined {
  if (text === '' || text.length > longestTypo || candidates.length === 0) return undefined;
  const found = closest(text, candidates);
  return distance(text, found) <= Math.max(2, Math.floor(found.length / 3)) ? found : undefined;
}
