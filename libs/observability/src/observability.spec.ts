// Holds health, metrics and the ops server to what supervisors and Prometheus rely on.
import { Health } from './health';
import { counter, createRegistry, gauge } from './metrics';
import { startOpsServer } from './ops-server';

describe('Health', () => {
  it('is alive without asking a dependency, and ready only when every check says so', async () => {
    const health = new Health();
    health.addReadiness('database', () => Promise.reject(new Error('down')));
    health.addReadiness('group', () => true);
    expect(health.alive()).toEqual({ ok: true, failing: [] });
    expect(await health.ready()).toEqual({ ok: false, failing: ['database'] });
  });

  it('is not ready once it is stopping', async () => {
    const health = new Health();
    health.setStopping();
    expect(await health.ready()).toEqual({ ok: false, failing: ['stopping'] });
    expect(health.alive().ok).toBe(true);
  });
});

describe('metrics', () => {
  it('starts every label combination at 0', async () => {
    const registry = createRegistry('sample', 'one', '1.2.3');
    counter(registry, 'auditlane_sample_total', 'Sample', { type: ['splunk', 'http'], result: ['ok', 'failed'] });
    const text = await registry.metrics();
    expect(text).toContain('auditlane_sample_total{type="http",result="failed",service="sample"} 0');
    expect(text).toContain('version="1.2.3"');
  });

  it('leaves out the gauges that prom-client misnames', async () => {
    expect(await createRegistry('sample', 'one', '1').metrics()).not.toMatch(/nodejs_active_\w+_total/);
  });

  it('collects a gauge at the scrape', async () => {
    const registry = createRegistry('sample', 'one', '1');
    gauge(registry, 'auditlane_sample', 'Sample', [], (made) => made.set(7));
    expect(await registry.metrics()).toContain('auditlane_sample{service="sample"} 7');
  });
});

describe('the ops server', () => {
  it('answers liveness, readiness and metrics, and 404 for the rest', async () => {
    const health = new Health();
    let joined = false;
    health.addReadiness('group', () => joined);
    const server = await startOpsServer('127.0.0.1', 0, createRegistry('sample', 'one', '1'), health);
    const status = async (path: string) => (await fetch(`http://127.0.0.1:${server.port}${path}`)).status;
    try {
      expect(await status('/livez')).toBe(200);
      expect(await status('/readyz')).toBe(503);
      joined = true;
      expect(await status('/readyz')).toBe(200);
      expect(await status('/metrics')).toBe(200);
      expect(await status('/')).toBe(404);
    } finally {
      await server.close();
    }
  });
});
