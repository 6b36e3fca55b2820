// The SDK's one object: takes events at any rate, sends them in batches without waiting on purpose, and tells of each what became of it.
import type { OutgoingRecord } from '@auditlane/contracts';
import { namesWith } from '@auditlane/contracts';
import { prepareEvent, type NewAuditEvent, type PreparedEvent } from './prepare-event';

/** What carries records to Kafka; resolves when the brokers have acknowledged every one of them. */
export interface Transport {
  connect(): Promise<void>;
  send(records: readonly OutgoingRecord[]): Promise<void>;
  disconnect(): Promise<void>;
}

export interface AuditProducerOptions {
  readonly transport: Transport;
  readonly topicPrefix?: string;
  /** How long a publish may take before its promise is rejected; must outlive the outages that you want to survive. Default two minutes. */
  readonly deliveryTimeoutMs?: number;
  /** Events that may wait for the broker; one more is refused with `QueueFullError`. Default 10,000. */
  readonly queueLimit?: number;
}

/** The broker did not acknowledge in time. The event may still arrive: publishing it again under the same id is safe. */
export class DeliveryTimeoutError extends Error {
  constructor(
    readonly eventId: string,
    afterMs: number,
    cause: unknown,
  ) {
    super(`audit event ${eventId} was not acknowledged within ${afterMs} ms; publish it again with the same id`, {
      cause,
    });
    this.name = 'DeliveryTimeoutError';
  }
}

/** More events are waiting than the queue may hold: slow down, or give the producer a larger `queueLimit`. */
export class QueueFullError extends Error {
  constructor(limit: number) {
    super(`${limit} audit events are waiting for the broker already; await earlier publishes before you publish more`);
    this.name = 'QueueFullError';
  }
}

export class ProducerClosedError extends Error {
  constructor() {
    super('this producer was closed');
    this.name = 'ProducerClosedError';
  }
}

export interface Published {
  /** The idempotency key under which the event is stored. */
  readonly id: string;
}

interface Waiting {
  readonly event: PreparedEvent;
  readonly record: OutgoingRecord;
  readonly deadline: number;
  settled: boolean;
  readonly resolve: (published: Published) => void;
  readonly reject: (error: Error) => void;
}

/** A request carries at most this many events; what queues up meanwhile goes into the next. */
const batchLimit = 1_000;
const retryBaseMs = 200;
const retryCapMs = 5_000;

export class AuditProducer {
  private readonly queue: Waiting[] = [];
  private readonly topic: string;
  private readonly deliveryTimeoutMs: number;
  private readonly queueLimit: number;
  private pump: Promise<void> | undefined;
  private connected = false;
  private closed = false;

  constructor(private readonly options: AuditProducerOptions) {
    this.topic = namesWith(options.topicPrefix ?? '').topic('events');
    this.deliveryTimeoutMs = options.deliveryTimeoutMs ?? 120_000;
    this.queueLimit = options.queueLimit ?? 10_000;
  }

  /**
   * Resolves once the brokers have acknowledged the event.
   * @throws InvalidAuditEventError (nothing was sent), QueueFullError (nothing was sent), DeliveryTimeoutError, ProducerClosedError
   */
  publish(event: NewAuditEvent): Promise<Published> {
    return this.publishUnchecked(event);
  }

  /** As `publish`, for events whose shape the compiler does not know (read from a file, say). */
  publishUnchecked(candidate: unknown): Promise<Published> {
    if (this.closed) return Promise.reject(new ProducerClosedError());
    if (this.queue.length >= this.queueLimit) return Promise.reject(new QueueFullError(this.queueLimit));
    let event: PreparedEvent;
    try {
      event = prepareEvent(candidate, new Date());
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
    const record: OutgoingRecord = {
      topic: this.topic,
      key: event.tenantId,
      value: Buffer.from(JSON.stringify(event)),
      headers: { 'content-type': 'application/json' },
    };
    return new Promise((resolve, reject) => {
      this.queue.push({
        event,
        record,
        deadline: performance.now() + this.deliveryTimeoutMs,
        settled: false,
        resolve,
        reject,
      });
      this.pump ??= this.drain();
    });
  }

  /** Sends what is waiting (each event until its own deadline), then disconnects. */
  async close(): Promise<void> {
    this.closed = true;
    await this.pump;
    if (this.connected) await this.options.transport.disconnect();
  }

  private async drain(): Promise<void> {
    let failures = 0;
    while (this.queue.length > 0) {
      const batch = this.queue.slice(0, batchLimit);
      const attempt = await this.attempt(batch);
      if (attempt.ok) {
        failures = 0;
        for (const waiting of batch) settle(waiting, () => waiting.resolve({ id: waiting.event.id }));
      } else {
        failures += 1;
        this.expire(batch, attempt.error);
        await pause(Math.min(retryCapMs, retryBaseMs * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2));
      }
      const remaining = this.queue.filter((waiting) => !waiting.settled);
      this.queue.splice(0, this.queue.length, ...remaining);
    }
    // In the same turn as the look at the queue: whoever publishes next must not rely on a drain that has ended.
    this.pump = undefined;
  }

  /** One try; it ends at the first deadline in the batch at the latest, also where the transport still waits for a broker. */
  private async attempt(batch: readonly Waiting[]): Promise<{ ok: true } | { ok: false; error: unknown }> {
    const firstDeadline = Math.min(...batch.map((waiting) => waiting.deadline));
    const sending = this.send(batch.map((waiting) => waiting.record));
    const abandoned = new AbortController();
    const expiry = pause(Math.max(0, firstDeadline - performance.now()), abandoned.signal).then(() => {
      throw new Error('the broker has not answered yet');
    });
    try {
      await Promise.race([sending, expiry]);
      return { ok: true };
    } catch (error) {
      return { ok: false, error };
    } finally {
      abandoned.abort();
      expiry.catch(() => undefined);
      sending.catch(() => undefined);
    }
  }

  private async send(records: readonly OutgoingRecord[]): Promise<void> {
    if (!this.connected) {
      await this.options.transport.connect();
      this.connected = true;
    }
    await this.options.transport.send(records);
  }

  private expire(batch: readonly Waiting[], cause: unknown): void {
    const now = performance.now();
    for (const waiting of batch) {
      if (waiting.deadline <= now) {
        settle(waiting, () =>
          waiting.reject(new DeliveryTimeoutError(waiting.event.id, this.deliveryTimeoutMs, cause)),
        );
      }
    }
  }
}

function settle(waiting: Waiting, how: () => void): void {
  waiting.settled = true;
  how();
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}
