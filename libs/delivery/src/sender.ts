// Sends one request and hears the verdict on each of its events. Nothing here throws for what a receiver does.
import {
  judgeFailure,
  type DeliverableEvent,
  type OutboundRequest,
  type PollAnswer,
  type Verdict,
} from '@auditlane/destinations';
import type { Egress } from '@auditlane/egress';
import { crashPoint } from '@auditlane/observability';
import type { ConfiguredDestination, DestinationUse } from './destination';
import type { Exchange, Sent } from './domain/effects';
import type { DeliveryMetrics } from './metrics';

export class Sender {
  constructor(
    private readonly egress: Egress,
    private readonly metrics: DeliveryMetrics,
    /** Cuts short what a type gives its receivers. */
    private readonly longestMs = Infinity,
  ) {}

  async send(
    configured: ConfiguredDestination,
    events: readonly DeliverableEvent[],
    signal: AbortSignal,
    use: DestinationUse = 'lane',
  ): Promise<Sent> {
    const opening = configured.open(use);
    if (!opening.ok) return this.forAll(events, opening.verdict);
    const { destination } = opening;
    const request = destination.encode(events);
    // Lanes reckon with estimates; a body that became too large is halved without asking the receiver.
    if (request.body.length > destination.limits.bytes && events.length > 1) {
      return this.forAll(events, { kind: 'split', reason: 'receiver_refused_size' });
    }
    const startedAt = performance.now();
    const result = await this.request(configured, request, signal);
    this.metrics.requestSeconds.observe((performance.now() - startedAt) / 1000);
    const bytes = request.body.length;
    if (result.kind === 'failure') {
      return this.forAll(events, judgeFailure(result), { bytes: result.sent ? bytes : 0, words: result.words });
    }
    if (result.response.status === 200) crashPoint('delivery.afterSend');
    const verdicts = destination.judge(result.response, events);
    this.metrics.judged(verdicts);
    const { response } = result;
    return { verdicts, exchange: { status: response.status, bytes, words: destination.said(response) } };
  }

  /** Asks what is safe with the receiver; nothing but its own yes counts. */
  async poll(
    configured: ConfiguredDestination,
    ackIds: readonly number[],
    signal: AbortSignal,
    use: DestinationUse = 'lane',
  ): Promise<PollAnswer> {
    const opening = configured.open(use);
    if (!opening.ok) return { kind: 'refused', verdict: opening.verdict };
    const { acknowledgement } = opening.destination;
    if (!acknowledgement) return { kind: 'disabled' };
    const result = await this.request(configured, acknowledgement.poll(ackIds), signal);
    if (result.kind === 'failure') return { kind: 'refused', verdict: judgeFailure(result) };
    crashPoint('delivery.afterPoll');
    return acknowledgement.judge(result.response, ackIds);
  }

  private request(configured: ConfiguredDestination, request: OutboundRequest, signal: AbortSignal) {
    const target = { destinationId: configured.id, configVersion: configured.version, caPem: configured.row.ca_pem };
    const timeoutMs = Math.min(request.timeoutMs, this.longestMs);
    return this.egress.request(target, { ...request, timeoutMs }, signal);
  }

  private forAll(events: readonly DeliverableEvent[], verdict: Verdict, exchange?: Exchange): Sent {
    const verdicts = Array.from({ length: events.length }, () => verdict);
    this.metrics.judged(verdicts);
    return exchange ? { verdicts, exchange } : { verdicts };
  }
}
