// For a replay's request that a receiver has only taken in: asks until it says that the events are safe. Until then they are on their way.
import { setTimeout as delay } from 'node:timers/promises';
import type { DeliverableEvent, Verdict } from '@auditlane/destinations';
import { now } from './clock';
import type { ConfiguredDestination } from './destination';
import type { Sent } from './domain/effects';
import type { Knobs } from './domain/knobs';
import type { Sender } from './sender';

const missing: Verdict = { kind: 'retry', reason: 'acknowledgement_missing' };

export async function sendAndHear(
  sender: Sender,
  configured: ConfiguredDestination,
  events: readonly DeliverableEvent[],
  signal: AbortSignal,
  { ackPollMs, ackTimeoutMs }: Pick<Knobs, 'ackPollMs' | 'ackTimeoutMs'>,
): Promise<Sent> {
  const sent = await sender.send(configured, events, signal, 'replay');
  const waiting = new Set(sent.verdicts.flatMap((verdict) => (verdict.kind === 'accepted' ? [verdict.ackId] : [])));
  const outcome = (rest: Verdict): Sent => ({
    ...sent,
    verdicts: sent.verdicts.map((verdict): Verdict => {
      if (verdict.kind !== 'accepted') return verdict;
      return waiting.has(verdict.ackId) ? rest : { kind: 'delivered', slowDown: verdict.slowDown === true };
    }),
  });
  const deadline = now() + ackTimeoutMs;
  while (waiting.size > 0 && now() < deadline && !signal.aborted) {
    await delay(ackPollMs, undefined, { signal }).catch(() => undefined);
    const answer = await sender.poll(configured, [...waiting], signal, 'replay');
    // What was taken in before acknowledgement was switched off may have been lost with a restart: sent again, a 200 without an id is its yes.
    if (answer.kind === 'disabled') break;
    if (answer.kind === 'acknowledged') for (const ackId of answer.ackIds) waiting.delete(ackId);
    else if (answer.verdict.kind === 'park') return outcome(answer.verdict);
  }
  return outcome(missing);
}
