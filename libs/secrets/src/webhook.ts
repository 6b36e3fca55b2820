// A tenant's webhook: its secret, and the request that is signed with it, by the Standard Webhooks specification 1.0.0.
import { createHmac, randomBytes } from 'node:crypto';
import type { SecretPlace } from './sealed-secret';

const prefix = 'whsec_';
const secretBytes = 32;

export const webhookPlace = (tenant: string, version: number): SecretPlace => ({
  tenant,
  destination: 'webhook',
  field: 'secret',
  version,
});

/** Shown once, when it is made. */
export function newWebhookSecret(): string {
  return prefix + randomBytes(secretBytes).toString('base64');
}

export interface WebhookMessage {
  /** The same in every try: a receiver knows a repeat by it. */
  readonly id: string;
  readonly body: string;
}

/** Of this try: the time in the signature is when it is made, not when the message was written. */
export function signWebhook(
  secret: string,
  { id, body }: WebhookMessage,
  nowMs: number,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const timestamp = String(Math.floor(nowMs / 1000));
  const key = Buffer.from(secret.startsWith(prefix) ? secret.slice(prefix.length) : secret, 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

const timeoutMs = 15_000;
const maxAnswerBytes = 4_096;

/** As libs/egress sends it. */
export function webhookRequest(url: string, secret: string, message: WebhookMessage, nowMs: number) {
  return {
    method: 'POST' as const,
    url,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'auditlane',
      ...signWebhook(secret, message, nowMs),
    },
    body: Buffer.from(message.body),
    timeoutMs,
    maxAnswerBytes,
  };
}
