// The limit that persistence is held against: one unnest insert a batch and the produce, no dedupe, no sequence, no epoch, no quarantine.
import { Kafka, logLevel, type Message } from 'kafkajs';
import { Pool } from 'pg';
import { decodeAcceptedHeaders, encodeStoredHeaders, type AcceptedHeaders } from '@auditlane/contracts';

const { AUDITLANE_KAFKA_BROKERS = '', BENCH_FROM = '', BENCH_TO = '', AUDITLANE_DATABASE_URL = '' } = process.env;
const requestBytes = 900_000;

const table = `
  create schema if not exists bare;
  create table if not exists bare.events (tenant_id text, seq bigint, event_id text, received_at timestamptz, occurred_at timestamptz, area text,
    action text, category text, workspace text, actor text, parameters jsonb, details text, canonical text, primary key (tenant_id, seq));
  create index if not exists events_newest on bare.events (tenant_id, occurred_at desc, seq desc);
  truncate bare.events`;

const insert = `
  insert into bare.events (tenant_id, seq, event_id, received_at, occurred_at, area, action, category, workspace, actor, parameters, details, canonical)
  select * from unnest($1::text[], $2::bigint[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::jsonb[], $12::text[], $13::text[])`;

interface Parsed {
  readonly parameters?: unknown;
  readonly details?: string;
}

async function main(): Promise<void> {
  const pool = new Pool({ connectionString: AUDITLANE_DATABASE_URL, max: 12 });
  await pool.query(table);
  const kafka = new Kafka({
    clientId: 'bare',
    brokers: AUDITLANE_KAFKA_BROKERS.split(','),
    logLevel: logLevel.NOTHING,
  });
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  const consumer = kafka.consumer({ groupId: `bare-${BENCH_TO}` });
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topic: BENCH_FROM, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: 12,
    async eachBatch(payload) {
      const { batch } = payload;
      const rows = batch.messages.flatMap((message) => {
        const headers = decodeAcceptedHeaders(message.headers ?? {});
        return headers && message.value ? [{ headers, value: message.value, offset: Number(message.offset) }] : [];
      });
      const column = <T>(pick: (headers: AcceptedHeaders) => T): T[] => rows.map((row) => pick(row.headers));
      const texts = rows.map((row) => row.value.toString('utf8'));
      const parsed = texts.map((text): Parsed => JSON.parse(text));
      await pool.query({
        name: 'insert',
        text: insert,
        values: [
          column((h) => h.tenant),
          rows.map((row) => row.offset),
          column((h) => h.id),
          column((h) => new Date(h.receivedAt)),
          column((h) => new Date(h.occurredAt)),
          column((h) => h.area),
          column((h) => h.action),
          column((h) => h.category),
          column((h) => h.workspace),
          column((h) => h.actor),
          parsed.map((event) => JSON.stringify(event.parameters)),
          parsed.map((event) => event.details ?? null),
          texts,
        ],
      });
      let messages: Message[] = [];
      let bytes = 0;
      const flush = async (): Promise<void> => {
        if (messages.length > 0) await producer.send({ topic: BENCH_TO, acks: -1, messages });
        messages = [];
        bytes = 0;
      };
      for (const { headers, value, offset } of rows) {
        bytes += value.length + 400;
        if (bytes > requestBytes) await flush();
        const out = { ...encodeStoredHeaders({ ...headers, seq: offset, acceptedOffset: offset }) };
        messages.push({ key: headers.tenant, value, headers: out, partition: batch.partition });
      }
      await flush();
      payload.resolveOffset(batch.lastOffset());
      await consumer.commitOffsets([
        { topic: batch.topic, partition: batch.partition, offset: String(Number(batch.lastOffset()) + 1) },
      ]);
      await payload.heartbeat();
    },
  });
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
