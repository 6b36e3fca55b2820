// Guarantee 3 and 4 against hostile producers: each row H1 to H30 has its one outcome, all neighbours are stored, no process ends.
import { createHash } from 'node:crypto';
import type { Message } from 'kafkajs';
import { eventually, type ServiceProcess } from '@auditlane/testing';
import {
  hostileRecords,
  sampleEvent,
  type Fields,
  type HostileRecord,
} from '../../services/ingestion/test/hostile-records';
import { openLine, type Line } from '../support/line';
import { CompressionTypes, sendInTransaction, sendRaw } from '../support/raw-records';
import { quarantineOf, rowsOf, untilStored, untilTotals } from '../support/rows';
import { expectTopicToMirrorRows } from '../support/stored-topic';

jest.setTimeout(120_000);

/** All in one partition: a record that stopped it would stop everything behind it. */
const partition = 1;
const now = Date.now();

let line: Line;
const services: ServiceProcess[] = [];

async function start(environment: Readonly<Record<string, string>> = {}): Promise<void> {
  line = await openLine({ environment });
  services.push(...(await Promise.all([line.start('ingestion'), line.start('persistence')])));
}
afterEach(async () => {
  for (const service of services.splice(0)) expect(service.isRunning()).toBe(true);
  await line.close();
});

/** Rows share an id; here each needs its own, of the same length, or the second would be a conflict. H16 and H19 are about the id. */
function withOwnId({ row, value }: HostileRecord, index: number): Buffer | null {
  if (!value || row === 'H16' || row === 'H19') return value;
  return Buffer.from(value.toString('latin1').replace('"id":"evt-1"', `"id":"${numbered('r', index)}"`), 'latin1');
}
const numbered = (letter: string, index: number): string => `${letter}${String(index).padStart(4, '0')}`;

const neighbour = (index: number): Fields => sampleEvent({ id: numbered('n', index) }, now);
const message = (value: Fields | Buffer | string | null, rest: Partial<Message> = {}): Message => ({
  value: value === null || Buffer.isBuffer(value) || typeof value === 'string' ? value : JSON.stringify(value),
  partition,
  ...rest,
});

/** In few requests, none past the broker's limit of a batch. */
async function send(messages: readonly Message[]): Promise<void> {
  let batch: Message[] = [];
  let bytes = 0;
  for (const [index, next] of messages.entries()) {
    const size = (next.value?.length ?? 0) + (next.headers ? 600_000 : 100);
    if (bytes + size > 900_000 && batch.length > 0) {
      await sendRaw(line.names.topic('events'), batch);
      [batch, bytes] = [[], 0];
    }
    batch.push(next);
    bytes += size;
    if (index === messages.length - 1) await sendRaw(line.names.topic('events'), batch);
  }
}

const objectOf = (text: string): Record<string, unknown> => Object(JSON.parse(text));
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function untilQuarantined(count: number): Promise<Awaited<ReturnType<typeof quarantineOf>>> {
  return eventually(
    async () => {
      const rows = await quarantineOf(line);
      expect(rows).toHaveLength(count);
      return rows;
    },
    { timeoutMs: 30_000, everyMs: 100 },
  );
}

describe('every hostile record', () => {
  const rows = hostileRecords(now)
    .filter(({ undecodable, registeredTenants }) => !undecodable && !registeredTenants)
    .map((hostile, index) => ({ ...hostile, index, sent: withOwnId(hostile, index) }));
  /** Ingestion sees one record at a time; what conflicts with another is found by persistence. */
  const stored = rows.filter(({ row, outcome }) => outcome === 'accepted' && row !== 'H19');
  const conflicting = rows.filter(({ row }) => row === 'H19');
  const refused = rows.filter(({ outcome }) => outcome !== 'accepted');

  it('is stored as it was said or is one quarantine row with its reason; its neighbours are stored in order', async () => {
    const listed = new Set<string>(hostileRecords(now).map(({ row }) => row));
    const missing = Array.from({ length: 30 }, (_, index) => `H${index + 1}`).filter((row) => !listed.has(row));
    expect(missing).toEqual(['H28']);

    await start();
    await send([
      message(sampleEvent({}, now)),
      ...rows.flatMap(({ index, sent, key, headers }) => [
        message(sent, {
          ...(key === undefined ? {} : { key }),
          ...(headers ? { headers: Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, v ?? ''])) } : {}),
        }),
        message(neighbour(index)),
      ]),
    ]);
    const quarantine = await untilQuarantined(refused.length + conflicting.length);
    await untilStored(line, 1 + stored.length + rows.length);

    const ownRows = quarantine.filter(({ topic }) => topic === line.names.topic('events'));
    expect(ownRows.map(({ offset, reason, sha256: hash, bytes }) => ({ offset, reason, hash, bytes }))).toEqual(
      refused.map(({ index, sent, outcome }) => ({
        offset: 1 + 2 * index,
        reason: outcome,
        hash: sha256(sent ?? Buffer.alloc(0)),
        bytes: sent?.length ?? 0,
      })),
    );
    expect(
      ownRows.every(({ excerpt }, at) => excerpt.equals((refused[at]?.sent ?? Buffer.alloc(0)).subarray(0, 4_096))),
    ).toBe(true);
    expect(ownRows.every(({ detail }) => detail.length > 20)).toBe(true);
    const others = quarantine.filter(({ topic }) => topic !== line.names.topic('events'));
    expect(others.map(({ reason, tenant }) => ({ reason, tenant }))).toEqual(
      conflicting.map(() => ({ reason: 'id_conflict', tenant: 'acme' })),
    );

    const said = [
      sampleEvent({}, now),
      ...rows.flatMap((hostile) => [
        ...(stored.includes(hostile) ? [objectOf(hostile.sent?.toString() ?? '')] : []),
        neighbour(hostile.index),
      ]),
    ];
    for (const tenant of new Set(said.map(({ tenantId }) => String(tenantId)))) {
      const kept = (await rowsOf(line, tenant)).map(({ canonical }) => objectOf(canonical));
      expect(kept).toEqual(
        said
          .filter(({ tenantId }) => tenantId === tenant)
          .map((event) => ({ id: expect.any(String), ...event, receivedAt: expect.any(String) })),
      );
    }
    const { rows: ahead } = await line.db.pool.query<{ id: string }>(
      'select event_id as id from audit.events where clock_skew order by 1',
    );
    expect(ahead.map(({ id }) => id)).toEqual(
      said
        .filter(({ occurredAt }) => Date.parse(String(occurredAt)) > now + 600_000)
        .map(({ id }) => String(id))
        .sort(),
    );
    await expectTopicToMirrorRows(line);

    for (const service of services) {
      const lines = service.logs().trim().split('\n');
      expect(lines.every((text) => typeof objectOf(text)['msg'] === 'string')).toBe(true);
      expect(service.logs()).not.toContain('canary');
    }
  });
});

