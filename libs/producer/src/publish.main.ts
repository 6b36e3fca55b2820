// `npm run -s publish -- events.ndjson` (or `-` for standard input): publishes one event a line and says of each refused line why.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { defineConfig, kafkaSettings, loadConfig } from '@auditlane/config';
import { createAuditProducer } from './create-audit-producer';

const usage = 'usage: npm run -s publish -- FILE.ndjson   (or - for standard input; one JSON event a line)\n';
/** Events on their way at once: enough to fill requests, little enough to stay small. */
const outstandingLimit = 5_000;

async function main(): Promise<number> {
  const [file, ...rest] = process.argv.slice(2);
  if (!file || rest.length > 0) {
    process.stderr.write(usage);
    return 2;
  }
  const config = loadConfig(defineConfig('publish', kafkaSettings));
  const producer = createAuditProducer({
    brokers: config.AUDITLANE_KAFKA_BROKERS,
    topicPrefix: config.AUDITLANE_TOPIC_PREFIX,
    queueLimit: outstandingLimit * 2,
  });
  const counts = { published: 0, refused: 0 };
  const outstanding = new Set<Promise<void>>();
  let line = 0;
  for await (const text of createInterface({ input: file === '-' ? process.stdin : createReadStream(file) })) {
    line += 1;
    if (text.trim() === '') continue;
    const at = line;
    const publishing: Promise<void> = parse(text)
      .then((candidate) => producer.publishUnchecked(candidate))
      .then(
        () => void (counts.published += 1),
        (error: unknown) => {
          counts.refused += 1;
          process.stderr.write(`line ${at}: ${error instanceof Error ? error.message : String(error)}\n`);
        },
      )
      .finally(() => outstanding.delete(publishing));
    outstanding.add(publishing);
    if (outstanding.size >= outstandingLimit) await Promise.race(outstanding);
  }
  await Promise.all(outstanding);
  await producer.close();
  process.stdout.write(`${counts.published} published, ${counts.refused} refused\n`);
  return counts.refused === 0 ? 0 : 1;
}

async function parse(text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`not JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

main().then(
  (code) => void (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
