// Guarantee 1: no accepted event is lost, and none is stored or published as two, wherever a service is killed.
import type { ServiceName } from '@auditlane/testing';
import { openLine } from '../support/line';
import { rowsOf, totalsOf, untilStored } from '../support/rows';
import { expectTopicToMirrorRows } from '../support/stored-topic';
import { idOf, tenants, trafficOf, upTo } from '../support/traffic';

jest.setTimeout(120_000);

/** Small transactions, so that a death falls between two of them and inside one. */
const environment = { AUDITLANE_PERSIST_BATCH_RECORDS: '20' };

interface Death {
  readonly service: ServiceName;
  readonly peer: ServiceName;
  readonly point: string;
  readonly when: string;
}

const deathsBeforeTheStore: readonly Death[] = [
  {
    service: 'ingestion',
    peer: 'persistence',
    point: 'ingestion.afterProduce:2',
    when: 'after the produce to accepted, before the offset commit',
  },
  {
    service: 'persistence',
    peer: 'ingestion',
    point: 'persistence.beforeCommit:2',
    when: 'before the database commit',
  },
  { service: 'persistence', peer: 'ingestion', point: 'persistence.afterCommit:2', when: 'after the database commit' },
  {
    service: 'persistence',
    peer: 'ingestion',
    point: 'persistence.beforeStoredProduce:2',
    when: 'before the produce to stored',
  },
  {
    service: 'persistence',
    peer: 'ingestion',
    point: 'persistence.afterStoredProduce:2',
    when: 'after the produce to stored, before the offset commit',
  },
];

describe('SIGKILL on the way into the store loses nothing and doubles nothing', () => {
  it.each(deathsBeforeTheStore)('$service, $when', async ({ service, peer, point }) => {
    const line = await openLine({ environment });
    await line.publish(trafficOf(50));
    const [survivor] = await Promise.all([line.start(peer), line.crash(service, point)]);
    await line.publish(trafficOf(10, { from: 51 }));
    await line.start(service);

    await untilStored(line, 60 * tenants.length);
    for (const tenant of tenants) {
      const rows = await rowsOf(line, tenant);
      expect(rows.map(({ seq }) => seq)).toEqual(upTo(60));
      expect(rows.map(({ id }) => id)).toEqual(upTo(60).map(idOf));
    }
    await expectTopicToMirrorRows(line);
    const { consumed, stored, duplicate, quarantined } = await totalsOf(line);
    expect({ consumed, quarantined }).toEqual({ consumed: stored + duplicate, quarantined: 0 });
    expect(survivor.isRunning()).toBe(true);
    await line.close();
  });
});
