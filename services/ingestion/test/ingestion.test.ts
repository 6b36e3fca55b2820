// Runs the built service on a real broker: whatever stands among good events, they come through in order and the rest is kept verbatim.
import {
  decodeAcceptedHeaders,
  decodeRejectedHeaders,
  headerText,
  namesWith,
  partitionOf,
  type QuarantineReason,
} from '@auditlane/contracts';
import {
  consumeAll,
  createTopics,
  eventually,
  freshPrefix,
  makeEvent,
  produce,
  spawnService,
  startService,
  testPartitions,
  type ServiceEnvironment,
} from '@auditlane/testing';
import { hostileRecords } from './hostile-records';

// Real processes on a shared machine; a killed member holds its partitions for a session time-out.
jest.setTimeout(120_000);

const tenants = ['acme', 'globex', 'initech'];

async function installation(): Promise<{
  prefix: string;
  env: ServiceEnvironment;
  accepted: string;
  rejected: string;
}> {
  const prefix = freshPrefix();
  await createTopics(prefix);
  const names = namesWith(prefix);
  return {
    prefix,
    env: { AUDITLANE_TOPIC_PREFIX: prefix },
    accepted: names.topic('accepted'),
    rejected: names.topic('rejected'),
  };
}

const idOf = (headers: Parameters<typeof headerText>[0]): string => headerText(headers, 'id');

describe('ingestion on a real broker', () => {
  it('hands every good event on in order and every hostile row to quarantine verbatim, and lives', async () => {
    const { prefix, env, accepted, rejected } = await installation();
    const rows = hostileRecords(Date.now()).filter(
      ({ undecodable, registeredTenants, value }) => !undecodable && !registeredTenants && value !== null,
    );
    const good: string[] = [];
    const bad: { value: Buffer; reason: QuarantineReason }[] = [];
    let acceptedRows = 0;
    for (const [index, { value, headers, key, outcome }] of rows.entries()) {
      const neighbours = tenants.map((tenantId) => makeEvent({ tenantId, id: `good-${index}-${tenantId}` }));
      // All in one partition, so that a row that stopped it would stop everything behind it.
      await produce(prefix, neighbours, { partition: 1 });
      good.push(...neighbours.map(({ id }) => id));
      await produce(prefix, [value ?? ''], {
        partition: 1,
        ...(key === undefined ? {} : { key }),
        ...(headers ? { headers: sendable(headers) } : {}),
      });
      if (outcome === 'accepted') acceptedRows++;
      else bad.push({ value: value ?? Buffer.alloc(0), reason: outcome });
    }

    const service = await startService('ingestion', env);
    await eventually(
      async () => {
        const metrics = await service.metrics();
        expect(metrics.value('auditlane_ingest_events_total', { outcome: 'accepted' })).toBe(
          good.length + acceptedRows,
        );
        expect(metrics.value('auditlane_ingest_events_total', { outcome: 'quarantined' })).toBe(bad.length);
        return true;
      },
      { timeoutMs: 60_000, everyMs: 200 },
    );

    const taken = (await consumeAll(accepted)).filter(({ headers }) => idOf(headers).startsWith('good-'));
    for (const tenantId of tenants) {
      const own = taken.filter(({ key }) => key?.toString() === tenantId);
      expect(own.map(({ headers }) => idOf(headers))).toEqual(good.filter((id) => id.endsWith(tenantId)));
      expect(new Set(own.map(({ partition }) => partition))).toEqual(new Set([partitionOf(tenantId, testPartitions)]));
    }
    expect(taken.every(({ headers }) => decodeAcceptedHeaders(headers) !== undefined)).toBe(true);

    const refused = (await consumeAll(rejected))
      .map(({ value, headers }) => ({ value, facts: decodeRejectedHeaders(headers) }))
      .sort((a, b) => (a.facts?.offset ?? 0) - (b.facts?.offset ?? 0));
    expect(refused.map(({ facts }) => facts?.reason)).toEqual(bad.map(({ reason }) => reason));
    expect(
      refused.every(({ value }, index) => (value ?? Buffer.alloc(0)).equals(bad[index]?.value ?? Buffer.alloc(1))),
    ).toBe(true);

    expect(service.isRunning()).toBe(true);
    expect(service.logs()).not.toContain('canary');
    expect(await service.stop()).toMatchObject({ code: 0 });
  });

  it('gives receivedAt and a missing id by the broker’s clock and place, the same after a restart', async () => {
    const { prefix, env, accepted } = await installation();
    const { id: _, ...withoutId } = makeEvent();
    await produce(prefix, [JSON.stringify(withoutId)], { partition: 0 });
    const [source] = await consumeAll(namesWith(prefix).topic('events'));

    // Dies between produce and commit: the restarted service reads the record again.
    const first = await spawnService('ingestion', { ...env, CRASH_AT: 'ingestion.afterProduce' });
    expect(await first.exited).toMatchObject({ signal: 'SIGKILL' });
    await startService('ingestion', env);
    await eventually(async () => (await consumeAll(accepted)).length === 2, { timeoutMs: 30_000, everyMs: 200 });

    const [once, again] = await consumeAll(accepted);
    expect(again?.value).toEqual(once?.value);
    expect(again?.headers).toEqual(once?.headers);
    expect(JSON.parse(once?.value?.toString() ?? '')).toEqual({
      ...withoutId,
      id: idOf(once?.headers ?? {}),
      receivedAt: new Date(source?.timestamp ?? 0).toISOString(),
    });
  });

  it('takes only registered tenants where the operator gave a list', async () => {
    const { prefix, env, accepted, rejected } = await installation();
    // To one partition: kafkajs repeats a request whole when one of its partitions fails, and events would come twice.
    await produce(prefix, [makeEvent({ tenantId: 'Acme' }), makeEvent({ tenantId: 'acme' })], { partition: 0 });
    await startService('ingestion', { ...env, AUDITLANE_TENANTS: 'acme,globex' });
    await eventually(async () => (await consumeAll(accepted)).length + (await consumeAll(rejected)).length === 2, {
      timeoutMs: 30_000,
      everyMs: 200,
    });
    const [refused] = await consumeAll(rejected);
    expect(decodeRejectedHeaders(refused?.headers ?? {})).toMatchObject({
      reason: 'tenant_not_registered',
      tenant: 'Acme',
    });
  });
});

/** Header values as the test's producer takes them. */
function sendable(headers: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value ?? '']));
}
