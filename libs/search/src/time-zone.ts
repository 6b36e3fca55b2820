// Turns a clock on the wall of a time zone into an instant, with what Intl knows about zones.

export interface LocalDay {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** May lie outside of its month. */
  readonly day: number;
}

export interface LocalTime extends LocalDay {
  /** Since midnight, by the clock. */
  readonly ms: number;
}

export function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The date that the zone's calendar shows at this instant. */
export function localDay(instant: number, timeZone: string): LocalDay {
  const shown = new Date(instant + offsetAt(instant, timeZone));
  return { year: shown.getUTCFullYear(), month: shown.getUTCMonth() + 1, day: shown.getUTCDate() };
}

/** The first instant at which the clock shows this time or, where it jumps over it, a later one. */
export function startOfLocal({ year, month, day, ms }: LocalTime, timeZone: string): number {
  const wall = Date.UTC(year, month - 1, day) + ms;
  // The offset in force is the one of a day before or of a day after: no zone changes its clock twice in two days.
  const offsets = [offsetAt(wall - dayMs, timeZone), offsetAt(wall + dayMs, timeZone)].toSorted((a, b) => b - a);
  const exact = offsets
    .map((offset) => wall - offset)
    .find((instant) => instant + offsetAt(instant, timeZone) === wall);
  return exact ?? changeOfClock(wall - dayMs, wall + dayMs, timeZone);
}

const dayMs = 86_400_000;

/** The instant between these two at which the offset changes. */
function changeOfClock(low: number, high: number, timeZone: string): number {
  const before = offsetAt(low, timeZone);
  let [from, to] = [low, high];
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2);
    if (offsetAt(middle, timeZone) === before) from = middle;
    else to = middle;
  }
  return to;
}

const formats = new Map<string, Intl.DateTimeFormat>();
/** There are some 600 zones; more would be other spellings of their names. */
const mostFormats = 1_000;

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const number = 'numeric' as const;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: number,
    month: number,
    day: number,
    hour: number,
    minute: number,
    second: number,
  });
  if (formats.size >= mostFormats) formats.clear();
  formats.set(timeZone, made);
  return made;
}

/** How far the zone's clock is ahead of UTC. */
function offsetAt(instant: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0;
  const second = Math.floor(instant / 1_000) * 1_000;
  const part = new Map(
    formatOf(timeZone)
      .formatToParts(second)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const at = (type: Intl.DateTimeFormatPartTypes): number => part.get(type) ?? 0;
  return Date.UTC(at('year'), at('month') - 1, at('day'), at('hour'), at('minute'), at('second')) - second;
}
