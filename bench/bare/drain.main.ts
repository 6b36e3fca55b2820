// The limit that a forwarder is held against: kafkajs (or a page of rows) → raw bytes spliced into the HEC envelope → undici. One request in
// flight for each tenant, the same TLS and the same batch limits; no repeats known, no gaps seen, no verdicts, no time-outs, no lanes, nothing parked.
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { Kafka, logLevel, type IHeaders } from 'kafkajs';
import { Pool as Database } from 'pg';
import { Pool } from 'undici';

const {
  AUDITLANE_KAFKA_BROKERS = '',
  AUDITLANE_DATABASE_URL = '',
  BENCH_SOURCE = 'kafka',
  BENCH_FROM = '',
  BENCH_SINK = '',
  BENCH_SINK_CA = '',
  BENCH_SINK_TOKEN = '',
  BENCH_GZIP = '',
  BENCH_TENANTS = '',
} = process.env;

const maxEvents = 500;
const maxBytes = 1_000_000;
const gzipAsync = promisify(gzip);
const sink = new Pool(BENCH_SINK, { connections: 48, pipelining: 1, connect: { ca: BENCH_SINK_CA } });

interface Piece {
  readonly before: string;
  readonly value: Buffer;
  readonly after: string;
}

function envelope(
  value: Buffer,
  occurredAt: number,
  facts: { tenant: string; id: string; seq: string; action: string; area: string; category: string },
): Piece {
  return {
    before: `{"time":${(occurredAt / 1000).toFixed(3)},"source":"auditlane","sourcetype":"auditlane:event","event":`,
    value,
    after: `,"fields":{"tenant":"${facts.tenant}","event_id":"${facts.id}","seq":"${facts.seq}","action":"${facts.action}","area":"${facts.area}","category":"${facts.category}"}}\n`,
  };
}

async function post(pieces: readonly Piece[]): Promise<void> {
  let length = 0;
  for (const { before, value, after } of pieces) length += before.length + value.length + after.length;
  const plain = Buffer.allocUnsafe(length);
  let at = 0;
  for (const { before, value, after } of pieces) {
    at += plain.write(before, at, 'latin1');
    at += value.copy(plain, at);
    at += plain.write(after, at, 'latin1');
  }
  const body = BENCH_GZIP === '' ? plain : await gzipAsync(plain, { level: constants.Z_BEST_SPEED });
  const answer = await sink.request({
    method: 'POST',
    path: '/services/collector/event',
    headers: {
      authorization: `Splunk ${BENCH_SINK_TOKEN}`,
      'content-type': 'application/json',
      ...(BENCH_GZIP === '' ? {} : { 'content-encoding': 'gzip' }),
    },
    body,
  });
  await answer.body.dump();
  if (answer.statusCode !== 200) throw new Error(`the sink answered ${answer.statusCode}`);
}

/** In order, one request after the other. */
async function postAll(pieces: readonly Piece[]): Promise<void> {
  let from = 0;
  while (from < pieces.length) {
    let to = from;
    for (let bytes = 0; to < pieces.length && to - from < maxEvents; to++) {
      bytes += (pieces[to]?.value.length ?? 0) + 300;
      if (bytes > maxBytes) break;
    }
    await post(pieces.slice(from, to));
    from = to;
  }
}

const text = (headers: IHeaders, name: string): string => String(headers[name]);

async function drainTopic(): Promise<void> {
  const kafka = new Kafka({
    clientId: 'bare',
    brokers: AUDITLANE_KAFKA_BROKERS.split(','),
    logLevel: logLevel.NOTHING,
  });
  const consumer = kafka.consumer({ groupId: `bare-${BENCH_FROM}` });
  await consumer.connect();
  await consumer.subscribe({ topic: BENCH_FROM, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: 12,
    async eachBatch(payload) {
      const { batch } = payload;
      const lanes = new Map<string, Piece[]>();
      for (const { value, headers = {} } of batch.messages) {
        if (!value) continue;
        const tenant = text(headers, 'tenant');
        const piece = envelope(value, Number(text(headers, 'occurredAt')), {
          tenant,
          id: text(headers, 'id'),
          seq: text(headers, 'seq'),
          action: text(headers, 'action'),
          area: text(headers, 'area'),
          category: text(headers, 'category'),
        });
        const lane = lanes.get(tenant);
        if (lane) lane.push(piece);
        else lanes.set(tenant, [piece]);
      }
      await Promise.all([...lanes.values()].map(postAll));
      payload.resolveOffset(batch.lastOffset());
      await consumer.commitOffsets([
        { topic: batch.topic, partition: batch.partition, offset: String(Number(batch.lastOffset()) + 1) },
      ]);
      await payload.heartbeat();
    },
  });
}

interface Row {
  readonly seq: string;
  readonly event_id: string;
  readonly action: string;
  readonly area: string;
  readonly category: string;
  readonly occurred_ms: string;
  readonly canonical: string;
}

const page = `
  select seq, event_id, action, area, category, (extract(epoch from occurred_at) * 1000)::bigint as occurred_ms, canonical
  from audit.events where tenant_id = $1 and seq > $2 order by tenant_id, seq limit ${maxEvents}`;

async function drainTable(): Promise<void> {
  const database = new Database({ connectionString: AUDITLANE_DATABASE_URL, max: 10 });
  const drainTenant = async (tenant: string): Promise<void> => {
    for (let seq = '0'; ;) {
      const { rows } = await database.query<Row>({ name: 'page', text: page, values: [tenant, seq] });
      const last = rows.at(-1);
      if (!last) return;
      await postAll(
        rows.map((row) =>
          envelope(Buffer.from(row.canonical), Number(row.occurred_ms), { ...row, tenant, id: row.event_id }),
        ),
      );
      seq = last.seq;
    }
  };
  await Promise.all(BENCH_TENANTS.split(',').map(drainTenant));
  // Stays, so that what it used can still be read.
  setInterval(() => undefined, 60_000);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
(BENCH_SOURCE === 'kafka' ? drainTopic() : drainTable()).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
