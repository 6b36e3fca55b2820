import { viewOf, type DestinationRow } from './destination-view';
import { etagOf, matches, parseIfMatch } from './etag';
import { lastFour, planToken } from './token-rule';

describe('If-Match', () => {
  const says = (header: string, version: number): boolean => {
    const parsed = parseIfMatch(header);
    return parsed.kind !== 'missing' && matches(parsed, version);
  };

  it('is missing where there is none', () => {
    expect(parseIfMatch(undefined)).toEqual({ kind: 'missing' });
    expect(parseIfMatch(' ')).toEqual({ kind: 'missing' });
  });

  it('matches the version of its tag, one of several tags, or any by *', () => {
    expect(says(etagOf(7), 7)).toBe(true);
    expect(says('"6", "7"', 7)).toBe(true);
    expect(says('*', 7)).toBe(true);
  });

  it.each(['"6"', 'W/"7"', '7', '"7', '"77"'])('does not match version 7 by %s', (header) => {
    expect(says(header, 7)).toBe(false);
  });
});

describe('the token of a destination', () => {
  const url = 'https://splunk.acme.test:8088';

  it('is needed for the first save', () => {
    expect(planToken(undefined, url, undefined)).toMatchObject({ kind: 'refused', fault: { path: 'token' } });
    expect(planToken('secret', url, undefined)).toEqual({ kind: 'new', token: 'secret' });
  });

  it('stays where none is given and the host is the same, on any path', () => {
    expect(planToken(undefined, `${url}/prefix`, url)).toEqual({ kind: 'keep' });
    expect(planToken(undefined, 'https://a.test:443/x', 'https://a.test')).toEqual({ kind: 'keep' });
  });

  it.each(['https://evil.test:8088', 'https://splunk.acme.test:8089', 'https://splunk.acme.test', 'not a url'])(
    'is needed again for %s',
    (other) => {
      expect(planToken(undefined, other, url)).toMatchObject({ kind: 'refused', fault: { path: 'token' } });
    },
  );

  it.each(['••••abcd', '****abcd', '…abcd'])('is never the mask %s', (mask) => {
    expect(planToken(mask, url, url)).toMatchObject({ kind: 'refused', fault: { path: 'token' } });
  });

  it('shows its last four characters only where that gives little away', () => {
    expect(lastFour('0123456789abcdef')).toBe('cdef');
    expect(lastFour('secret')).toBe('');
  });
});

describe('what is shown of a destination', () => {
  const now = new Date('2026-11-23T10:00:00Z');
  const status = {
    state: 'healthy',
    reason: '',
    words: '',
    since: '2026-11-23T09:00:00+00:00',
    failing_since: null,
    delivered_through: 90,
    last_success_at: '2026-11-23T09:59:00+00:00',
    oldest_unsent_at: null,
    updated_at: '2026-11-23T09:59:50+00:00',
  };
  const row: DestinationRow = {
    id: 'd-1',
    type: 'splunk',
    name: 'Splunk',
    enabled: true,
    url: 'https://splunk.acme.test:8088',
    options: {},
    ca_pem: null,
    filter: null,
    token: { ct: 'sealed' },
    token_last4: 'cdef',
    version: 12,
    start_seq: 11,
    created_at: now,
    updated_at: now,
    applied_version: 12,
    head: 100,
    cursor: null,
    status,
    gap: null,
    owed_at: null,
    retention_days: 30,
    read_at: now,
  };

  it('never holds the token', () => {
    expect(JSON.stringify(viewOf(row))).not.toContain('sealed');
  });

  it('is applied once every live forwarder has this version or a later one', () => {
    expect(viewOf(row).applied).toBe(true);
    expect(viewOf({ ...row, applied_version: 11 }).applied).toBe(false);
    expect(viewOf({ ...row, applied_version: null })).toMatchObject({ applied: false, appliedVersion: null });
  });

  it('is starting until a forwarder has reported, with all that it is owed still to come', () => {
    expect(viewOf({ ...row, status: null }).health).toMatchObject({ state: 'starting', lagEvents: 90 });
  });

  it('is healthy without lag while nothing waits', () => {
    expect(viewOf(row).health).toMatchObject({
      state: 'healthy',
      reason: null,
      lagEvents: 0,
      since: '2026-11-23T09:00:00.000Z',
    });
  });

  it('is retrying from the moment its cursor is written, before the next report', () => {
    const cursor = { next_seq: 41, state: 'parked', reason: 'credentials_refused', since: '2026-11-23T09:59:55+00:00' };
    expect(viewOf({ ...row, cursor }).health).toMatchObject({
      state: 'retrying',
      reason: 'credentials_refused',
      since: '2026-11-23T09:59:55.000Z',
      lagEvents: 60,
    });
  });

  it('is healthy while it waits for acknowledgements or catches up: what is behind shows as lag', () => {
    const cursor = {
      next_seq: 91,
      state: 'parked',
      reason: 'awaiting_acknowledgement',
      since: '2026-11-23T09:59:55+00:00',
    };
    expect(viewOf({ ...row, cursor, owed_at: now }).health).toMatchObject({
      state: 'healthy',
      reason: null,
      lagEvents: 10,
    });
  });

  it('is failing with the reason and words of the report', () => {
    const failing = { ...status, state: 'failing', reason: 'credentials_refused', words: 'Invalid token' };
    expect(viewOf({ ...row, status: failing }).health).toMatchObject({
      state: 'failing',
      reason: 'credentials_refused',
      words: 'Invalid token',
      fix: expect.stringContaining('token'),
    });
  });

  it('is failing since the outage began, not since it got this name', () => {
    const failing = { ...status, state: 'failing', reason: 'busy', failing_since: '2026-11-23T08:00:00+00:00' };
    expect(viewOf({ ...row, status: failing }).health.since).toBe('2026-11-23T08:00:00.000Z');
  });

  it('says how old the oldest owed event is, and when retention would take it', () => {
    const cursor = { next_seq: 41, state: 'parked', reason: 'busy', since: '2026-11-23T09:59:55+00:00' };
    expect(viewOf({ ...row, cursor, owed_at: new Date('2026-11-23T09:00:00Z') }).health).toMatchObject({
      lagEvents: 60,
      lagSeconds: 3_600,
      oldestUnsentAt: '2026-11-23T09:00:00.000Z',
      lostFrom: '2026-12-23T09:00:00.000Z',
      deliveredThrough: 40,
    });
  });

  it('is not without lag because nobody is alive to report it', () => {
    expect(viewOf({ ...row, applied_version: null, owed_at: now }).health).toMatchObject({
      lagEvents: 10,
      deliveredThrough: 90,
      asOf: '2026-11-23T09:59:50.000Z',
    });
  });

  it('names the events that were lost to retention', () => {
    const gap = { from_seq: 3, to_seq: 9, at: '2026-11-22T10:00:00+00:00' };
    expect(viewOf({ ...row, gap }).health.gap).toEqual({ fromSeq: 3, toSeq: 9, at: '2026-11-22T10:00:00.000Z' });
  });

  it('is disabled as soon as it is saved so, and starting as soon as it is enabled again', () => {
    expect(viewOf({ ...row, enabled: false }).health.state).toBe('disabled');
    expect(viewOf({ ...row, status: { ...status, state: 'disabled' } }).health.state).toBe('starting');
  });
});
