// Reads a search. Total: any text gives a query or faults, in time proportional to its length, and never throws.
import { isClosed, nearest, nearestListed, resolve } from './closed-lists';
import { readDate, type DateContext } from './dates';
import type { FaultCode, SearchFault } from './fault';
import { otherNames } from './fields';
import { quoted } from './print';
import { timeFields, valueFields, type Query, type Term, type TimeField, type Value, type ValueField } from './query';
import { scan, type Clause, type ScannedValue } from './scan';
import { isTimeZone } from './time-zone';

export const limits = { characters: 2_000, terms: 50, values: 50 } as const;

export interface ParseOptions {
  /** IANA name of the zone in which days and times without a zone are meant; UTC where it is left out. */
  readonly timeZone?: string;
  /** What -7d and today are counted from, in milliseconds since the epoch. */
  readonly now?: number;
}

export type Parsed =
  { readonly ok: true; readonly query: Query } | { readonly ok: false; readonly faults: readonly SearchFault[] };

/** Enough to correct at once; more would be read by nobody. */
const mostFaults = 10;

export function parse(text: string, { timeZone = 'UTC', now }: ParseOptions = {}): Parsed {
  const bad = badText(text) ?? badZone(timeZone);
  return bad ? { ok: false, faults: [bad] } : read(text, { timeZone, now: () => now ?? Date.now(), relative: true });
}

/** The same for a search that is kept and decides for months, as a destination's filter does: days are UTC's, and "so long ago" means nothing. */
export function parseFilter(text: string): Parsed {
  const bad = badText(text);
  return bad ? { ok: false, faults: [bad] } : read(text, { timeZone: 'UTC', now: () => 0, relative: false });
}

function read(text: string, dates: DateContext): Parsed {
  const { clauses, faults: scanFaults } = scan(text, limits.terms, mostFaults);
  const faults = [...scanFaults];
  const terms: Term[] = [];
  for (const clause of clauses) {
    const found = termOf(clause, dates);
    if (Array.isArray(found)) faults.push(...found);
    else terms.push(found);
    if (faults.length >= mostFaults) break;
  }
  const surplus = clauses[limits.terms];
  if (surplus)
    faults.push({ code: 'too_many_terms', ...placeOf(surplus), words: `Use at most ${limits.terms} terms.` });
  if (faults.length === 0) return { ok: true, query: { terms } };
  return { ok: false, faults: faults.toSorted((a, b) => a.start - b.start).slice(0, mostFaults) };
}

type Reading = Term | SearchFault[];

function termOf(clause: Clause, dates: DateContext): Reading {
  const { field, negated, values } = clause;
  if (!field) return textTerm(clause);
  const surplus = values[limits.values];
  if (surplus) return fault('too_many_values', surplus, `List at most ${limits.values} values.`);
  const name = field.name.toLowerCase();
  if (name === 'param' && field.param) {
    const read = valuesOf(values);
    return read.ok ? { kind: 'param', negated, name: field.param, values: read.values } : read.faults;
  }
  const valueField = field.param === undefined ? valueFields.find((known) => known === name) : undefined;
  if (valueField) return fieldTerm(valueField, negated, values);
  const timeField = field.param === undefined ? timeFields.find((known) => known === name) : undefined;
  return timeField ? timeTerm(timeField, clause, dates) : unknownField(field);
}

function textTerm({ negated, values: [value] }: Clause): Reading {
  // A star at the end changes nothing: a word is found anywhere in a text.
  if (!value || value.text === '') return empty(value ?? { start: 0, end: 0 });
  if (!value.quoted && value.text.includes('*')) return badStar(value);
  return { kind: 'text', negated, text: value.text };
}

type Values =
  { readonly ok: true; readonly values: readonly Value[] } | { readonly ok: false; readonly faults: SearchFault[] };

function valuesOf(scanned: readonly ScannedValue[]): Values {
  const faults = scanned.flatMap((value) => {
    if (value.text === '' && (value.quoted || !value.star)) return empty(value);
    return !value.quoted && value.text.includes('*') ? badStar(value) : [];
  });
  return faults.length > 0
    ? { ok: false, faults }
    : { ok: true, values: scanned.map(({ text, star }) => ({ text, prefix: star })) };
}

