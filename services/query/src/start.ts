// Connects the parts of the query service to the world, and takes them down again in order.
import { readFileSync } from 'node:fs';
import { namesWith, type DestinationType } from '@auditlane/contracts';
import type { ConfigOf } from '@auditlane/config';
import { egressFromSettings } from '@auditlane/egress';
import type { Running, Runtime } from '@auditlane/observability';
import { KeyRing } from '@auditlane/secrets';
import { createPool, showPool } from '@auditlane/storage';
import { AttemptsRepository } from './attempts/attempts.repository';
import { TokenVerifier } from './auth/token-verifier';
import { DeadLettersRepository } from './dead-letters/dead-letters.repository';
import { ConnectionTestService } from './destinations/connection-test.service';
import { DestinationsRepository } from './destinations/destinations.repository';
import { DestinationsService } from './destinations/destinations.service';
import { PreviewRepository } from './destinations/preview.repository';
import { PreviewService } from './destinations/preview.service';
import { TestLimit } from './destinations/test-limit';
import { CursorKey } from './events/domain/cursor';
import { EventsRepository } from './events/events.repository';
import type { queryDefinition } from './env';
import { createHttpApp } from './http-app';
import { QueryModule } from './query.module';
import { ReplaysRepository } from './replays/replays.repository';
import { WebhookRepository } from './webhook/webhook.repository';
import { WebhookService } from './webhook/webhook.service';

/** Every search here is one index scan; what takes longer is a fault, and must not pile up. */
const statementTimeoutMs = 5_000;
const longestConnectMs = 5_000;

export type QueryConfig = ConfigOf<typeof queryDefinition>;

export async function startQuery(runtime: Runtime<QueryConfig>): Promise<Running & { readonly port: number }> {
  const { config, logger, registry, health } = runtime;
  const pool = createPool({
    url: config.AUDITLANE_DATABASE_URL,
    max: config.AUDITLANE_DATABASE_POOL,
    applicationName: 'auditlane-query',
    statementTimeoutMs,
    onIdleError: (error) => logger.warn({ err: error }, 'an idle database connection was lost'),
  });
  showPool(registry, pool);
  health.addReadiness('database', async () => (await pool.query('select 1')).rowCount === 1);

  const keyRing = KeyRing.load(config.AUDITLANE_KEY_RING_FILE);
  const egress = egressFromSettings(config, {
    // Less than a whole request has, so that a test can say which of the two was too slow.
    connectTimeoutMs: Math.min(longestConnectMs, config.AUDITLANE_TEST_REQUEST_MS / 2),
  });
  const destinations = new DestinationsService(
    new DestinationsRepository(pool, keyRing, groupsOf(config.AUDITLANE_TOPIC_PREFIX)),
    keyRing,
    egress,
    config.AUDITLANE_DESTINATIONS_PER_TENANT,
  );
  const module = QueryModule.of({
    events: new EventsRepository(pool),
    cursorKey: new CursorKey(config.AUDITLANE_CURSOR_KEY ?? readFileSync(config.AUDITLANE_KEY_RING_FILE)),
    destinations,
    connectionTest: new ConnectionTestService(destinations, egress, {
      totalMs: config.AUDITLANE_TEST_TOTAL_MS,
      requestMs: config.AUDITLANE_TEST_REQUEST_MS,
      confirmMs: config.AUDITLANE_TEST_CONFIRM_MS,
    }),
    testLimit: new TestLimit({
      perMinute: config.AUDITLANE_TESTS_PER_MINUTE,
      atOnce: config.AUDITLANE_TESTS_AT_ONCE,
    }),
    preview: new PreviewService(new PreviewRepository(pool)),
    attempts: new AttemptsRepository(pool),
    deadLetters: new DeadLettersRepository(pool),
    replays: new ReplaysRepository(pool, config.AUDITLANE_REPLAYS_PER_TENANT),
    webhook: new WebhookService(new WebhookRepository(pool, keyRing), keyRing, egress),
  });
  const verifier = new TokenVerifier({
    issuer: config.AUDITLANE_OIDC_ISSUER,
    audience: config.AUDITLANE_OIDC_AUDIENCE,
  });
  const app = await createHttpApp(module, { verifier, logger, registry });
  await app.listen(config.AUDITLANE_HTTP_PORT, config.AUDITLANE_HTTP_HOST);
  const port = portOf(app.getHttpServer().address());
  logger.info({ host: config.AUDITLANE_HTTP_HOST, port }, 'serving the API');

  return {
    port,
    async close() {
      // Together: a connection test may wait half a minute for its receiver, and the server waits for the answer to it.
      await Promise.all([app.close(), egress.destroy()]);
      await pool.end();
    },
  };
}

/** The consumer group under which the forwarders of each type report what they have applied. */
function groupsOf(prefix: string): Record<DestinationType, string> {
  const names = namesWith(prefix);
  return {
    splunk: names.group('forwarder-splunk'),
    http: names.group('forwarder-http'),
    elasticsearch: names.group('forwarder-elasticsearch'),
  };
}

function portOf(address: unknown): number {
  if (typeof address === 'object' && address !== null && 'port' in address && typeof address.port === 'number')
    return address.port;
  throw new Error('the API has no address');
}
