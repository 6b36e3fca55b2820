// Every destination type against every way in which a receiver answers, over real sockets, through the whole engine: what it does of each
// answer, and that nothing is lost, repeated without need or out of order once the receiver is well again.
import { destinationTypes, type DestinationType } from '@auditlane/contracts';
import { eventually, makeEvent, produce, scripts, Sink, tokenMark, type SinkOptions } from '@auditlane/testing';
import { openDeliveryLine, receiverOf, type DeliveryLine } from './delivery-line';

/** What becomes of the destination while the receiver is as it is. `through`: nothing, events go on arriving. */
type Expected = 'through' | readonly ['failing' | 'retrying', reason: string];

interface Case {
  readonly name: string;
  /** A new destination type does not compile without its expectation in every case. */
  readonly expected: Readonly<Record<DestinationType, Expected>>;
  readonly sink?: Partial<SinkOptions>;
  breaks(sink: Sink, type: DestinationType): Promise<void> | void;
  mends?(sink: Sink): Promise<void> | void;
  /** Seqs that end as dead letters. */
  readonly dead?: readonly number[];
  /** A receiver that refuses everything is tried with a later event: where it is repaired just before, that one comes first. */
  readonly outOfTurn?: boolean;
  /** It took events in without an answer: they may come once more. */
  readonly repeats?: boolean;
  /** What else must have been seen of the outside. */
  also?(sink: Sink): void;
}

const faces = { splunk: 'hec', http: 'http', elasticsearch: 'bulk' } as const satisfies Record<DestinationType, string>;
const everywhere = (expected: Expected): Case['expected'] => ({
  splunk: expected,
  http: expected,
  elasticsearch: expected,
});

const answers = (status: number, expected: Case['expected']): Case => ({
  name: String(status),
  expected,
  breaks: (sink) => sink.always(scripts.answer(status)),
});

const elsewhere = 'https://127.0.0.1:9/';
/** A 2xx is all that a collector of one's own has to say; the others have words for it. */
const onlyWords = { ...everywhere(['failing', 'not_the_expected_receiver']), http: 'through' } as const;
const first = 3;
const later = 6;
const all = Array.from({ length: first + later }, (_, at) => at + 1);

const tls = (kind: 'expired' | 'wrong_host' | 'self_signed' | 'other_ca'): Case => ({
  name: `TLS: ${kind}`,
  expected: everywhere(['retrying', 'tls_failed']),
  breaks: (sink) => sink.useCertificate(kind),
  mends: (sink) => sink.useCertificate('valid'),
});

/** The second request came no sooner than was asked for: a lower bound, however slow the machine is. */
const waited = (sink: Sink): void => {
  const [refused, next] = sink.requests.filter(
    ({ status }, at, each) => status === 429 || each[at - 1]?.status === 429,
  );
  expect((next?.at ?? 0) - (refused?.at ?? 0)).toBeGreaterThanOrEqual(950);
};

