// Services as processes: ready before a test goes on, their last words shown when they are not, ended with the file.
import { freshPrefix, spawnService, startService } from '@auditlane/testing';

describe('startService', () => {
  it('is ready, serves metrics, and stops in good order on SIGTERM', async () => {
    const ingestion = await startService('ingestion', { AUDITLANE_TOPIC_PREFIX: freshPrefix() });

    expect((await ingestion.metrics()).value('process_resident_memory_bytes')).toBeGreaterThan(0);
    expect(await ingestion.stop()).toEqual({ code: 0, signal: null });
    expect(ingestion.isRunning()).toBe(false);
  });

  it('shows the last words of a service that refuses to start', async () => {
    await expect(startService('ingestion', { AUDITLANE_PARTITIONS: 'many' })).rejects.toThrow(/AUDITLANE_PARTITIONS/);
  });

  it('leaves one that hangs in nobody’s way', async () => {
    const ingestion = await spawnService('ingestion', { AUDITLANE_TOPIC_PREFIX: freshPrefix() });
    ingestion.kill('SIGSTOP');

    await expect(ingestion.ready(500)).rejects.toThrow(/not ready after 500 ms/);
    expect(ingestion.isRunning()).toBe(false);
  });
});
