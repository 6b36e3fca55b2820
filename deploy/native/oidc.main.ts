// Runs the embedded OIDC server as a process of its own, for `npm start` and for trying out the API.
import { join } from 'node:path';
import { z } from 'zod';
import { defineConfig, integerSetting, listSetting, loadConfig } from '@auditlane/config';
import { tenantIdSchema } from '@auditlane/contracts';
import { startOidcServer } from '@auditlane/testing';

const definition = defineConfig('oidc', {
  AUDITLANE_OIDC_PORT: integerSetting(0, 65_535, 3100, 'Port of the embedded OIDC server, on 127.0.0.1'),
  AUDITLANE_DATA_DIR: z
    .string()
    .default('.auditlane')
    .meta({ description: 'Folder of everything that npm start keeps' }),
  AUDITLANE_OIDC_AUDIENCE: z.string().default('auditlane').meta({ description: 'Audience of the access tokens' }),
  AUDITLANE_OIDC_TENANTS: listSetting(tenantIdSchema)
    .default(['acme'])
    .meta({ description: 'Tenants whose demo accounts the sign-in page offers, separated by commas' }),
  AUDITLANE_PAGE_ORIGIN: z
    .url()
    .default('http://127.0.0.1:3000')
    .meta({ description: 'Where the admin page is served; sign-ins return there and nowhere else' }),
});

async function main(): Promise<void> {
  const config = loadConfig(definition);
  const server = await startOidcServer({
    port: config.AUDITLANE_OIDC_PORT,
    dataDir: join(config.AUDITLANE_DATA_DIR, 'oidc'),
    tenants: config.AUDITLANE_OIDC_TENANTS,
    audience: config.AUDITLANE_OIDC_AUDIENCE,
    pageOrigin: config.AUDITLANE_PAGE_ORIGIN,
  });
  process.stdout.write(`${JSON.stringify({ msg: 'oidc server is up', issuer: server.issuer })}\n`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => void server.close().then(() => process.exit(0)));
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
