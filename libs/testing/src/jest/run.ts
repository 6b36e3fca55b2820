// One test run: what it started, how test files find it, and how all of it goes again.
import { execFileSync } from 'node:child_process';
import { checkoutRoot, nodeBinary } from '../native/checkout';
import type { ElasticsearchAccess } from '../native/elasticsearch';
import { startRunServer } from './run-server';
import { provideElasticsearch, provideKafka, providePostgres, type Part } from './run-stack';
import { secretsInFiles } from '../secrets-scan';
import { createTemplateDatabase } from './template-database';

const disposals: (() => Promise<void>)[] = [];
/** What is left on disk when all tests have ended: every record that was produced, every line that a server logged. */
const remains: { readonly what: string; readonly directory: string; readonly ending: string }[] = [];

function build(): void {
  // `npm test` has built already.
  if (process.env['AUDITLANE_TEST_BUILT'] !== undefined) return;
  const npm = process.env['npm_execpath'];
  const command = npm === undefined ? 'npm' : nodeBinary();
  const args = npm === undefined ? [] : [npm];
  execFileSync(command, [...args, 'run', '-s', 'build'], {
    cwd: checkoutRoot,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

/** Starts on the first request; all others get the same. */
function sharedElasticsearchOnce(): () => Promise<ElasticsearchAccess> {
  let part: Promise<Part<ElasticsearchAccess>> | undefined;
  disposals.push(async () => {
    await (await part)?.dispose();
  });
  return async () => {
    part ??= provideElasticsearch();
    return (await part).address;
  };
}

async function startParts(): Promise<void> {
  build();
  const [kafka, postgres] = await Promise.allSettled([provideKafka(), providePostgres()]);
  for (const part of [kafka, postgres])
    if (part.status === 'fulfilled') disposals.push(async () => part.value.dispose());
  if (kafka.status === 'rejected') throw kafka.reason;
  if (postgres.status === 'rejected') throw postgres.reason;

  if (kafka.value.directory !== undefined) {
    remains.push({ what: 'Kafka', directory: kafka.value.directory, ending: '.log' });
    process.env['AUDITLANE_TEST_KAFKA_DATA'] = kafka.value.directory;
  }
  if (postgres.value.directory !== undefined)
    remains.push({ what: "PostgreSQL's log", directory: postgres.value.directory, ending: 'postgres.log' });
  const template = await createTemplateDatabase(postgres.value.address);
  disposals.push(async () => template.drop());
  const server = await startRunServer({ elasticsearch: sharedElasticsearchOnce() });
  disposals.push(async () => server.close());

  process.env['AUDITLANE_TEST_KAFKA'] = kafka.value.address;
  process.env['AUDITLANE_TEST_POSTGRES'] = postgres.value.address;
  process.env['AUDITLANE_TEST_TEMPLATE'] = template.name;
  process.env['AUDITLANE_TEST_RUN'] = server.url;
}

/** No token of any test may have reached a record or a log: the databases and the services' logs are looked at by each file itself. */
export async function endRun(): Promise<void> {
  const found = remains.splice(0).flatMap(({ what, directory, ending }) => {
    const files = secretsInFiles(directory, ending);
    return files.length === 0 ? [] : [`${what}: ${files.join(', ')}`];
  });
  await disposeRun();
  if (found.length > 0) throw new Error(`secrets were written where none may be: ${found.join('; ')}`);
}

/** Everything started goes in the opposite order; one failure does not keep the rest alive. */
export async function disposeRun(): Promise<void> {
  const failures: unknown[] = [];
  for (const dispose of disposals.splice(0).toReversed())
    await dispose().catch((error: unknown) => {
      failures.push(error);
    });
  if (failures.length > 0) throw new AggregateError(failures, 'parts of the test run could not be disposed');
}

export async function startRun(): Promise<void> {
  try {
    await startParts();
  } catch (error) {
    await disposeRun();
    throw error;
  }
}
