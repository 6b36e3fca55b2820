// Where the native start puts things and on which ports: fixed by default, each settable, so that guides can name them.
import { z } from 'zod';
import { defineConfig, integerSetting, type ConfigOf } from '@auditlane/config';

const port = (fallback: number, what: string) => integerSetting(1, 65_535, fallback, `Port of ${what}`);

export const nativeSettings = defineConfig('npm start', {
  AUDITLANE_DATA_DIR: z
    .string()
    .default('.auditlane')
    .meta({ description: 'Folder that holds everything npm start keeps' }),
  AUDITLANE_HTTP_PORT: port(3000, 'the API and the page'),
  AUDITLANE_KAFKA_PORT: port(9092, 'Kafka'),
  AUDITLANE_POSTGRES_PORT: port(5433, 'PostgreSQL'),
  AUDITLANE_OIDC_PORT: port(3100, 'the embedded OIDC server'),
  AUDITLANE_SINK_PORT: port(3200, 'the demo Splunk HEC receiver'),
  AUDITLANE_COLLECTOR_PORT: port(3201, 'the demo HTTPS collector'),
  AUDITLANE_SINK_CONTROL_PORT: port(3202, 'what the demo Splunk HEC receiver tells of what it received'),
  AUDITLANE_COLLECTOR_CONTROL_PORT: port(3203, 'what the demo HTTPS collector tells of what it received'),
  AUDITLANE_ELASTICSEARCH_PORT: port(3210, 'the demo Elasticsearch'),
  AUDITLANE_OPS_PORT_BASE: port(3301, 'metrics and health of ingestion; the other services follow, one higher each'),
});

export type NativeConfig = ConfigOf<typeof nativeSettings>;
