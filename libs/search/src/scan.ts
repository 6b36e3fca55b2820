// Cuts a search into clauses: an optional minus, an optional field with its colon, and values. Knows quotes and commas, but no field.
// One pass from left to right, each character looked at a bounded number of times.
import type { FaultCode, SearchFault } from './fault';

export interface ScannedValue {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly quoted: boolean;
  /** A star stands at the end, outside of quotes; it is not part of the text. */
  readonly star: boolean;
}

export interface Clause {
  readonly start: number;
  readonly end: number;
  readonly negated: boolean;
  /** Left out: free text. */
  readonly field?: { readonly name: string; readonly param?: string; readonly start: number; readonly end: number };
  readonly values: readonly ScannedValue[];
}

export interface Scanned {
  readonly clauses: readonly Clause[];
  readonly faults: readonly SearchFault[];
}

/** A field's name with its colon; not the beginning of a URL. */
const fieldHead = /([A-Za-z][A-Za-z0-9_-]*)(?:\.([^\s":]*))?:(?!\/\/)/y;
const quotedParamHead = /([A-Za-z]+)\.(?=")/y;
const blanks = /\s*/y;
const bareValue = /[^\s",]*/y;
const bareText = /[^\s"]*/y;

interface Reader {
  readonly text: string;
  at: number;
  readonly faults: SearchFault[];
}

/** Stops at `maxFaults`, and never makes more than `maxClauses` clauses and the one too many. */
export function scan(text: string, maxClauses: number, maxFaults: number): Scanned {
  const reader: Reader = { text, at: 0, faults: [] };
  const clauses: Clause[] = [];
  for (take(reader, blanks); reader.at < text.length; take(reader, blanks)) {
    const clause = readClause(reader);
    if (clause) clauses.push(clause);
    if (clauses.length > maxClauses || reader.faults.length >= maxFaults) break;
  }
  return { clauses, faults: reader.faults };
}

function readClause(reader: Reader): Clause | undefined {
  const start = reader.at;
  const negated = readNegation(reader);
  if (negated === undefined || reader.text.startsWith('(', reader.at)) return refuseWord(reader, start, negated);
  const field = readField(reader);
  const values = field ? readList(reader) : readText(reader);
  if (!values) return undefined;
  if (!field && !negated && isOnly(values, 'AND')) return undefined;
  if (!field && isOnly(values, 'OR', '|', '||')) return fault(reader, 'unsupported', start, reader.at, noAlternatives);
  return { start, end: reader.at, negated, ...(field ? { field } : {}), values };
}

const noAlternatives =
  'All terms must hold, and there are no parentheses. For alternatives of one field write a list, like action:a,b; put quotes around what is to be found as it stands.';

function refuseWord(reader: Reader, start: number, negated: boolean | undefined): undefined {
  take(reader, bareText);
  return negated === undefined
    ? fault(
        reader,
        'bad_negation',
        start,
        Math.max(reader.at, start + 1),
        'Write one minus, and the term right behind it: -actor:jane@acme.test.',
      )
    : fault(reader, 'unsupported', start, reader.at, noAlternatives);
}

/** `undefined`: a minus that negates nothing, or twice. */
function readNegation(reader: Reader): boolean | undefined {
  const { text, at } = reader;
  const word = /NOT\s+/y;
  word.lastIndex = at;
  const not = word.exec(text)?.[0].length ?? (/^NOT$/.test(text.slice(at, at + 4)) ? 3 : 0);
  reader.at += not || (text[at] === '-' ? 1 : 0);
  if (reader.at === at) return false;
  return /^(?:-|\s|NOT\s|$)/.test(text.slice(reader.at, reader.at + 4)) ? undefined : true;
}

function readField(reader: Reader): Clause['field'] {
  const start = reader.at;
  const named = take(reader, fieldHead);
  if (named) {
    const [, name = '', param] = named;
    return { name, ...(param === undefined ? {} : { param }), start, end: reader.at - 1 };
  }
  const head = take(reader, quotedParamHead);
  const name = head ? readQuoted(reader) : undefined;
  if (head && name && reader.text[reader.at] === ':') {
    const end = reader.at++;
    return { name: head[1] ?? '', param: name.text, start, end };
  }
  // No field after all: what it was is found out when it is read as text.
  reader.at = start;
  return undefined;
}

/** Free text: a phrase, or what stands up to the next blank. */
function readText(reader: Reader): readonly ScannedValue[] | undefined {
  const value = readValue(reader, bareText);
  return value && isAtEnd(reader) ? [value] : value && misplaced(reader, value.start);
}

function readList(reader: Reader): readonly ScannedValue[] | undefined {
  const values: ScannedValue[] = [];
  for (;;) {
    const value = readValue(reader, bareValue);
    if (!value) return undefined;
    values.push(value);
    if (reader.text[reader.at] !== ',') return isAtEnd(reader) ? values : misplaced(reader, value.start);
    reader.at++;
  }
}

function readValue(reader: Reader, bare: RegExp): ScannedValue | undefined {
  if (reader.text[reader.at] === '"') return readQuoted(reader);
  const start = reader.at;
  const text = take(reader, bare)?.[0] ?? '';
  const star = text.endsWith('*');
  return { text: star ? text.slice(0, -1) : text, start, end: reader.at, quoted: false, star };
}

/** \" and \\ stand for quote and backslash; any other backslash is itself. */
function readQuoted(reader: Reader): ScannedValue | undefined {
  const start = reader.at;
  let text = '';
  for (let at = start + 1; at < reader.text.length; at++) {
    const character = reader.text[at] ?? '';
    const next = reader.text[at + 1];
    if (character === '"') {
      const star = next === '*';
      reader.at = at + (star ? 2 : 1);
      return { text, start, end: reader.at, quoted: true, star };
    }
    if (character === '\\' && (next === '"' || next === '\\')) at++;
    text += reader.text[at] ?? '';
  }
  reader.at = reader.text.length;
  return fault(
    reader,
    'unclosed_quote',
    start,
    reader.at,
    'Close the quotes. A quote inside of them is written \\", a backslash \\\\.',
  );
}

function misplaced(reader: Reader, start: number): undefined {
  take(reader, /\S*/y);
  return fault(
    reader,
    'misplaced_quote',
    start,
    reader.at,
    'Put the quotes around the whole value, and a blank behind them.',
  );
}

const isAtEnd = ({ text, at }: Reader): boolean => at >= text.length || /\s/.test(text[at] ?? '');

function isOnly([value, ...others]: readonly ScannedValue[], ...words: readonly string[]): boolean {
  return value !== undefined && others.length === 0 && !value.quoted && !value.star && words.includes(value.text);
}

function take(reader: Reader, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text) ?? undefined;
  reader.at += found?.[0].length ?? 0;
  return found;
}

function fault(reader: Reader, code: FaultCode, start: number, end: number, words: string): undefined {
  reader.faults.push({ code, start, end, words });
  return undefined;
}
