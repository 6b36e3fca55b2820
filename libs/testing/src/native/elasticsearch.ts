// A real Elasticsearch 9.5 on 127.0.0.1, with security and HTTPS under an authority of its own: what a tenant's cluster looks like.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { basename, join } from 'node:path';
import { createCertificateAuthority } from './certificates';
import { cacheDirectory } from './checkout';
import { runToEnd, untilReady, type Child, type Exit } from './child-process';
import type { Jdk } from './find-jdk.cjs';
import { freePort } from './free-port';
import { requireJdk, startJava } from './java';
import { classPathOf, digest, madeOnce, mavenJars } from './maven-jars';

export interface ElasticsearchOptions {
  /** Data, configuration and certificates; kept data is started again. */
  readonly home: string;
  readonly logFile?: string;
  readonly port?: number;
  readonly heapMb?: number;
  readonly settings?: Readonly<Record<string, string>>;
}

export interface ElasticsearchAccess {
  readonly url: string;
  readonly caPem: string;
  readonly username: string;
  readonly password: string;
}

export interface RunningElasticsearch {
  readonly access: ElasticsearchAccess;
  readonly child: Child;
  stop(): Promise<Exit>;
}

const sources = join(__dirname, 'elasticsearch');

/** Our launcher as a jar: a start-up cache takes no folders on the class path. */
async function launcherJar(jars: string, jdk: Jdk): Promise<string> {
  const files = readdirSync(sources).filter((file) => file.endsWith('.java'));
  const hash = digest(basename(jars), ...files.map((file) => readFileSync(join(sources, file))));
  const target = cacheDirectory('jars', `elasticsearch-launcher-${hash}`);
  await madeOnce(target, async (directory) => {
    const logFile = `${target}.log`;
    const classes = join(directory, 'classes');
    const tool = async (name: string, args: readonly string[]): Promise<void> =>
      runToEnd({ label: `${name} of the Elasticsearch launcher`, command: join(jdk.home, 'bin', name), args, logFile });
    const classPath = `${jars}/*`;
    const java = files.map((file) => join(sources, file));
    await tool('javac', ['-nowarn', '--release', '21', '-d', classes, '-cp', classPath, ...java]);
    await tool('jar', ['cf', join(directory, 'launcher.jar'), '-C', classes, '.']);
  });
  return join(target, 'launcher.jar');
}

interface Identity {
  readonly caPem: string;
  readonly password: string;
}

/** Made once per home: a node that comes back is the one its clients know. */
async function identity(home: string): Promise<Identity> {
  const config = join(home, 'config');
  const [caFile, passwordFile] = [join(config, 'ca.crt'), join(config, 'password')];
  if (!existsSync(passwordFile)) {
    mkdirSync(config, { recursive: true });
    const authority = await createCertificateAuthority('Auditlane Elasticsearch CA');
    const { key, cert } = await authority.server();
    writeFileSync(join(config, 'http.key'), key, { mode: 0o600 });
    writeFileSync(join(config, 'http.crt'), cert);
    writeFileSync(caFile, authority.pem);
    writeFileSync(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 });
  }
  return { caPem: readFileSync(caFile, 'utf8'), password: readFileSync(passwordFile, 'utf8') };
}

/** The status of an authenticated GET. */
async function status(access: ElasticsearchAccess, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(
      new URL(path, access.url),
      { ca: access.caPem, auth: `${access.username}:${access.password}`, agent: false, timeout: 5_000 },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    asked.once('timeout', () => asked.destroy(new Error('time-out')));
    asked.once('error', reject);
    asked.end();
  });
}

export async function startElasticsearch(options: ElasticsearchOptions): Promise<RunningElasticsearch> {
  // Elasticsearch 9 is compiled for Java 21.
  const jdk = requireJdk(21);
  const jars = await mavenJars('elasticsearch', join(sources, 'pom.xml'), jdk);
  const launcher = await launcherJar(jars, jdk);
  const { caPem, password } = await identity(options.home);
  const port = options.port ?? (await freePort());
  const access = { url: `https://127.0.0.1:${port}`, caPem, username: 'elastic', password };
  const settings = {
    'http.port': String(port),
    'transport.port': String(await freePort()),
    'secure:bootstrap.password': password,
    'xpack.security.enabled': 'true',
    'xpack.security.enrollment.enabled': 'false',
    'xpack.security.transport.ssl.enabled': 'false',
    'xpack.security.http.ssl.enabled': 'true',
    'xpack.security.http.ssl.key': 'http.key',
    'xpack.security.http.ssl.certificate': 'http.crt',
    'xpack.license.self_generated.type': 'basic',
    ...options.settings,
  };
  const child = startJava({
    label: 'Elasticsearch',
    jdk,
    classPath: [...classPathOf(jars), launcher],
    heapMb: options.heapMb ?? 512,
    flags: [
      '--add-modules=jdk.net,jdk.management,jdk.incubator.vector',
      '--enable-native-access=ALL-UNNAMED',
      ...(jdk.version >= 24 ? ['--sun-misc-unsafe-memory-access=allow'] : []),
    ],
    main: 'Launcher',
    args: [options.home, ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)],
    logFile: options.logFile ?? join(options.home, 'elasticsearch.log'),
    aotCache: launcher.replace(/\/launcher\.jar$/, ''),
  });
  // The security index is made on the first request that needs it; a yellow cluster can take it.
  await untilReady(
    child,
    async () => (await status(access, '/_cluster/health?wait_for_status=yellow&timeout=4s')) === 200,
    240_000,
  );
  return { access, child, stop: async () => child.stop(60_000) };
}
