// The one duplicate that Elasticsearch cannot refuse: a data stream that was rolled over between a try and its repeat. It happens, it is found by
// event.id, and the page about destinations says so.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { checkoutRoot, eventually, sharedElasticsearch, type ServiceProcess } from '@auditlane/testing';
import { untilAllCommitted } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { createDestination, untilApplied } from '../support/destinations';
import { asAdmin, documentsIn, elasticsearchOf, type Document } from '../support/elasticsearch';
import { idOf, tenantIn, trafficOf, upTo } from '../support/traffic';

jest.setTimeout(120_000);

const run = randomBytes(4).toString('hex');
const count = 5;
const tenants = { kept: tenantIn(0), rolled: tenantIn(1) };
const streams = { kept: `logs-audit.events-kept-${run}`, rolled: `logs-audit.events-rolled-${run}` };

describe('events whose answer was lost, sent again to a data stream', () => {
  let line: DeliveryLine;
  let forwarder: ServiceProcess;

  beforeAll(async () => {
    const { url } = await sharedElasticsearch();
    line = await openDeliveryLine({ receivers: [], reachable: [url] });
    await asAdmin('PUT', `/_index_template/rollover-${run}`, {
      index_patterns: [`logs-audit.events-*-${run}`],
      data_stream: {},
      priority: 700,
    });
    for (const name of ['kept', 'rolled'] as const) {
      const destination = await createDestination(
        line,
        tenants[name],
        await elasticsearchOf(tenants[name], streams[name]),
      );
      // Dies when the receiver has taken the events and before anybody knows: the forwarder that follows cannot but send them again.
      const doomed = line.crash('forwarder-elasticsearch', 'delivery.afterSend');
      await line.publish(trafficOf(count, { of: [tenants[name]] }));
      await doomed;
      expect(await documentsIn(streams[name])).not.toHaveLength(0);
      if (name === 'rolled') await asAdmin('POST', `/${streams.rolled}/_rollover`);
      forwarder = await line.start('forwarder-elasticsearch');
      await untilApplied(line, [destination]);
      await line.publish(trafficOf(1, { from: count + 1, of: [tenants[name]] }));
      await eventually(async () => (await documentsIn(streams[name])).some(({ auditlane }) => auditlane.seq > count), {
        timeoutMs: 60_000,
        everyMs: 200,
      });
      // All of it committed, so that whoever dies next has only the events of the other stream to send again.
      await untilAllCommitted(line, 'forwarder-elasticsearch');
      if (name === 'kept') await forwarder.stop();
    }
  }, 300_000);

  afterAll(async () => line.close());

  const seqs = (documents: readonly Document[]): number[] => documents.map(({ auditlane }) => auditlane.seq);

  it('are there once where the stream still writes to the same index', async () => {
    expect(seqs(await documentsIn(streams.kept))).toEqual(upTo(count + 1));
  });

  it('are there twice where it was rolled over in between, under one id, and none is missing', async () => {
    const documents = await documentsIn(streams.rolled);
    expect(new Set(seqs(documents))).toEqual(new Set(upTo(count + 1)));
    const twice = documents.filter(({ event }) => documents.filter((other) => other.event.id === event.id).length > 1);
    expect(twice.length).toBeGreaterThan(0);
    for (const { documentId, event } of twice) {
      expect(event.id).toBe(idOf(documents.find((one) => one.event.id === event.id)?.auditlane.seq ?? 0));
      expect(documents.filter((one) => one.documentId === documentId)).toHaveLength(2);
    }
    expect(forwarder.isRunning()).toBe(true);
  });

  it('are stated in the documentation, with the field to drop repeats by', () => {
    const page = readFileSync(join(checkoutRoot, 'docs/destinations.md'), 'utf8').replaceAll('\n', ' ');
    expect(page).toMatch(/rollover[^.]*duplicate[^.]*event\.id/);
  });
});
