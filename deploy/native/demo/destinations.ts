// Sets up each demo tenant's three destinations the way an admin would: over the API, with a bearer token.
import { join } from 'node:path';
import { z } from 'zod';
import { accountName, readKeys, requestToken } from '@auditlane/testing';
import type { NativeConfig } from '../settings';
import { collectorToken, hecToken, type Receivers } from './receivers';
import { demoTenants, type DemoTenant } from './tenants';

const listSchema = z.object({ items: z.array(z.object({ name: z.string() })) });

/** Creates what is missing by name; what an admin changed since stays as it is. */
export async function ensureDemoDestinations(config: NativeConfig, receivers: Receivers): Promise<void> {
  for (const tenant of demoTenants) {
    const call = await apiOf(config, tenant);
    const existing = listSchema.parse(await call('GET')).items.map((item) => item.name);
    for (const destination of wanted(receivers)) {
      if (existing.includes(destination.body.name)) continue;
      await call('POST', { ...destination.body, enabled: true, token: await destination.token(tenant) });
    }
  }
}

function wanted({ hec, collector, elasticsearch }: Receivers) {
  return [
    { body: { name: 'Demo Splunk', type: 'splunk', ...hec, options: {} }, token: () => Promise.resolve(hecToken) },
    {
      body: { name: 'Demo collector', type: 'http', ...collector, options: {} },
      token: () => Promise.resolve(collectorToken),
    },
    {
      body: {
        name: 'Demo Elasticsearch',
        type: 'elasticsearch',
        url: elasticsearch.url,
        caPem: elasticsearch.caPem,
        options: {},
      },
      token: (tenant: DemoTenant) => elasticsearch.createApiKey(tenant),
    },
  ];
}

async function apiOf(
  config: NativeConfig,
  tenant: DemoTenant,
): Promise<(method: 'GET' | 'POST', body?: unknown) => Promise<unknown>> {
  const issuer = `http://127.0.0.1:${config.AUDITLANE_OIDC_PORT}`;
  const keys = readKeys(join(config.AUDITLANE_DATA_DIR, 'oidc'));
  if (!keys) throw new Error('the embedded OIDC server has left no keys');
  const answer = await requestToken(issuer, keys.clientSecret, accountName(tenant, 'settings-admin'));
  if (answer.kind !== 'token') throw new Error(`no token for ${tenant}: ${answer.words}`);
  return async (method, body) => {
    const response = await fetch(`http://127.0.0.1:${config.AUDITLANE_HTTP_PORT}/api/v1/destinations`, {
      method,
      headers: { authorization: `Bearer ${answer.token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!response.ok)
      throw new Error(`${method} destinations of ${tenant}: ${response.status} ${await response.text()}`);
    return response.json();
  };
}
