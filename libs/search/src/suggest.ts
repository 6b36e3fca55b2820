// What can stand where the cursor is: fields, values of the catalogue, actors and workspaces that were seen. For the page's search box.
import { closedLists, isClosed } from './closed-lists';
import { searchFields } from './fields';
import { fold } from './fold';
import { printValue } from './print';
import { valueFields } from './query';

/** What the page has seen in this tenant's log. */
export interface Seen {
  readonly actors: readonly string[];
  readonly workspaces: readonly string[];
}

export interface Completion {
  readonly kind: 'field' | 'value';
  /** Goes in place of the text from `start` to `end`. */
  readonly insert: string;
  readonly start: number;
  readonly end: number;
  /** What it is, for people. */
  readonly label: string;
}

interface Candidate {
  readonly kind: Completion['kind'];
  readonly insert: string;
  readonly label: string;
}

const most = 20;
const relativeDays = ['today', 'yesterday', '-24h', '-7d', '-30d'];

export function suggest(text: string, cursor: number, seen: Seen): readonly Completion[] {
  const at = Math.min(Math.max(Math.trunc(cursor) || 0, 0), text.length);
  const clause = clauseBefore(text, at);
  if (clause === undefined) return [];
  const { field, typed, start } = clause;
  const end = at + (/^[^\s",:]*/.exec(text.slice(at))?.[0].length ?? 0);
  const wanted = fold(typed);
  const candidates = field === undefined ? heads(wanted) : valuesOf(field, seen);
  return candidates
    .map((candidate) => ({ candidate, rank: rankOf(candidate, wanted) }))
    .filter(({ rank }) => rank < 2)
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, most)
    .map(({ candidate }) => ({ ...candidate, start, end }));
}

/** The word that the cursor stands in: the field before it, if any, and what of the value is there already. */
function clauseBefore(text: string, at: number): { field?: string; typed: string; start: number } | undefined {
  const before = text.slice(Math.max(0, at - longestWord), at);
  const quotes = before.split('"').length - 1;
  const [, word = ''] = (quotes % 2 === 1 ? /(\S*"[^"]*)$/ : /((?:[^\s"]|"[^"]*")*)$/).exec(before) ?? [];
  const bare = word.startsWith('-') ? word.slice(1) : word;
  const colon = bare.indexOf(':');
  if (colon < 0) return { typed: bare, start: at - bare.length };
  const list = bare.slice(colon + 1);
  const last = list.slice(list.lastIndexOf(',') + 1);
  return { field: bare.slice(0, colon).toLowerCase(), typed: last.replaceAll('"', ''), start: at - last.length };
}

const longestWord = 512;

const fieldCandidates: readonly Candidate[] = searchFields.map(({ name, finds }) => ({
  kind: 'field',
  insert: name === 'param.NAME' ? 'param.' : `${name}:`,
  label: finds,
}));

/** Fields, and actions by their names once a few letters are there. */
function heads(wanted: string): readonly Candidate[] {
  return wanted.length < 3 ? fieldCandidates : [...fieldCandidates, ...listed('action', 'action:')];
}

function valuesOf(name: string, { actors, workspaces }: Seen): readonly Candidate[] {
  const field = valueFields.find((known) => known === name);
  if (field && isClosed(field)) return listed(field, '');
  if (field === 'actor') return plain(actors);
  if (field === 'workspace') return plain(workspaces);
  if (name === 'on') return plain(relativeDays.slice(0, 2));
  return name === 'after' || name === 'before' ? plain(relativeDays) : [];
}

const listed = (field: keyof typeof closedLists, head: string): readonly Candidate[] =>
  closedLists[field].map(({ key, name }) => ({ kind: 'value', insert: head + key, label: name }));

const plain = (texts: readonly string[]): readonly Candidate[] =>
  texts.map((text) => ({ kind: 'value', insert: printValue({ text, prefix: false }), label: text }));

/** 0: begins with it; 1: has it somewhere; 2: neither. */
function rankOf({ kind, insert, label }: Candidate, wanted: string): 0 | 1 | 2 {
  if (fold(insert).startsWith(wanted) || (kind === 'value' && fold(label).startsWith(wanted))) return 0;
  if (kind === 'field') return 2;
  return fold(insert).includes(wanted) || fold(label).includes(wanted) ? 1 : 2;
}
