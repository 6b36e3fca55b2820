// How a preview counts within its bounds, and what it shows of a destination that has no events yet.
import { emptyTally, nextRows, topOf, totalOf, withStretch } from './preview-tally';
import { PreviewLimit } from '../preview-limit';
import { madeUpEvent, sampleRequest } from './preview-sample';
import { readFilter } from './filter-rule';

const bounds = { events: 150, firstRows: 10, rows: 100 };
const stretch = (rows: number, matched: number, lastSeq: number, newest: number | null = null) => ({
  actions: { 'cases.case_viewed': [rows, matched] as const },
  rows,
  newest,
  last_seq: lastSeq,
  last_micros: String(lastSeq),
});

describe('the tally of a preview', () => {
  it('begins with a short stretch, goes on behind its last event, and is complete where one is not full', () => {
    expect(nextRows(emptyTally, bounds)).toBe(10);
    const first = withStretch(emptyTally, stretch(10, 0, 90), 10);
    expect(first).toMatchObject({ after: { occurredAtMicros: '90', seq: 90 }, complete: false });
    expect(nextRows(first, bounds)).toBe(100);
    const second = withStretch(first, stretch(60, 7, 30, 88), 100);
    expect(second).toMatchObject({ newest: 88, complete: true });
    expect(totalOf(second)).toEqual({ matched: 7, total: 70 });
    expect(nextRows(second, bounds)).toBe(0);
  });

  it('keeps the newest event found, and looks at no more events than it may', () => {
    const full = withStretch(withStretch(emptyTally, stretch(50, 1, 90, 99), 50), stretch(100, 1, 10, 80), 100);
    expect(full).toMatchObject({ newest: 99, complete: false });
    expect(nextRows(full, bounds)).toBe(0);
  });

  it('is empty and complete where there was nothing', () => {
    const nothing = { actions: null, rows: 0, newest: null, last_seq: null, last_micros: null };
    const tally = withStretch(emptyTally, nothing, 10);
    expect([totalOf(tally), tally.complete, topOf(tally)]).toEqual([{ matched: 0, total: 0 }, true, []]);
  });

  it('lists the ten actions found most, and none that was not', () => {
    const counts = Array.from({ length: 12 }, (_, at) => [`a.${String.fromCharCode(97 + at)}`, [5, at]] as const);
    const tally = withStretch(emptyTally, { ...stretch(60, 0, 1), actions: Object.fromEntries(counts) }, 60);
    expect(topOf(tally).map(({ action }) => action)).toEqual(
      ['l', 'k', 'j', 'i', 'h', 'g', 'f', 'e', 'd', 'c'].map((end) => `a.${end}`),
    );
    const few = withStretch(emptyTally, stretch(5, 0, 1), 10);
    expect(topOf(few)).toEqual([]);
  });
});

describe('the sample of a preview', () => {
  const query = (filter: string) => {
    const reading = readFilter(filter);
    if (!reading.ok) throw new Error(filter);
    return reading.query;
  };

  it.each([
    ['', 'workflows.workflow_created'],
    ['action:cases.case_closed', 'cases.case_closed'],
    ['action:cases.*', 'cases.case_exported'],
    ['-action:cases.*', 'workflows.workflow_created'],
    ['area:users', expect.stringMatching(/^users\./)],
  ])('is made up for %j of an action that it names', (filter, action) => {
    expect(madeUpEvent('acme', query(filter), 0).headers.action).toEqual(action);
  });

  it('is cut where it is long', () => {
    const event = {
      ...madeUpEvent('acme', query(''), 0),
      canonical: Buffer.from(`{"details":"${'x'.repeat(100_000)}"}`),
    };
    const sampled = sampleRequest('6f9619ff-8b86-4d01-b42d-00cf4fc964ff', { type: 'http', options: {} }, event);
    expect(sampled).toMatchObject({ ok: true, request: { bodyTruncated: true, url: 'https://receiver.example/' } });
  });
});

it('lets two previews of a tenant run at once, and others beside them', () => {
  const limit = new PreviewLimit();
  const [first, second] = [limit.take('a'), limit.take('a')];
  expect(second).toBeDefined();
  expect(limit.take('a')).toBeUndefined();
  expect(limit.take('b')).toBeDefined();
  first?.();
  expect(limit.take('a')).toBeDefined();
});
