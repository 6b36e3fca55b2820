// A route that forgot to say who may call it is closed to everybody: with the best token there is, as without one.
import { Controller, Get, Module } from '@nestjs/common';
import { startOidcServer, temporaryDirectory } from '@auditlane/testing';
import { createLogger, createRegistry } from '@auditlane/observability';
import { TokenVerifier } from '../src/auth/token-verifier';
import { Access } from '../src/auth/access';
import { createHttpApp } from '../src/http-app';

@Controller('planted')
class PlantedController {
  @Get('forgotten')
  forgotten(): string {
    return 'secret';
  }

  @Get('declared')
  @Access('operator')
  declared(): string {
    return 'shown';
  }
}

@Module({})
class PlantedModule {}

it('refuses a route without a declared role to everybody, and lets in where one is declared', async () => {
  const directory = temporaryDirectory('undeclared');
  const oidc = await startOidcServer({ port: 0, dataDir: directory.path, tenants: [] });
  const app = await createHttpApp(
    { module: PlantedModule, controllers: [PlantedController] },
    {
      verifier: new TokenVerifier({ issuer: oidc.issuer, audience: 'auditlane' }),
      logger: createLogger('query', 'test', 'fatal'),
      registry: createRegistry('query', 'test', '0'),
    },
  );
  try {
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const get = async (route: string, role?: 'settings-admin' | 'operator') => {
      const headers = role === undefined ? {} : { authorization: `Bearer ${await oidc.token('acme', role)}` };
      const response = await fetch(`${url}/api/v1/planted/${route}`, { headers });
      const body = await response.text();
      return { status: response.status, shown: body.includes('secret') || body.includes('shown') };
    };
    expect(await get('forgotten')).toEqual({ status: 401, shown: false });
    expect(await get('forgotten', 'settings-admin')).toEqual({ status: 403, shown: false });
    expect(await get('forgotten', 'operator')).toEqual({ status: 403, shown: false });
    expect(await get('declared', 'operator')).toEqual({ status: 200, shown: true });
  } finally {
    await app.close();
    await oidc.close();
    directory.remove();
  }
});
