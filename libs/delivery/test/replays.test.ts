// Replays with everything real but the receivers: they never hold up live delivery, lose nothing wherever they are killed, and do as they are told.
import { randomUUID } from 'node:crypto';
import { eventually, makeEvent, scripts, Sink } from '@auditlane/testing';
import { openDeliveryLine, receiverOf, type DeliveryLine } from './delivery-line';

const patience = { timeoutMs: 30_000, everyMs: 50 };
const upTo = (n: number, from = 1): number[] => Array.from({ length: n - from + 1 }, (_, index) => from + index);

interface Progress {
  readonly state: string;
  readonly next: number;
  readonly delivered: number;
  readonly dead: number;
  readonly unwanted: number;
  readonly missing: number;
  readonly reason: string;
}

describe('a replay', () => {
  let sink: Sink;
  let hec: Sink;
  let acking: Sink;
  let line: DeliveryLine;

  beforeAll(async () => {
    [sink, hec, acking] = await Promise.all([
      Sink.start({ face: 'http' }),
      Sink.start({ face: 'hec' }),
      Sink.start({ face: 'hec', hec: { useAck: true } }),
    ]);
    line = await openDeliveryLine([sink, hec, acking].map(({ url }) => new URL(url).host));
  }, 120_000);

  afterAll(() => Promise.all([sink.close(), hec.close(), acking.close()]));

  const order = async (destination: string, tenant: string, from: number, to: number): Promise<string> => {
    const id = randomUUID();
    await line.db.pool.query(
      `insert into delivery.replay (id, destination_id, tenant_id, kind, from_seq, to_seq) values ($1, $2, $3, 'range', $4, $5)`,
      [id, destination, tenant, from, to],
    );
    return id;
  };
  const resend = async (destination: string, tenant: string, seqs: readonly number[]): Promise<string> => {
    const id = randomUUID();
    await line.db.pool.query(
      `with made as (insert into delivery.replay (id, destination_id, tenant_id, kind, from_seq, to_seq) values ($1, $2, $3, 'dead_letters', $4, $5))
       select 1`,
      [id, destination, tenant, Math.min(...seqs), Math.max(...seqs)],
    );
    await line.db.pool.query(
      'insert into delivery.replay_letter (replay_id, tenant_id, seq) select $1, $2, unnest($3::bigint[])',
      [id, tenant, seqs],
    );
    return id;
  };
  const wish = (id: string, wanted: 'run' | 'pause' | 'cancel') =>
    line.db.pool.query('update delivery.replay set wish = $2 where id = $1', [id, wanted]);
  const progressOf = async (id: string): Promise<Progress | undefined> => {
    const { rows } = await line.db.pool.query<Progress>(
      `select state, next_seq::int as next, delivered::int, dead_lettered::int as dead, unwanted::int, missing::int, reason
       from delivery.replay_progress where replay_id = $1`,
      [id],
    );
    return rows[0];
  };
  const untilState = (id: string, state: string): Promise<Progress> =>
    eventually(async () => {
      const progress = await progressOf(id);
      expect(progress).toMatchObject({ state });
      return progress ?? false;
    }, patience);
  const lettersOf = async (destination: string): Promise<{ seq: number; resends: number }[]> =>
    (
      await line.db.pool.query(
        'select seq::int, resends from delivery.dead_letter where destination_id = $1 order by seq',
        [destination],
      )
    ).rows;
  const expectArrived = async (receiver: Sink, tenant: string, count: number): Promise<void> => {
    await eventually(() => new Set(receiver.seqs(tenant)).size >= count, patience);
  };
  /** Its cursor is gone: from here on events come to it from Kafka. */
  const untilLive = (destination: string): Promise<boolean> =>
    eventually(async () => {
      const cursors = await line.db.pool.query('select 1 from delivery.cursor where destination_id = $1', [
        destination,
      ]);
      const status = await line.db.pool.query('select 1 from delivery.status where destination_id = $1', [destination]);
      return cursors.rowCount === 0 && status.rowCount === 1;
    }, patience);
  const delivered = async (tenant: string, receiver: Sink, count: number): Promise<string> => {
    const id = await line.add(tenant, receiver === sink ? 'http' : 'splunk', receiverOf(receiver));
    await line.publish(tenant, count);
    await expectArrived(receiver, tenant, count);
    await untilLive(id);
    return id;
  };

  describe('while its forwarder lives', () => {
    let forwarder: Awaited<ReturnType<DeliveryLine['forwarder']>>;
    beforeAll(async () => {
      forwarder = await line.forwarder('http', {
        AUDITLANE_DELIVERY_BACKOFF_CAP_MS: '300',
        AUDITLANE_LOG_LEVEL: 'debug',
      });
    });
    afterAll(async () => {
      expect((await forwarder.stop()).code).toBe(0);
    });

    it('that hangs at its receiver delays no live event; cancelled, it lets the next one go on, which delivers its range exactly', async () => {
      const id = await delivered('beside', sink, 30);
      sink.next(scripts.hang());
      const hung = await order(id, 'beside', 1, 30);
      const next = await order(id, 'beside', 5, 24);
      await eventually(
        () => sink.requests.some(({ status, events }) => status === 0 && events[0]?.seq === 1),
        patience,
      );
      await line.publish('beside', 20);
      await expectArrived(sink, 'beside', 50);
      expect(sink.seqs('beside')).toEqual(upTo(50));
      expect(await progressOf(hung)).toMatchObject({ state: 'running', delivered: 0 });
      expect(await progressOf(next)).toMatchObject({ state: 'waiting', reason: 'queued' });
      await wish(hung, 'cancel');
      await untilState(hung, 'cancelled');
      expect(await untilState(next, 'completed')).toEqual({
        state: 'completed',
        next: 25,
        delivered: 20,
        dead: 0,
        unwanted: 0,
        missing: 0,
        reason: '',
      });
      expect(sink.seqs('beside').slice(50)).toEqual(upTo(24, 5));
    });

    it('waits while the receiver takes nothing, says why, is paused and resumed, and loses nothing', async () => {
      const id = await delivered('steered', sink, 25);
      sink.always(scripts.answer(503));
      const replay = await order(id, 'steered', 1, 25);
      expect(await untilState(replay, 'waiting')).toMatchObject({ reason: 'busy', delivered: 0 });
      await wish(replay, 'pause');
      await untilState(replay, 'paused');
      sink.always(scripts.pass);
      const requests = sink.journal.requests;
      await line.publish('steered', 1);
      await expectArrived(sink, 'steered', 26);
      expect(sink.journal.requests).toBe(requests + 1);
      await wish(replay, 'run');
      expect(await untilState(replay, 'completed')).toMatchObject({ delivered: 25, next: 26 });
      expect(sink.seqs('steered').slice(26)).toEqual(upTo(25));
    });

    it('pauses with its destination, and goes with it when it is deleted', async () => {
      const id = await delivered('switched', sink, 5);
      await line.save(id, { enabled: false });
      const replay = await order(id, 'switched', 1, 5);
      expect(await untilState(replay, 'paused')).toMatchObject({ reason: 'disabled' });
      await line.save(id, { enabled: true });
      await untilState(replay, 'completed');
      sink.always(scripts.answer(503));
      const another = await order(id, 'switched', 1, 5);
      await untilState(another, 'waiting');
      await line.remove(id);
      sink.always(scripts.pass);
      expect(await progressOf(another)).toBeUndefined();
      const requests = sink.journal.requests;
      await delivered('unmoved', sink, 3);
      expect(sink.seqs('switched').length).toBe(10);
      expect(sink.journal.requests).toBeGreaterThan(requests);
    });

    it('counts what retention removed of its range', async () => {
      const { pool } = line.db;
      await pool.query(
        `with days as (select (audit.database_day() - 3)::date as day)
         select audit.make_day(day) from days`,
      );
      await pool.query(
        `insert into audit.events (tenant_id, seq, event_id, content_hash, stored_day, received_at, occurred_at, area, action, category, workspace,
           actor, clock_skew, canonical, accepted_offset)
         select 'kept', n, 'old-' || n, '', audit.database_day() - 3, now(), now(), 'workflows', 'workflows.workflow_created', 'User actions', '', 'jane',
           false, $1::jsonb || jsonb_build_object('id', 'old-' || n), n from generate_series(8, 20) n`,
        [JSON.stringify({ ...makeEvent({ tenantId: 'kept' }), receivedAt: new Date().toISOString() })],
      );
      await pool.query(`insert into audit.tenant_head (tenant_id, next_seq) values ('kept', 21)`);
      const id = await line.add('kept', 'http', receiverOf(sink));
      const replay = await order(id, 'kept', 3, 15);
      expect(await untilState(replay, 'completed')).toMatchObject({ delivered: 8, missing: 5, next: 16 });
      expect(
        sink.requests.flatMap(({ taken }) => taken.filter(({ id: event }) => event.startsWith('old-'))),
      ).toHaveLength(8);
    });
  });

  it('that is killed between an answer and its progress goes on where it was: each event arrives, one request is repeated', async () => {
    const tenant = 'killed';
    const first = await line.forwarder('http');
    const id = await delivered(tenant, sink, 40);
    await first.stop();
    const replay = await order(id, tenant, 1, 40);
    const doomed = await line.doomed('http', {
      CRASH_AT: 'replay.afterAnswer:2',
      AUDITLANE_SESSION_TIMEOUT_MS: '2000',
    });
    expect((await doomed.exited).signal).toBe('SIGKILL');
    const second = await line.forwarder('http');
    expect(await untilState(replay, 'completed')).toMatchObject({ delivered: 40, next: 41 });
    await second.stop();
    const again = sink.seqs(tenant).slice(40);
    expect(new Set(again)).toEqual(new Set(upTo(40)));
    expect(again).toHaveLength(70);
  });

  it('of dead letters sends them again once the receiver was fixed: those taken go, one refused again stays and counts it', async () => {
    const forwarder = await line.forwarder('splunk');
    const bad = new Set([3, 6, 7]);
    hec.refuse(({ seq }) => bad.has(seq));
    const id = await line.add('letters', 'splunk', receiverOf(hec));
    await line.publish('letters', 10);
    await eventually(async () => (await lettersOf(id)).length === 3, patience);
    bad.delete(3);
    bad.delete(6);
    const one = await resend(id, 'letters', [3]);
    expect(await untilState(one, 'completed')).toMatchObject({ delivered: 1, dead: 0 });
    expect(await lettersOf(id)).toEqual([
      { seq: 6, resends: 0 },
      { seq: 7, resends: 0 },
    ]);
    const all = await resend(id, 'letters', [6, 7]);
    expect(await untilState(all, 'completed')).toMatchObject({ delivered: 1, dead: 1 });
    expect(await lettersOf(id)).toEqual([{ seq: 7, resends: 1 }]);
    expect(hec.seqs('letters').toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 8, 9, 10]);
    await forwarder.stop();
  });

  it('at a receiver that acknowledges goes on with what it called safe, not with what it took in', async () => {
    const forwarder = await line.forwarder('splunk', { AUDITLANE_DELIVERY_ACK_POLL_MS: '50' });
    const id = await line.add('safe', 'splunk', receiverOf(acking));
    await line.publish('safe', 15);
    await expectArrived(acking, 'safe', 15);
    const polls = (): number => acking.requests.filter(({ path }) => path.startsWith('/services/collector/ack')).length;
    acking.hec.acks.mode = 'by_hand';
    const replay = await order(id, 'safe', 1, 15);
    await eventually(() => acking.seqs('safe').length > 15, patience);
    const before = polls();
    await eventually(() => polls() > before + 3, patience);
    expect(await progressOf(replay)).toMatchObject({ state: 'running', delivered: 0, next: 1 });
    acking.hec.acks.mode = 'at_once';
    acking.hec.acks.confirm();
    expect(await untilState(replay, 'completed')).toMatchObject({ delivered: 15, next: 16 });
    expect(acking.seqs('safe').slice(15)).toEqual(upTo(15));

    // That acknowledgement is switched off says nothing of what was taken in before: it is sent once more.
    acking.hec.acks.mode = 'by_hand';
    const asked = acking.seqs('safe').length;
    acking.nextTo('/services/collector/ack', scripts.answer(400, { body: '{"text":"ACK is disabled","code":14}' }));
    const another = await order(id, 'safe', 1, 5);
    await eventually(() => acking.seqs('safe').length >= asked + 10, patience);
    acking.hec.acks.mode = 'at_once';
    acking.hec.acks.confirm();
    expect(await untilState(another, 'completed')).toMatchObject({ delivered: 5, next: 6 });
    expect(
      acking
        .seqs('safe')
        .slice(asked)
        .toSorted((a, b) => a - b),
    ).toEqual([...upTo(5), ...upTo(5)].toSorted((a, b) => a - b));
    await forwarder.stop();
  });
});
