// One bulk, many answers: each item of Elasticsearch's answer is believed for its own event and for no other.
import { eventually, scripts, type ItemScript, type ServiceProcess } from '@auditlane/testing';
import { cursorOf, untilLive } from '../support/cursors';
import { attemptsOf, deadLettersOf, untilDeadLetters } from '../support/dead-letters';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { createDestination, untilApplied, viewOf, type Destination } from '../support/destinations';
import { openReceiver, repeatsAt, type Receiver } from '../support/receivers';
import { trafficOf, upTo } from '../support/traffic';

const tenant = 'acme';
const count = 12;

/** By seq; what is not named is created. 429 and 403 go away in time. */
const there = 3;
const full = 4;
const unmappable = 5;
const blocked = 7;
const diverted = 8;
const last = 12;

describe('a bulk that is answered item by item', () => {
  let receiver: Receiver;
  let destination: Destination;
  let line: DeliveryLine;
  let forwarder: ServiceProcess;
  const asked = new Map<number, number>();
  let blockedNow = true;

  const items: ItemScript = ({ seq }) => {
    const times = (asked.get(seq) ?? 0) + 1;
    asked.set(seq, times);
    if (seq === there) return { status: 409, type: 'version_conflict_engine_exception' };
    if (seq === full && times < 3) return { status: 429, type: 'es_rejected_execution_exception' };
    if (seq === unmappable) return { status: 400, type: 'document_parsing_exception', failureStore: 'not_enabled' };
    if (seq === blocked && blockedNow) return { status: 403, type: 'cluster_block_exception' };
    if (seq === diverted && times === 1) return { status: 201, failureStore: 'used' };
    return undefined;
  };

  beforeAll(async () => {
    receiver = await openReceiver('elasticsearch');
    line = await openDeliveryLine({ receivers: [receiver] });
    destination = await createDestination(line, tenant, receiver.address);
    forwarder = await line.start('forwarder-elasticsearch');
    await untilApplied(line, [destination]);
    receiver.sink.bulk.items = items;
    // While the first request is in flight, the others queue and become one bulk.
    receiver.sink.next(scripts.delay(300));
    await line.publish(trafficOf(count, { of: [tenant] }));
  });

  afterAll(async () => line.close());

  it('parks at what is blocked, keeps what was created, and sends only what is still owed again', async () => {
    await eventually(async () => {
      const { health } = await viewOf(line, destination);
      expect(health).toMatchObject({ state: 'failing', reason: 'target_not_writable' });
      return true;
    });
    expect(await cursorOf(line, destination)).toBeDefined();
    blockedNow = false;
    const [letter] = await untilDeadLetters(line, destination, [unmappable]);
    expect(letter).toMatchObject({
      reason: 'receiver_refused_mapping',
      code: 'bulk_400_document_parsing_exception',
      words: 'scripted 400',
    });
    await untilLive(line, destination);
    const got = [...new Set(receiver.sink.seqs(tenant))].sort((a, b) => a - b);
    // The conflict (409) says that the document was there before.
    expect(got).toEqual(upTo(count).filter((seq) => seq !== unmappable && seq !== there));
    expect(repeatsAt(receiver.sink, tenant)).toBe(0);
    expect(asked.get(full)).toBe(3);
    expect(asked.get(last)).toBe(1);
    expect(await deadLettersOf(line, destination)).toHaveLength(1);
    expect((await attemptsOf(line, destination)).map(({ result }) => result)).toEqual(
      expect.arrayContaining(['target_not_writable']),
    );
  });

  it('counts what went to the failure store apart', async () => {
    const metrics = await forwarder.metrics();
    expect(metrics.value('auditlane_delivery_diverted_events_total', { type: 'elasticsearch' })).toBe(1);
  });

  it('counts nothing as delivered where the answer has fewer items than it was sent events', async () => {
    const before = receiver.sink.seqs(tenant).length;
    const body = { errors: false, items: [{ create: { status: 201 } }] };
    const short = scripts.answer(200, { body, headers: { 'x-elastic-product': 'Elasticsearch' } });
    receiver.sink.next(scripts.delay(300), short, short);
    await line.publish(trafficOf(5, { from: count + 1, of: [tenant] }));
    await eventually(() => receiver.sink.seqs(tenant).length === before + 5, { timeoutMs: 20_000 });
    expect(repeatsAt(receiver.sink, tenant)).toBe(0);
    await untilLive(line, destination);
  });
});
