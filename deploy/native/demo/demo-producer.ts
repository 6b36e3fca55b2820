// Keeps the demo alive: a week of history at the first start, then an event every now and then for each tenant.
import { createAuditProducer } from '@auditlane/producer';
import { believableEvent } from './believable-event';
import { demoTenants } from './tenants';

const historyDays = 7;
const historyEvents = 100;

export interface DemoProducer {
  close(): Promise<void>;
}

/** `withHistory` publishes the past week first; resolves once that is acknowledged. */
export async function startDemoProducer(broker: string, withHistory: boolean, everyMs: number): Promise<DemoProducer> {
  const producer = createAuditProducer({ brokers: [broker], clientId: 'auditlane-demo' });
  if (withHistory) {
    const now = Date.now();
    const times = Array.from({ length: historyEvents }, () => now - Math.random() * historyDays * 86_400_000).sort(
      (a, b) => a - b,
    );
    await Promise.all(
      times.flatMap((time) =>
        demoTenants.map((tenant) => producer.publish(believableEvent(tenant, new Date(time), Math.random))),
      ),
    );
  }
  const timer = setInterval(() => {
    for (const tenant of demoTenants) {
      producer.publish(believableEvent(tenant, new Date(), Math.random)).catch((error: unknown) => {
        process.stderr.write(`demo producer: ${error instanceof Error ? error.message : String(error)}\n`);
      });
    }
  }, everyMs);
  return {
    async close() {
      clearInterval(timer);
      await producer.close();
    },
  };
}