it('H26: a batch that unpacks past all limits is one row for all its records, and only it', async () => {
  await start();
  const topic = line.names.topic('events');
  await sendRaw(topic, [message(neighbour(0))]);
  const bomb = Buffer.alloc(23 << 20, 'a');
  await sendRaw(topic, [message(bomb), message(bomb), message(bomb)], CompressionTypes.GZIP);
  await sendRaw(topic, [message(neighbour(1)), message(neighbour(2))], CompressionTypes.GZIP);

  await untilStored(line, 3);
  expect((await rowsOf(line)).map(({ id }) => id)).toEqual(['n0000', 'n0001', 'n0002']);
  expect(await untilQuarantined(1)).toMatchObject([
    { topic, partition, offset: 1, lastOffset: 3, reason: 'undecodable_batch' },
  ]);
});

it('H28: what a transaction took back is no record, and control records are passed over', async () => {
  await start();
  const topic = line.names.topic('events');
  await sendRaw(topic, [message(neighbour(0))]);
  await sendInTransaction(topic, [message(neighbour(1)), message('{"oops"')], 'abort');
  await sendInTransaction(topic, [message(neighbour(2))], 'commit');
  await sendRaw(topic, [message(neighbour(3))]);
  await sendInTransaction(topic, [message(neighbour(4))], 'abort');

  await untilTotals(line, { consumed: 3, stored: 3 });
  expect((await rowsOf(line)).map(({ id }) => id)).toEqual(['n0000', 'n0002', 'n0003']);
  expect(await quarantineOf(line)).toEqual([]);
});

it('H30: hundreds of made-up names make rows, and no further metric', async () => {
  await start();
  const series = async (): Promise<number[]> =>
    Promise.all(
      services.map(
        // Node's own series come when their first value does.
        async (service) => (await service.metrics()).samples.filter(({ name }) => name.startsWith('auditlane_')).length,
      ),
    );
  await send([message({ ...neighbour(0), action: 'workflows.made_up' }), message(neighbour(1))]);
  await untilQuarantined(1);
  await untilStored(line, 1);
  const before = await series();

  const count = 300;
  const names = Array.from({ length: count }, (_, index) => numbered('made_up_', index));
  await send(names.map((name) => message({ ...neighbour(0), action: `workflows.${name}` })));
  await send(names.map((name) => message({ ...neighbour(0), [name]: 1 })));
  await send([message(neighbour(2))]);
  const reasons = (await untilQuarantined(1 + 2 * count)).map(({ reason }) => reason);
  expect(reasons.filter((reason) => reason === 'unknown_action')).toHaveLength(1 + count);
  expect(reasons.filter((reason) => reason === 'schema_invalid')).toHaveLength(count);
  await untilStored(line, 2);
  expect(await series()).toEqual(before);
});

it('H15: where the operator lists tenants, another one is one row, also in other letters', async () => {
  await start({ AUDITLANE_TENANTS: 'acme,globex' });
  const listed = hostileRecords(now).filter(({ registeredTenants }) => registeredTenants);
  await send(listed.flatMap((hostile, index) => [message(withOwnId(hostile, index)), message(neighbour(index))]));
  const refused = listed.filter(({ outcome }) => outcome !== 'accepted');
  expect((await untilQuarantined(refused.length)).map(({ reason }) => reason)).toEqual(
    refused.map(({ outcome }) => outcome),
  );
  await untilStored(line, 2 * listed.length - refused.length);
  expect((await rowsOf(line)).every(({ tenant }) => tenant === 'acme')).toBe(true);
});