const cases: readonly Case[] = [
  { name: 'order, and 200', expected: everywhere('through'), breaks: (sink) => sink.next(scripts.delay(150)) },
  {
    name: 'empty answer',
    expected: onlyWords,
    breaks: (sink, type) => sink.always(scripts.answer(200, { ingest: type === 'http' })),
  },
  {
    name: 'one event refused among others',
    expected: everywhere('through'),
    dead: [first + 2],
    breaks(sink) {
      sink.refuse(({ seq }) => seq === first + 2);
      sink.next(scripts.delay(150));
    },
  },
  { ...answers(400, everywhere(['failing', 'refuses_everything'])), outOfTurn: true },
  answers(401, everywhere(['failing', 'credentials_refused'])),
  answers(403, { ...everywhere(['failing', 'permission_refused']), splunk: ['failing', 'credentials_refused'] }),
  answers(404, everywhere(['failing', 'not_found'])),
  answers(408, everywhere(['retrying', 'timed_out'])),
  answers(409, everywhere(['retrying', 'in_progress'])),
  {
    name: '413',
    expected: everywhere('through'),
    sink: { hec: { maxBytes: 2_500 }, http: { maxBytes: 1_200 }, bulk: { maxBytes: 2_500 } },
    breaks: (sink) => sink.next(scripts.delay(300)),
    also: (sink) => expect(sink.requests.filter(({ status }) => status === 413).length).toBeGreaterThan(0),
  },
  {
    name: '429 with Retry-After in seconds',
    expected: everywhere(['retrying', 'rate_limited']),
    breaks: (sink) => sink.next(scripts.retryAfter(429, '1'), scripts.answer(429), scripts.answer(429)),
    also: waited,
  },
  {
    name: '429 with Retry-After as a date',
    expected: everywhere(['retrying', 'rate_limited']),
    breaks(sink) {
      const date = new Date(Date.now() - 60_000);
      // Two seconds on the receiver's own clock, whatever ours says.
      const headers = { date: date.toUTCString(), 'retry-after': new Date(date.getTime() + 2_000).toUTCString() };
      sink.next(scripts.answer(429, { headers }), scripts.answer(429), scripts.answer(429));
    },
    also: waited,
  },
  answers(500, everywhere(['retrying', 'server_error'])),
  answers(503, everywhere(['retrying', 'busy'])),
  {
    name: 'time-out',
    expected: everywhere(['retrying', 'timed_out']),
    breaks: (sink) => sink.always(scripts.hang()),
  },
  {
    name: 'slow drip',
    expected: everywhere(['retrying', 'timed_out']),
    breaks: (sink) => sink.always(scripts.drip(50)),
  },
  {
    name: 'reset',
    expected: everywhere(['retrying', 'connection_failed']),
    breaks: (sink) => sink.always(scripts.reset('body')),
  },
  {
    name: 'reset after ingest',
    expected: everywhere('through'),
    repeats: true,
    breaks: (sink) => sink.next(scripts.delay(150), scripts.resetAfterIngest),
  },
  {
    name: 'no listener',
    expected: everywhere(['retrying', 'connection_failed']),
    breaks: (sink) => sink.close(),
    mends: (sink) => sink.open(),
  },
  {
    name: 'redirect',
    expected: everywhere(['failing', 'redirected']),
    breaks: (sink) => sink.always(scripts.redirect(elsewhere)),
  },
  tls('expired'),
  tls('wrong_host'),
  tls('self_signed'),
  tls('other_ca'),
  {
    name: 'garbage instead of HTTP',
    expected: everywhere(['retrying', 'unreadable_answer']),
    breaks: (sink) => sink.always(scripts.garbage),
  },
  {
    name: 'garbage as a body',
    expected: onlyWords,
    breaks: (sink, type) => sink.always(scripts.answer(200, { body: '{"acknowledged":', ingest: type === 'http' })),
  },
];

interface Row {
  readonly type: DestinationType;
  readonly about: Case;
  readonly tenant: string;
}

// Walked over the registry of types: a new one is here by being there.
const rows: readonly Row[] = destinationTypes.flatMap((type) =>
  cases.map((about, at) => ({ type, about, tenant: `${type}-${at}` })),
);

const patience = { timeoutMs: 40_000, everyMs: 100 };
/** Requests end by this, so that a hang is a time-out within a test; long enough for a machine that has much else to do. */
const scaled = { AUDITLANE_DELIVERY_REQUEST_TIMEOUT_MS: '4000', AUDITLANE_DELIVERY_BACKOFF_CAP_MS: '300' };

