// Holds header reading to its limits, each exactly.
import { checkTenantHeaders, readHeaders } from './read-headers';

const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`h${index}`, Buffer.from('x')]));

describe('record headers', () => {
  it('may be a hundred, and 16 KiB in all', () => {
    expect(readHeaders(many(100)).kind).toBe('headers');
    expect(readHeaders(many(101))).toMatchObject({ reason: 'headers_refused' });
    expect(readHeaders({ a: Buffer.alloc(16_383) }).kind).toBe('headers');
    expect(readHeaders({ a: Buffer.alloc(16_384) })).toMatchObject({ reason: 'headers_refused' });
  });

  it('count each time they stand', () => {
    expect(readHeaders({ a: Array.from({ length: 101 }, () => Buffer.from('')) })).toMatchObject({
      reason: 'headers_refused',
    });
  });

  it('are read where ingestion heeds them, and left alone elsewhere', () => {
    const headers = {
      tenant: Buffer.from('acme'),
      traceparent: [Buffer.from('a'), Buffer.from([0xff])],
      other: undefined,
    };
    expect(readHeaders(headers)).toEqual({ kind: 'headers', values: { tenant: 'acme' } });
  });

  it.each([
    ['twice', { ce_id: [Buffer.from('1'), Buffer.from('1')] }],
    ['not in UTF-8', { 'content-type': Buffer.from([0xff]) }],
  ])('that are heeded and stand there %s are refused', (_, headers) => {
    expect(readHeaders(headers)).toMatchObject({ kind: 'refused', reason: 'headers_refused' });
  });

  it('must name the tenant of the event, where they name one', () => {
    expect(checkTenantHeaders({}, 'acme')).toBeUndefined();
    expect(checkTenantHeaders({ tenant: 'acme', ce_tenantid: 'acme' }, 'acme')).toBeUndefined();
    expect(checkTenantHeaders({ tenant: 'Acme' }, 'acme')).toMatchObject({ reason: 'tenant_header_conflict' });
    expect(checkTenantHeaders({ ce_tenantid: '' }, 'acme')).toMatchObject({ reason: 'tenant_header_conflict' });
  });
});
