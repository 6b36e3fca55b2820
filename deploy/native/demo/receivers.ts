// The receivers of the demo: a Splunk HEC, an HTTPS collector (both the scriptable sink) and a real Elasticsearch, each with a CA of its own.
import { join } from 'node:path';
import { Client } from '@elastic/elasticsearch';
import { certificatesFromFile, startElasticsearch, type Child } from '@auditlane/testing';
import { startProgram } from '../processes';
import { step } from '../progress';
import type { NativeConfig } from '../settings';

/** Only what these demo receivers on the loopback take as token. */
export const hecToken = '11111111-2222-4333-8444-555555555555';
export const collectorToken = 'demo-collector-token';
export const elasticsearchTarget = 'logs-audit.events-default';

export interface Receivers {
  readonly hec: { readonly url: string; readonly caPem: string };
  readonly collector: { readonly url: string; readonly caPem: string };
  readonly elasticsearch: {
    readonly url: string;
    readonly caPem: string;
    /** An API key that may only create documents in the demo's target. */
    createApiKey(tenant: string): Promise<string>;
  };
}

export function receiverPorts(config: NativeConfig): readonly number[] {
  return [
    config.AUDITLANE_SINK_PORT,
    config.AUDITLANE_COLLECTOR_PORT,
    config.AUDITLANE_SINK_CONTROL_PORT,
    config.AUDITLANE_COLLECTOR_CONTROL_PORT,
    config.AUDITLANE_ELASTICSEARCH_PORT,
  ];
}

/** What forwarders must be allowed to reach although it is on the loopback: these, and nothing else. */
export function receiverAddresses(config: NativeConfig): readonly string[] {
  return [config.AUDITLANE_SINK_PORT, config.AUDITLANE_COLLECTOR_PORT, config.AUDITLANE_ELASTICSEARCH_PORT].map(
    (port) => `127.0.0.1:${port}`,
  );
}

export async function startReceivers(config: NativeConfig, keep: (child: Child) => void): Promise<Receivers> {
  const [hec, collector, elasticsearch] = await Promise.all([
    step('demo Splunk HEC receiver', () =>
      startSink(config, 'hec', hecToken, config.AUDITLANE_SINK_PORT, config.AUDITLANE_SINK_CONTROL_PORT, keep),
    ),
    step('demo HTTPS collector', () =>
      startSink(
        config,
        'http',
        collectorToken,
        config.AUDITLANE_COLLECTOR_PORT,
        config.AUDITLANE_COLLECTOR_CONTROL_PORT,
        keep,
      ),
    ),
    step('demo Elasticsearch', () => startDemoElasticsearch(config, keep)),
  ]);
  return { hec, collector, elasticsearch };
}

async function startSink(
  config: NativeConfig,
  face: 'hec' | 'http',
  token: string,
  port: number,
  controlPort: number,
  keep: (child: Child) => void,
): Promise<{ url: string; caPem: string }> {
  const certificates = join(config.AUDITLANE_DATA_DIR, 'receivers', `${face}.json`);
  const { ca } = await certificatesFromFile(certificates);
  const flags = { face, token, certificates, port, 'control-port': controlPort };
  keep(
    await startProgram(
      config,
      `demo-${face}`,
      'libs/testing/src/sink/sink.main.js',
      {},
      `http://127.0.0.1:${controlPort}/__sink/counts`,
      Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    ),
  );
  return { url: `https://127.0.0.1:${port}`, caPem: ca };
}

async function startDemoElasticsearch(
  config: NativeConfig,
  keep: (child: Child) => void,
): Promise<Receivers['elasticsearch']> {
  const { access, child } = await startElasticsearch({
    home: join(config.AUDITLANE_DATA_DIR, 'elasticsearch'),
    logFile: join(config.AUDITLANE_DATA_DIR, 'logs', 'elasticsearch.log'),
    port: config.AUDITLANE_ELASTICSEARCH_PORT,
  });
  keep(child);
  const client = new Client({
    node: access.url,
    auth: { username: access.username, password: access.password },
    tls: { ca: access.caPem },
  });
  return {
    url: access.url,
    caPem: access.caPem,
    async createApiKey(tenant) {
      const key = await client.security.createApiKey({
        name: `auditlane-${tenant}`,
        role_descriptors: {
          writer: { indices: [{ names: [elasticsearchTarget], privileges: ['create_doc', 'auto_configure'] }] },
        },
      });
      return key.encoded;
    },
  };
}
