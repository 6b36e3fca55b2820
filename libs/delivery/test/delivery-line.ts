// From the front of the pipeline to receivers of our own: ingestion, persistence and a forwarder as processes, destinations as Save writes them.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { DestinationType } from '@auditlane/contracts';
import { createKeyRingFile, KeyRing } from '@auditlane/secrets';
import {
  freshDatabase,
  freshPrefix,
  makeEvent,
  produce,
  spawnService,
  startService,
  temporaryDirectory,
  type ServiceEnvironment,
  type ServiceProcess,
  type Sink,
  type TestDatabase,
} from '@auditlane/testing';

export interface DeliveryLine {
  readonly db: TestDatabase;
  readonly prefix: string;
  forwarder(type: DestinationType, env?: ServiceEnvironment): Promise<ServiceProcess>;
  /** One that is to die while it works: not waited for. */
  doomed(type: DestinationType, env: ServiceEnvironment): Promise<ServiceProcess>;
  publish(tenant: string, count: number): Promise<void>;
  add(tenant: string, type: DestinationType, receiver: Receiver): Promise<string>;
  /** Changes columns of a destination, in the transaction that a Save would make. */
  save(id: string, columns: Readonly<Record<string, unknown>>): Promise<void>;
  saveToken(id: string, tenant: string, token: string): Promise<void>;
  remove(id: string): Promise<void>;
}

export interface Receiver {
  readonly url: string;
  readonly token: string;
  readonly caPem: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

export const receiverOf = (sink: Sink): Receiver => ({ url: sink.url, token: sink.token, caPem: sink.caPem });

const scaled: ServiceEnvironment = {
  AUDITLANE_SESSION_TIMEOUT_MS: '6000',
  AUDITLANE_HEARTBEAT_INTERVAL_MS: '500',
};

/** Fast enough for a test, in the proportions of the real ones. */
const impatient: ServiceEnvironment = {
  AUDITLANE_DELIVERY_LANE_AGE_MS: '600',
  AUDITLANE_DELIVERY_BACKOFF_BASE_MS: '100',
  AUDITLANE_DELIVERY_BACKOFF_CAP_MS: '1000',
  AUDITLANE_DELIVERY_STATUS_INTERVAL_MS: '300',
  AUDITLANE_DELIVERY_ABORT_GRACE_MS: '500',
  AUDITLANE_SETTINGS_POLL_MS: '200',
};

export async function openDeliveryLine(egressAllow: readonly string[]): Promise<DeliveryLine> {
  const prefix = freshPrefix();
  const db = await freshDatabase();
  const directory = temporaryDirectory('delivery');
  const keyRingFile = join(directory.path, 'key-ring.json');
  createKeyRingFile(keyRingFile);
  const keyRing = KeyRing.load(keyRingFile);
  const common = { ...scaled, AUDITLANE_TOPIC_PREFIX: prefix };
  await startService('ingestion', common);
  await startService('persistence', { ...common, AUDITLANE_DATABASE_URL: db.url('persistence') });
  const seal = (tenant: string, destination: string, token: string): string =>
    JSON.stringify(keyRing.seal(token, { tenant, destination, field: 'token', version: 1 }));

  const environment = (type: DestinationType, env: ServiceEnvironment = {}): ServiceEnvironment => ({
    ...common,
    ...impatient,
    AUDITLANE_DATABASE_URL: db.url(`forwarder_${type}`),
    AUDITLANE_KEY_RING_FILE: keyRingFile,
    AUDITLANE_EGRESS_ALLOW: egressAllow.join(','),
    ...env,
  });

  return {
    db,
    prefix,
    forwarder: (type, env) => startService(`forwarder-${type}`, environment(type, env)),
    doomed: (type, env) => spawnService(`forwarder-${type}`, environment(type, env)),
    publish: (tenant, count) =>
      produce(
        prefix,
        Array.from({ length: count }, () => makeEvent({ tenantId: tenant })),
      ),
    async add(tenant, type, receiver) {
      const id = randomUUID();
      await db.pool.query(
        `insert into settings.destinations (id, tenant_id, type, name, url, options, ca_pem, token, start_seq, start_version)
         values ($1, $2, $3, 'test', $4, $5, $6, $7,
           coalesce((select next_seq from audit.tenant_head where tenant_id = $2), 1), settings.raise_version())`,
        [
          id,
          tenant,
          type,
          receiver.url,
          JSON.stringify(receiver.options ?? {}),
          receiver.caPem,
          seal(tenant, id, receiver.token),
        ],
      );
      return id;
    },
    async save(id, columns) {
      const names = Object.keys(columns);
      const set = names.map((name, index) => `${name} = $${index + 2}`).join(', ');
      await db.pool.query(`update settings.destinations set ${set} where id = $1`, [id, ...Object.values(columns)]);
    },
    async saveToken(id, tenant, token) {
      await db.pool.query('update settings.destinations set token = $2 where id = $1', [id, seal(tenant, id, token)]);
    },
    async remove(id) {
      await db.pool.query('delete from settings.destinations where id = $1', [id]);
    },
  };
}
