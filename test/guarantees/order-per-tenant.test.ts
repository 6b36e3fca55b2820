// Each tenant's events keep the order in which they were published, in the store and in what forwarders read.
import { openLine } from '../support/line';
import { rowsOf, untilStored } from '../support/rows';
import { firstRecordsOf } from '../support/stored-topic';
import { idOf, tenants, trafficOf, upTo } from '../support/traffic';

jest.setTimeout(120_000);

it('keeps the order of each tenant while services are stopped, started and doubled under traffic', async () => {
  const line = await openLine({ environment: { AUDITLANE_PERSIST_BATCH_RECORDS: '15' } });
  let published = 0;
  const publish = async (count: number): Promise<void> => {
    await line.publish(trafficOf(count, { from: published + 1 }));
    published += count;
  };
  const [ingestion, persistence] = await Promise.all([line.start('ingestion'), line.start('persistence')]);
  await publish(60);
  await Promise.all([ingestion.stop(), publish(60)]);
  await Promise.all([line.start('ingestion'), publish(60)]);
  await Promise.all([line.start('persistence'), line.start('ingestion'), publish(60)]);
  await Promise.all([persistence.stop(), publish(60)]);

  await untilStored(line, published * tenants.length);
  const inOrder = upTo(published).map(idOf);
  for (const tenant of tenants) {
    expect((await rowsOf(line, tenant)).map(({ id }) => id)).toEqual(inOrder);
    const records = await firstRecordsOf(line, tenant);
    expect(records.map(({ id }) => id)).toEqual(inOrder);
    expect(new Set(records.map(({ partition }) => partition)).size).toBe(1);
  }
  await line.close();
});