describe('every destination type, with every answer', () => {
  const sinks = new Map<string, Sink>();
  const ids = new Map<string, string>();
  const outcomes = new Map<string, Promise<unknown>>();
  let line: DeliveryLine;

  const sinkOf = (tenant: string): Sink => {
    const sink = sinks.get(tenant);
    if (!sink) throw new Error(`no sink of ${tenant}`);
    return sink;
  };
  const arrived = (tenant: string): readonly number[] => [...new Set(sinkOf(tenant).seqs(tenant))];
  const publish = (count: number): Promise<void> =>
    produce(
      line.prefix,
      rows.flatMap(({ tenant }) => Array.from({ length: count }, () => makeEvent({ tenantId: tenant }))),
    );

  async function standing(tenant: string) {
    const { rows: found } = await line.db.pool.query<{
      state: string;
      reason: string;
      parked: boolean;
      letters: number[];
    }>(
      `select s.state, s.reason, c.destination_id is not null as parked,
         array(select seq::int from delivery.dead_letter l where l.destination_id = s.destination_id order by seq) as letters
       from delivery.status s left join delivery.cursor c using (destination_id) where s.destination_id = $1`,
      [ids.get(tenant)],
    );
    return found[0];
  }

  async function untilDelivered(
    tenant: string,
    wanted: readonly number[],
    letters: readonly number[],
    outOfTurn = false,
  ): Promise<void> {
    await eventually(async () => {
      const seqs = arrived(tenant);
      expect(outOfTurn ? seqs.toSorted((a, b) => a - b) : seqs).toEqual(wanted);
      expect(await standing(tenant)).toMatchObject({ state: 'healthy', parked: false, letters });
      return true;
    }, patience);
  }

  /** From the first event under the fault to the last one after it. */
  async function play({ type, about, tenant }: Row): Promise<void> {
    const sink = sinkOf(tenant);
    const { dead = [], expected } = about;
    const seen = expected[type];
    if (seen !== 'through') {
      const [state, reason] = seen;
      await eventually(async () => {
        expect(await standing(tenant)).toMatchObject({ state, reason, parked: true, letters: [] });
        return true;
      }, patience);
      // Nothing is said to be delivered that the receiver has not got.
      expect(arrived(tenant)).toEqual(all.slice(0, first));
      sink.always(scripts.pass);
      await about.mends?.(sink);
    }
    const wanted = all.filter((seq) => !dead.includes(seq));
    await untilDelivered(tenant, wanted, dead, about.outOfTurn);
    const unanswered = sink.requests
      .filter(({ status }) => status === 0)
      .reduce((sum, { taken }) => sum + taken.length, 0);
    const repeated = sink.seqs(tenant).length - arrived(tenant).length;
    expect(repeated).toBeLessThanOrEqual(about.repeats ? unanswered : 0);
    about.also?.(sink);
  }

  beforeAll(async () => {
    const options = ({ type, about }: Row): SinkOptions => ({
      ...about.sink,
      face: faces[type],
      token: `${tokenMark}-0001`,
    });
    for (const row of rows) sinks.set(row.tenant, await Sink.start(options(row)));
    line = await openDeliveryLine([...sinks.values()].map(({ url }) => new URL(url).host));
    for (const { tenant, type } of rows) ids.set(tenant, await line.add(tenant, type, receiverOf(sinkOf(tenant))));
    await Promise.all(destinationTypes.map((type) => line.forwarder(type, scaled)));
    await publish(first);
    await Promise.all(rows.map(({ tenant }) => untilDelivered(tenant, all.slice(0, first), [])));
    for (const { about, type, tenant } of rows) await about.breaks(sinkOf(tenant), type);
    await publish(later);
    // All at once: each waits mostly for time to pass. Its test looks at what came of it.
    for (const row of rows)
      outcomes.set(
        row.tenant,
        play(row).catch((error: unknown) => error),
      );
  }, 120_000);

  afterAll(async () => Promise.all([...sinks.values()].map((sink) => sink.close())));

  it.each(rows.map((row) => [row.type, row.about.name, row.tenant] as const))(
    '%s: %s: nothing is lost, and the order holds',
    async (_type, _name, tenant) => {
      expect(await outcomes.get(tenant)).toBeUndefined();
    },
  );
});
