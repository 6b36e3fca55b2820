// What the embedded server remembers between two requests: sign-ins in progress, sessions and codes, in memory and bounded.
// Access tokens are self-contained JWTs and need no memory, so a restart only asks people to sign in again.
import { LRUCache } from 'lru-cache';
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';
import { claimsOfMachineClient } from './machine-client';

/** Every model of the provider shares one cache; a key is the model's name and the id. */
export function memoryStore(machineClient: (clientId: string) => AdapterPayload): AdapterFactory {
  const entries = new LRUCache<string, AdapterPayload>({ max: 10_000 });
  const idsByUid = new LRUCache<string, string>({ max: 10_000 });

  return (model): Adapter => {
    const key = (id: string): string => `${model}:${id}`;
    return {
      async upsert(id, payload, expiresIn) {
        entries.set(key(id), payload, expiresIn === undefined ? {} : { ttl: expiresIn * 1000 });
        if (model === 'Session' && payload.uid !== undefined) idsByUid.set(payload.uid, id);
      },
      async find(id) {
        if (model === 'Client' && claimsOfMachineClient(id)) return machineClient(id);
        return entries.get(key(id));
      },
      async findByUid(uid) {
        const id = idsByUid.get(uid);
        return id === undefined ? undefined : entries.get(key(id));
      },
      async findByUserCode() {
        return undefined;
      },
      async consume(id) {
        const payload = entries.get(key(id));
        if (payload) payload.consumed = Math.floor(Date.now() / 1000);
      },
      async destroy(id) {
        const payload = entries.get(key(id));
        if (payload?.uid !== undefined) idsByUid.delete(payload.uid);
        entries.delete(key(id));
      },
      async revokeByGrantId(grantId) {
        for (const [name, payload] of entries.entries()) if (payload.grantId === grantId) entries.delete(name);
      },
    };
  };
}
