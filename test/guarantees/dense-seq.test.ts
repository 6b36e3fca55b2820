// Guarantee 2: each tenant's seq is 1, 2, 3 … without a gap, so that a receiver sees that none is missing; what is not stored takes none.
import { makeEvent, eventually, type ServiceProcess } from '@auditlane/testing';
import { openLine } from '../support/line';
import { rowsOf, totalsOf, untilTotals } from '../support/rows';
import { expectTopicToMirrorRows, firstRecordsOf } from '../support/stored-topic';
import { idOf, tenants, trafficOf, upTo } from '../support/traffic';

jest.setTimeout(120_000);

const storedBy = async (service: ServiceProcess): Promise<number> =>
  (await service.metrics()).value('auditlane_persist_events_total', { outcome: 'stored' }) ?? 0;

it('is dense in every partition while replicas come and go, past repeats, conflicts and poison', async () => {
  const line = await openLine({ environment: { AUDITLANE_PERSIST_BATCH_RECORDS: '15' } });
  let round = 0;
  const perRound = 20;
  /** Each tenant: new events, one of them twice, one more with other content, and a record that is no event. */
  const publishRound = async (): Promise<void> => {
    const from = round * perRound + 1;
    round += 1;
    const events = trafficOf(perRound, { from });
    await line.publish([...events, ...events.slice(0, tenants.length)]);
    await line.publish(tenants.map((tenantId) => makeEvent({ tenantId, id: idOf(from), details: 'somebody else' })));
    for (const tenant of tenants) await line.publish(['{"oops"'], { key: tenant });
  };

  const [, first] = await Promise.all([line.start('ingestion'), line.start('persistence')]);
  await publishRound();
  const [second] = await Promise.all([line.start('persistence'), publishRound()]);
  await eventually(
    async () => {
      await publishRound();
      return (await storedBy(first)) > 0 && (await storedBy(second)) > 0;
    },
    { timeoutMs: 30_000, everyMs: 200 },
  );
  first.kill('SIGKILL');
  await publishRound();

  // What is published twice and what conflicts are records of `accepted`; what is no event is not.
  const stored = round * perRound * tenants.length;
  const extra = round * tenants.length;
  await untilTotals(line, { stored });
  await untilTotals(line, { consumed: stored + 2 * extra, duplicate: extra, quarantined: extra });
  for (const tenant of tenants) {
    const dense = upTo(round * perRound);
    const rows = await rowsOf(line, tenant);
    expect(rows.map(({ seq }) => seq)).toEqual(dense);
    expect(rows.some(({ details }) => details === 'somebody else')).toBe(false);
    expect((await firstRecordsOf(line, tenant)).map(({ seq }) => seq)).toEqual(dense);
  }
  await expectTopicToMirrorRows(line);
  const heads = await line.db.pool.query(
    'select tenant_id as tenant, next_seq::int as next from audit.tenant_head order by 1',
  );
  expect(heads.rows).toEqual([...tenants].sort().map((tenant) => ({ tenant, next: round * perRound + 1 })));
  expect(await totalsOf(line)).toMatchObject({ stored });
  await line.close();
});
