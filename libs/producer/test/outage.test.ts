// The SDK and its command against a real broker, also one that goes away for a while.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  checkoutRoot,
  consumeAll,
  createTopics,
  freePort,
  freshPrefix,
  makeEvent,
  nodeBinary,
  stack,
  startKafka,
  temporaryDirectory,
} from '@auditlane/testing';
import { createAuditProducer } from '../src';

const idOf = (value: Buffer | null): unknown => {
  const parsed: { id?: unknown } = JSON.parse(String(value));
  return parsed.id;
};

it('publishes every event once acknowledged, in order per tenant, from the SDK', async () => {
  const prefix = freshPrefix();
  await createTopics(prefix);
  const producer = createAuditProducer({ brokers: stack().brokers, topicPrefix: prefix });
  const published = await Promise.all(
    Array.from({ length: 300 }, (_, i) =>
      producer.publish({
        tenantId: `tenant-${i % 3}`,
        action: 'users.user_logged_in',
        actor: { type: 'user', email: 'jane@acme.test' },
        parameters: { i },
      }),
    ),
  );
  await producer.close();
  const records = await consumeAll(`${prefix}audit.events`);
  expect(records).toHaveLength(300);
  for (const tenant of ['tenant-0', 'tenant-1', 'tenant-2']) {
    const ids = records.filter((record) => record.key?.toString() === tenant).map((record) => idOf(record.value));
    expect(ids).toEqual(published.map(({ id }) => id).filter((_, i) => `tenant-${i % 3}` === tenant));
  }
});

it('survives a broker that is not there yet, and one that goes away and comes back', async () => {
  const directory = temporaryDirectory('outage');
  const port = await freePort();
  const start = () => startKafka({ dataDirectory: join(directory.path, 'kafka'), port });
  const event = { tenantId: 'acme', action: 'users.user_logged_in', actor: { type: 'system' } } as const;
  const producer = createAuditProducer({ brokers: [`127.0.0.1:${port}`] });
  let kafka: Awaited<ReturnType<typeof start>> | undefined;
  try {
    const early = producer.publish({ ...event, id: 'early' });
    kafka = await start();
    await createTopics('', 1, [kafka.broker]);
    await expect(early).resolves.toEqual({ id: 'early' });

    kafka.child.kill('SIGKILL');
    await kafka.child.exited;
    const meanwhile = Promise.all(['a', 'b', 'c'].map((id) => producer.publish({ ...event, id })));
    kafka = await start();
    await expect(meanwhile).resolves.toEqual([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
  } finally {
    await producer.close();
    await kafka?.stop();
    directory.remove();
  }
});

it('publishes a file from the command line and says which line is refused and why', async () => {
  const prefix = freshPrefix();
  await createTopics(prefix);
  const directory = temporaryDirectory('publish');
  const file = join(directory.path, 'events.ndjson');
  const { id: _id, ...withoutId } = makeEvent();
  writeFileSync(
    file,
    [makeEvent(), '', 'not json', { ...makeEvent(), action: 'users.user_logged_im' }, withoutId]
      .map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
      .join('\n'),
  );
  const child = spawn(nodeBinary(), [join(checkoutRoot, 'dist/libs/producer/src/publish.main.js'), file], {
    env: { ...process.env, AUDITLANE_KAFKA_BROKERS: stack().brokers.join(','), AUDITLANE_TOPIC_PREFIX: prefix },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  directory.remove();
  expect({ out, code }).toEqual({ out: '2 published, 2 refused\n', code: 1 });
  expect(err).toContain('line 3: not JSON');
  expect(err).toContain(
    "line 4: not a valid audit event: action: 'users.user_logged_im' is not in the catalogue; did you mean 'users.user_logged_in'?",
  );
  expect(await consumeAll(`${prefix}audit.events`)).toHaveLength(2);
});
