// An event of `stored` for tests that do not care what is in it.
import type { StoredEvent } from '../src/domain/effects';

export function testEvent(tenant: string, seq: number, acceptedOffset = seq, bytes = 100): StoredEvent {
  return {
    tenant,
    seq,
    acceptedOffset,
    previous: -1,
    canonical: Buffer.alloc(bytes),
    headers: {
      tenant,
      id: `${tenant}-${seq}`,
      contentHash: '',
      action: '',
      area: '',
      category: '',
      occurredAt: 0,
      receivedAt: 0,
      workspace: '',
      actor: '',
      clockSkew: false,
      seq,
      acceptedOffset,
    },
  };
}
