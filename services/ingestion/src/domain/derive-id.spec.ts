// Holds derived ids to being the record's own: the same at every reading, another for any other record.
import { deriveId } from './derive-id';

const record = { topic: 'audit.events', partition: 3, offset: 500, timestamp: Date.parse('2026-11-23T10:00:00Z') };

describe('a derived id', () => {
  it('is a UUIDv8, written down here so that no release changes it', () => {
    expect(deriveId(record)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(deriveId(record)).toBe('01a207d9-2100-8069-8d0e-0f57eaf36b2c');
  });

  it.each([{ topic: 'x.audit.events' }, { partition: 4 }, { offset: 501 }, { timestamp: record.timestamp + 1 }])(
    'differs where %j differs',
    (other) => {
      expect(deriveId({ ...record, ...other })).not.toBe(deriveId(record));
    },
  );
});