function fieldTerm(field: ValueField, negated: boolean, scanned: readonly ScannedValue[]): Reading {
  const read = valuesOf(scanned);
  if (!read.ok) return read.faults;
  if (!isClosed(field)) return { kind: 'field', field, negated, values: read.values };
  const faults: SearchFault[] = [];
  const values = read.values.flatMap((value, at) => {
    const resolved = resolve(field, value);
    const place = scanned[at];
    if (resolved || !place) return resolved ?? [];
    const suggestion = nearestListed(field, value.text);
    const hint =
      suggestion === undefined
        ? `Write ${field}:* for any, or look into the catalogue.`
        : `Did you mean ${suggestion}?`;
    faults.push(...fault('unknown_value', place, `There is no ${field} ${shown(value.text)}. ${hint}`, suggestion));
    return [];
  });
  return faults.length > 0 ? faults : { kind: 'field', field, negated, values };
}

function timeTerm(field: TimeField, clause: Clause, dates: DateContext): Reading {
  const [value, second] = clause.values;
  if (!value || value.text === '') return empty(value ?? clause);
  if (second) return fault('list_not_allowed', second, `Give ${field}: one time.`);
  if (value.star) return fault('bad_prefix', value, `Give ${field}: a whole time, without *.`);
  const reading = readDate(field, value.text, dates);
  if (reading.kind === 'read')
    return { kind: 'time', field, negated: clause.negated, text: reading.text, span: reading.span };
  return reading.kind === 'bad'
    ? fault('bad_date', value, reading.words)
    : fault(
        'relative_date',
        value,
        'A filter is kept and decides for a long time: give a fixed day or time, like 2026-11-01.',
      );
}

const fieldNames: readonly string[] = [...valueFields, ...timeFields];

function unknownField({ name, param, start, end }: NonNullable<Clause['field']>): SearchFault[] {
  const wanted = name.toLowerCase();
  const meant = otherNames[wanted] ?? (wanted === 'param' ? wanted : nearest(wanted, [...fieldNames, 'param']));
  const suggestion = meant === 'param' ? param && `param.${param}` : meant;
  const known =
    meant === undefined
      ? `Fields are ${fieldNames.join(', ')} and param.NAME.`
      : `Did you mean ${suggestion ?? 'param.NAME'}?`;
  const words = `There is no field ${shown(name)}. ${known} Put quotes around text that has a colon in it.`;
  return fault('unknown_field', { start, end }, words, suggestion);
}

/** In a message; an input is never repeated at length. */
const shown = (text: string): string => (text.length <= 40 ? text : `${text.slice(0, 39)}…`);

function empty(place: Place): SearchFault[] {
  return fault(
    'empty_value',
    place,
    'Write a value, without a blank before it. Leave the term out to find everything; write * for any value.',
  );
}

function badStar(value: ScannedValue): SearchFault[] {
  const suggestion = quoted(value.text) + (value.star ? '*' : '');
  return fault(
    'bad_prefix',
    value,
    'A * stands at the end only. Put quotes around a value that has one in it.',
    suggestion,
  );
}

interface Place {
  readonly start: number;
  readonly end: number;
}

const placeOf = ({ start, end }: Place): Place => ({ start, end });

function fault(code: FaultCode, place: Place, words: string, suggestion?: string): SearchFault[] {
  return [{ code, ...placeOf(place), words, ...(suggestion === undefined ? {} : { suggestion }) }];
}

function badText(text: string): SearchFault | undefined {
  const end = text.length;
  if (end > limits.characters)
    return { code: 'too_long', start: limits.characters, end, words: `Use at most ${limits.characters} characters.` };
  const at = text.search(/[^\P{Cc}\t\n\r]|\p{Cs}/u);
  return at < 0
    ? undefined
    : { code: 'bad_character', start: at, end: at + 1, words: 'Remove this control character: no event has it.' };
}

function badZone(timeZone: string): SearchFault | undefined {
  if (isTimeZone(timeZone)) return undefined;
  return { code: 'bad_time_zone', start: 0, end: 0, words: 'Give the time zone by its IANA name, like Europe/Berlin.' };
}
