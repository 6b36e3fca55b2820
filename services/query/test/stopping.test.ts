// A stop waits for nobody's receiver.
import { eventually, scripts, Sink } from '@auditlane/testing';
import { startQueryUnderTest } from './query-service';

it('ends a connection test that hangs, answers it, and exits with 0', async () => {
  const sink = await Sink.start({ face: 'hec' });
  const query = await startQueryUnderTest({ AUDITLANE_EGRESS_ALLOW: `127.0.0.1:${sink.port}` });
  try {
    sink.always(scripts.hang());
    const answer = query.call('/api/v1/destinations/test', {
      method: 'POST',
      as: ['acme', 'settings-admin'],
      json: { type: 'splunk', url: sink.url, token: sink.token, caPem: sink.caPem },
    });
    await eventually(() => sink.requests.length > 0);
    const exit = await query.service.stop();
    expect(exit.code).toBe(0);
    expect((await answer).body).toMatchObject({ ok: false });
  } finally {
    await query.stop();
    await sink.close();
  }
});
