// Indexer acknowledgement: Splunk's 200 is a promise, delivered is what it has acknowledged. It says so once; whatever happens to that one reply
// costs a repeat, and never an event, Kafka's commit, or anybody's turn.
import { eventually, scripts, type ServiceProcess, type Sink } from '@auditlane/testing';
import { cursorOf, untilAllCommitted, untilLive, untilParked } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { changeDestination, createDestination, untilApplied, viewOf, type Destination } from '../support/destinations';
import { openReceiver, untilArrived } from '../support/receivers';
import { trafficOf, upTo } from '../support/traffic';

const tenant = 'acme';
const withoutAcks = 'token-without-acks';
const ackPath = '/services/collector/ack';
/** An indexer's five minutes. */
const timeoutMs = 2_500;

describe('a Splunk token with indexer acknowledgement', () => {
  let line: DeliveryLine;
  let forwarder: ServiceProcess;
  let sink: Sink;
  let destination: Destination;
  let elsewhere: { readonly sink: Sink; readonly destination: Destination };
  let published = 0;

  beforeAll(async () => {
    const receiver = await openReceiver('splunk', { hec: { useAck: true } });
    const other = await openReceiver('splunk');
    line = await openDeliveryLine({
      receivers: [receiver, other],
      environment: {
        AUDITLANE_DELIVERY_ACK_POLL_MS: '50',
        AUDITLANE_DELIVERY_ACK_TIMEOUT_MS: `${timeoutMs}`,
      },
    });
    ({ sink } = receiver);
    destination = await createDestination(line, tenant, receiver.address);
    const required = await createDestination(line, withoutAcks, other.address, {
      options: { acknowledgement: 'required' },
    });
    elsewhere = { sink: other.sink, destination: required };
    forwarder = await line.start('forwarder-splunk');
    await untilApplied(line, [destination, required]);
  });

  afterAll(async () => line.close());

  /** The numbers of the events that were published. */
  async function publish(count: number): Promise<readonly number[]> {
    await line.publish(trafficOf(count, { from: published + 1, of: [tenant] }));
    published += count;
    await untilArrived(sink, tenant, published);
    return upTo(published).slice(-count);
  }

  const arrivals = (): number => sink.seqs(tenant).length;
  const since = (before: number): readonly number[] =>
    sink
      .seqs(tenant)
      .slice(before)
      .toSorted((a, b) => a - b);

  async function untilAcknowledged(through = published): Promise<void> {
    await eventually(
      async () => {
        expect(await cursorOf(line, destination)).toMatchObject({ nextSeq: through + 1 });
        return true;
      },
      { timeoutMs: 20_000 },
    );
  }

  it('is delivered to from a cursor, at the first event that is not acknowledged; no commit waits for that', async () => {
    sink.hec.acks.mode = 'by_hand';
    await publish(20);
    expect(await untilParked(line, destination)).toMatchObject({ nextSeq: 1, state: 'parked' });
    await untilAllCommitted(line, 'forwarder-splunk');
    expect(await cursorOf(line, destination)).toMatchObject({ nextSeq: 1 });

    sink.hec.acks.mode = 'at_once';
    sink.hec.acks.confirm();
    await untilAcknowledged();
    await publish(10);
    await untilAcknowledged();
    expect(await cursorOf(line, destination)).toMatchObject({ reason: 'awaiting_acknowledgement' });
    await eventually(async () => {
      expect((await viewOf(line, destination)).health).toEqual({ state: 'healthy', reason: null, lagEvents: 0 });
      return true;
    });
  });

  it('whose one yes is lost on its way gets those events once more, and nothing behind them waits', async () => {
    sink.hec.acks.mode = 'by_hand';
    const before = arrivals();
    const unsure = await publish(10);
    const settled = published - unsure.length;
    sink.hec.acks.mode = 'at_once';
    const polls = sink.requests.length;
    sink.nextTo(ackPath, scripts.resetAfterIngest);
    sink.hec.acks.confirm();
    await eventually(() => sink.requests.slice(polls).some(({ path, status }) => path === ackPath && status === 0));
    // They come while the others are unsure, and are neither held up nor sent again with them.
    const later = await publish(10);
    expect(await cursorOf(line, destination)).toMatchObject({ nextSeq: settled + 1 });
    await untilAcknowledged();
    expect(since(before)).toEqual([...unsure, ...unsure, ...later].toSorted((a, b) => a - b));
  });

  it('whose indexer restarts and counts anew is not believed about what it forgot', async () => {
    sink.hec.acks.mode = 'by_hand';
    const before = arrivals();
    const forgotten = await publish(10);
    sink.hec.acks.forget();
    sink.hec.acks.mode = 'at_once';
    const later = await publish(10);
    await untilAcknowledged();
    expect(since(before)).toEqual([...forgotten, ...forgotten, ...later].toSorted((a, b) => a - b));
  });

  it.each([
    [404, '<html>Not found</html>'],
    [400, '{"text":"Invalid data format","code":6}'],
    [200, '{"text":"Success","code":0}'],
    [503, 'try later'],
  ])('whose polls are answered %i %s is told to have delivered nothing', async (status, body) => {
    sink.hec.acks.mode = 'by_hand';
    sink.alwaysTo(ackPath, scripts.answer(status, { body }));
    const polls = (): number => sink.requests.filter(({ path }) => path === ackPath).length;
    const settled = published;
    await publish(5);
    const enough = polls() + 3;
    await eventually(() => polls() >= enough);
    await untilAllCommitted(line, 'forwarder-splunk');
    expect(await cursorOf(line, destination)).toMatchObject({ nextSeq: settled + 1 });
    sink.alwaysTo(ackPath, scripts.pass);
    sink.hec.acks.mode = 'at_once';
    sink.hec.acks.confirm();
    await untilAcknowledged();
  });

  it('that acknowledges nothing is told about as failing for that, and goes on being sent events', async () => {
    sink.hec.acks.mode = 'never';
    const before = arrivals();
    const unsure = await publish(5);
    await eventually(
      async () => {
        const { state, reason } = (await viewOf(line, destination)).health;
        expect([state, reason]).toEqual(['retrying', 'acknowledgement_missing']);
        return true;
      },
      { timeoutMs: 20_000 },
    );
    sink.hec.acks.mode = 'at_once';
    await publish(5);
    await untilAcknowledged();
    expect(since(before).filter((seq) => seq === unsure[0]).length).toBeGreaterThan(1);
    await eventually(async () => (await viewOf(line, destination)).health.state === 'healthy');
  });

  it('loses nothing where the forwarder is killed between the answer and the acknowledgement', async () => {
    sink.hec.acks.mode = 'by_hand';
    const settled = published;
    const unsure = await publish(30);
    await untilAllCommitted(line, 'forwarder-splunk');
    const channels = (): ReadonlySet<string | undefined> =>
      new Set(sink.requests.map(({ headers }) => headers['x-splunk-request-channel']));
    const [former] = [...channels()].slice(-1);
    forwarder.kill('SIGKILL');
    await forwarder.exited;
    // The indexers die as well, with everything that they had not acknowledged.
    sink.hec.acks.forget();
    expect(await cursorOf(line, destination)).toMatchObject({ nextSeq: settled + 1 });

    sink.hec.acks.mode = 'at_once';
    const before = arrivals();
    forwarder = await line.start('forwarder-splunk');
    await untilAcknowledged();
    expect(since(before)).toEqual(unsure);
    await publish(10);
    await untilAcknowledged();
    const [current] = [...channels()].slice(-1);
    expect(current).not.toBe(former);
  });

  it('that is none, where acknowledgement is required, parks until token or settings are put right', async () => {
    await line.publish(trafficOf(10, { of: [withoutAcks] }));
    const { destination: required, sink: plain } = elsewhere;
    await eventually(
      async () => {
        const { state, reason } = (await viewOf(line, required)).health;
        expect([state, reason]).toEqual(['failing', 'acknowledgement_required']);
        return true;
      },
      { timeoutMs: 20_000 },
    );
    expect(await untilParked(line, required)).toMatchObject({ nextSeq: 1 });
    await changeDestination(line, required, { options: { acknowledgement: 'auto' } });
    await untilArrived(plain, withoutAcks, 10);
    await untilLive(line, required);
  });
});
