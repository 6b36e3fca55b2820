// What a destination wants, read from its settings row.
import type { DeliverableEvent } from '@auditlane/destinations';
import { testEvent } from '../test/test-event';
import { compileFilter } from './destination-filter';

function event(content: object, action = 'workflows.workflow_created'): DeliverableEvent {
  const plain = testEvent('acme', 1);
  return { ...plain, canonical: Buffer.from(JSON.stringify(content)), headers: { ...plain.headers, action } };
}

const wanted = (filter: string | null, one: DeliverableEvent): boolean => {
  const compiled = compileFilter(filter);
  if (!compiled.ok) throw new Error(compiled.words);
  return compiled.wanted?.(one) ?? true;
};

it('is everything without a filter', () => {
  expect(compileFilter(null)).toEqual({ ok: true });
  expect(compileFilter('')).toEqual({ ok: true });
});

it('is decided by headers, and by the event itself where they do not tell', () => {
  const one = event({ parameters: { role: 'admin' } });
  expect(wanted('action:workflows.*', one)).toBe(true);
  expect(wanted('action:cases.*', one)).toBe(false);
  expect(wanted('param.role:admin', one)).toBe(true);
  expect(wanted('-param.role:admin', one)).toBe(false);
});

it('parses an event once for all the filters that it comes to', () => {
  const one = event({ parameters: { role: 'admin' } });
  let read = 0;
  const counted = {
    ...one,
    canonical: Object.assign(Buffer.from(one.canonical), {
      toString: () => {
        read++;
        return one.canonical.toString();
      },
    }),
  };
  for (const filter of ['param.role:admin', '-param.role:owner', 'admin', 'action:workflows.* ip:10.*'])
    wanted(filter, counted);
  expect(read).toBe(1);
});

it.each([
  ['action:no_such.action', 'unknown_value'],
  ['after:-7d', 'relative_date'],
  ['"open', 'unclosed_quote'],
])('cannot be told from %s', (filter, code) => {
  expect(compileFilter(filter)).toMatchObject({
    ok: false,
    code,
    words: expect.stringContaining('The filter cannot be read.'),
  });
});
