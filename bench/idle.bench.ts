// How much memory each service takes while it has nothing to do.
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, serviceNames, startOidcServer, type ServiceName } from '@auditlane/testing';
import { verdict } from './lib/report';
import { openStage } from './lib/stage';
import { printTable, round } from './lib/table';
import { residentMb, usageOf } from './lib/usage';

const idleSeconds = Number(process.env['BENCH_SECONDS'] ?? 20);
const aimMb = (name: ServiceName): number => (name === 'query' ? 200 : 160);

export async function idle(): Promise<boolean> {
  const stage = await openStage();
  const oidc = await startOidcServer({ port: 0, dataDir: stage.file('oidc'), tenants: [] });
  try {
    const services = [];
    for (const name of serviceNames) {
      const environment = { AUDITLANE_OIDC_ISSUER: oidc.issuer, AUDITLANE_HTTP_PORT: String(await freePort()) };
      services.push({ name, child: await stage.service(name, environment) });
    }
    const before = services.map(({ child }) => usageOf(child.pid));
    await pause(idleSeconds * 1000);
    const results = services.map(({ name, child }, i) => {
      const { cpuSeconds } = usageOf(child.pid);
      const cpu = (cpuSeconds - (before[i]?.cpuSeconds ?? 0)) / idleSeconds;
      return { name, rssMb: residentMb(child.pid), cpu };
    });
    printTable(
      `idle: each service after ${idleSeconds} s without an event`,
      results.map(({ name, rssMb, cpu }) => ({
        idle: name,
        'RSS MB': round(rssMb),
        'aim MB': aimMb(name),
        'CPU %': round(cpu * 100, 1),
      })),
    );
    const over = results.filter(({ name, rssMb }) => rssMb >= aimMb(name)).map(({ name }) => name);
    return verdict('idle', over.length === 0, over.length === 0 ? 'every service is under its aim' : over.join(', '));
  } finally {
    await stage.close();
    await oidc.close();
  }
}
