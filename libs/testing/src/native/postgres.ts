// A real PostgreSQL on 127.0.0.1, trusting loopback: tests and `npm start` give each service its role and no password.
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { runToEnd, startChild, untilReady, type Child, type Exit } from './child-process';
import { freePort } from './free-port';
import { postgresBinaries, serverAccount } from './postgres-binaries';

export interface PostgresOptions {
  /** Kept data is started again; an empty or missing folder is initialised. */
  readonly dataDirectory: string;
  readonly logFile: string;
  readonly port?: number;
  /** False trades the data's safety in a power cut for speed; a killed process loses nothing either way. */
  readonly durable: boolean;
  readonly settings?: Readonly<Record<string, string>>;
}

export interface RunningPostgres {
  /** As superuser, database `postgres`. */
  readonly url: string;
  readonly port: number;
  readonly child: Child;
  stop(): Promise<Exit>;
}

export async function answersQueries(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('select 1');
  await client.end();
  return true;
}

// Knows upper and lower case beyond ASCII, and needs nothing installed.
const locale = process.platform === 'linux' ? 'C.UTF-8' : 'en_US.UTF-8';

const careless = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { dataDirectory, logFile } = options;
  const account = serverAccount();
  const binaries = postgresBinaries(account);
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  if (account) chownSync(dataDirectory, account.uid, account.gid);
  // Under another account the way to the data may be closed (a checkout in /root), so the server is put into it instead of being
  // sent there: the working directory is entered before the account changes.
  const data = account ? '/proc/self/cwd' : dataDirectory;
  const common = { logFile, env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' }, cwd: dataDirectory, ...account };
  const marker = `${dataDirectory}.initialised`;
  if (!existsSync(marker)) {
    // An initdb that was interrupted leaves files that neither it nor the server would take.
    for (const left of readdirSync(dataDirectory)) rmSync(join(dataDirectory, left), { recursive: true, force: true });
    await runToEnd({
      ...common,
      label: 'PostgreSQL initdb',
      command: join(binaries, 'bin', 'initdb'),
      args: [
        `--pgdata=${data}`,
        '--username=postgres',
        '--auth=trust',
        '--encoding=UTF8',
        `--locale=${locale}`,
        ...(options.durable ? [] : ['--no-sync']),
      ],
    });
    writeFileSync(marker, '');
  }
  const port = options.port ?? (await freePort());
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    // Socket paths are limited to 107 bytes, and nobody here uses one.
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(options.durable ? {} : careless),
    ...options.settings,
  };
  const child = startChild({
    ...common,
    label: 'PostgreSQL',
    command: join(binaries, 'bin', 'postgres'),
    args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    // Fast shutdown; SIGTERM would wait for every client to leave by itself.
    stopSignal: 'SIGINT',
  });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await untilReady(child, async () => answersQueries(url), 60_000);
  return { url, port, child, stop: async () => child.stop() };
}
