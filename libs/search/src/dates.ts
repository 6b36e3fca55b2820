// What a date in a search means: an instant, a local time, a day in the reader's zone, or so long ago.
import { parseInstant } from '@auditlane/contracts';
import type { Span, TimeField } from './query';
import { localDay, startOfLocal, type LocalDay } from './time-zone';

export interface DateContext {
  readonly timeZone: string;
  readonly now: () => number;
  /** Off where a search is kept and decides about events for months, as a filter does. */
  readonly relative: boolean;
}

export type DateReading =
  | { readonly kind: 'read'; readonly text: string; readonly span: Span }
  | { readonly kind: 'relative' }
  | { readonly kind: 'bad'; readonly words: string };

const minute = 60_000;
const units: Readonly<Record<string, number>> = { m: minute, h: 60 * minute, d: 1_440 * minute, w: 10_080 * minute };
const earliest = 0;
/** Every zone's first second of the year 9999. */
const latest = Date.UTC(9998, 11, 31);

/** A point, or a day with its end. */
interface Moment {
  readonly from: number;
  readonly until?: number;
}

export function readDate(field: TimeField, text: string, context: DateContext): DateReading {
  const word = text.toLowerCase();
  const ago = /^-?(\d{1,6})([mhdw])$/.exec(word);
  if ((ago || namedDays.has(word)) && !context.relative) return { kind: 'relative' };
  const moment = ago ? before(ago, context) : (namedDays.get(word)?.(context) ?? readAbsolute(text, context));
  if (!moment) return { kind: 'bad', words: badDate };
  const { from, until } = moment;
  if (!(from >= earliest && (until ?? from) < latest))
    return { kind: 'bad', words: 'Give a time between 1970 and 9998.' };
  if (field === 'on' && until === undefined)
    return {
      kind: 'bad',
      words: 'Give on: a day, like 2026-11-01, today or yesterday. Use after: and before: for a time.',
    };
  const canonical = ago ? `-${Number(ago[1])}${ago[2]}` : namedDays.has(word) ? word : text.toUpperCase();
  return { kind: 'read', text: canonical, span: spanOf(field, from, until) };
}

const badDate =
  'Write a day (2026-11-01), a time (2026-11-01T08:30 or, with its zone, 2026-11-01T08:30:00Z), or how long ago (-7d, -24h, -30m, today, yesterday).';

function spanOf(field: TimeField, from: number, until: number | undefined): Span {
  if (field === 'after') return { from };
  if (field === 'before') return { to: from };
  return until === undefined ? { from } : { from, to: until };
}

const namedDays: ReadonlyMap<string, (context: DateContext) => Moment> = new Map([
  ['today', (context: DateContext) => dayAgo(0, context)],
  ['yesterday', (context: DateContext) => dayAgo(1, context)],
]);

function dayAgo(days: number, { now, timeZone }: DateContext): Moment {
  const { year, month, day } = localDay(now(), timeZone);
  return dayOf({ year, month, day: day - days }, timeZone);
}

function before([, count, unit = '']: RegExpExecArray, { now }: DateContext): Moment {
  return { from: now() - Number(count) * (units[unit] ?? 0) };
}

function readAbsolute(text: string, { timeZone }: DateContext): Moment | undefined {
  const instant = parseInstant(text.toUpperCase());
  if (instant !== undefined) return { from: instant };
  const parts = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d))?)?$/i.exec(text);
  if (!parts) return undefined;
  const [year = 0, month = 0, day = 0, hour, minutes = 0, second = 0] = parts
    .slice(1)
    .map((part?: string) => (part === undefined ? undefined : Number(part)));
  const real = new Date(Date.UTC(year, month - 1, day));
  if (real.getUTCMonth() !== month - 1 || real.getUTCDate() !== day || year < 1000) return undefined;
  if (hour === undefined) return dayOf({ year, month, day }, timeZone);
  if (hour > 23 || minutes > 59 || second > 59) return undefined;
  return { from: startOfLocal({ year, month, day, ms: ((hour * 60 + minutes) * 60 + second) * 1_000 }, timeZone) };
}

function dayOf({ year, month, day }: LocalDay, timeZone: string): Moment {
  const start = { year, month, ms: 0 };
  return { from: startOfLocal({ ...start, day }, timeZone), until: startOfLocal({ ...start, day: day + 1 }, timeZone) };
}
