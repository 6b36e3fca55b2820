// The signature is held to the specification's own library, which receivers use.
import * as fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { newWebhookSecret, signWebhook, webhookRequest } from './webhook';

describe('a signed webhook', () => {
  it('is what the library of the specification verifies and computes, for every text', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.string({ unit: 'grapheme' }), (id, text) => {
        const secret = newWebhookSecret();
        const body = JSON.stringify({ text });
        const now = Date.now();
        const headers = signWebhook(secret, { id, body }, now);
        const library = new Webhook(secret);
        expect(library.verify(body, headers)).toEqual({ text });
        expect(library.sign(id, new Date(now), body)).toBe(headers['webhook-signature']);
        expect(() => library.verify(`${body} `, headers)).toThrow(/No matching signature/);
      }),
    );
  });

  it('carries the time of its try, so that an old one is refused as a replay', () => {
    const secret = newWebhookSecret();
    const hourAgo = signWebhook(secret, { id: 'm', body: '{}' }, Date.now() - 3_600_000);
    expect(() => new Webhook(secret).verify('{}', hourAgo)).toThrow(/too old/);
  });

  it('has a secret of 32 random bytes in the form that receivers know', () => {
    const secret = newWebhookSecret();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(newWebhookSecret()).not.toBe(secret);
  });

  it('never has its secret in the request', () => {
    const secret = newWebhookSecret();
    const request = webhookRequest('https://hooks.acme.test', secret, { id: 'm', body: '{}' }, 0);
    expect(JSON.stringify(request)).not.toContain(secret.slice(6, 30));
  });
});
