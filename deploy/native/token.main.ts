// `npm run -s token -- --tenant acme --role settings-admin`: prints a bearer token of the embedded OIDC server, and nothing else.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { accountName, demoRoles, isDemoRole, isTenant, readKeys, requestToken } from '@auditlane/testing';

const usage = `npm run -s token -- --tenant <tenant> [--role ${demoRoles.join('|')}]`;

async function main(): Promise<string> {
  const { values } = parseArgs({
    options: { tenant: { type: 'string' }, role: { type: 'string', default: 'viewer' }, issuer: { type: 'string' } },
  });
  if (values.tenant === undefined || !isTenant(values.tenant))
    throw new Error(`--tenant is missing or malformed\n${usage}`);
  if (!isDemoRole(values.role)) throw new Error(`--role ${values.role} does not exist\n${usage}`);
  const issuer = values.issuer ?? process.env['AUDITLANE_OIDC_ISSUER'] ?? 'http://127.0.0.1:3100';
  const dataDir = process.env['AUDITLANE_DATA_DIR'] ?? '.auditlane';
  const keys = readKeys(join(dataDir, 'oidc'));
  const notUp = `the embedded OIDC server is not up at ${issuer}; start it with npm start`;
  if (!keys) throw new Error(`${notUp} (nothing in ${dataDir})`);
  const answer = await requestToken(issuer, keys.clientSecret, accountName(values.tenant, values.role));
  if (answer.kind === 'unreachable') throw new Error(`${notUp} (${answer.words})`);
  if (answer.kind === 'refused') throw new Error(`the OIDC server at ${issuer} gave no token: ${answer.words}`);
  return answer.token;
}

main().then(
  (token) => process.stdout.write(`${token}\n`),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
