// The front door of the test library: real Kafka, PostgreSQL and Elasticsearch, services as processes, and what tests say to them.
// `npm start` uses its launchers too.
export * from './database-url';
export * from './eventually';
export * from './fresh-database';
export * from './fresh-prefix';
export * from './kafka-client';
export * from './make-event';
export * from './prometheus';
export * from './service-names';
export * from './secrets-scan';
export * from './service-process';
export * from './shared-elasticsearch';
export * from './stack';
export * from './test-partitions';
export * from './native/certificates';
export * from './native/child-process';
export * from './native/checkout';
export * from './native/elasticsearch';
export * from './native/find-jdk.cjs';
export * from './native/free-port';
export * from './native/java';
export * from './native/kafka';
export * from './native/node-runtime';
export * from './native/postgres';
export * from './native/temporary-directory';
export * from './sink';
export * from './oidc';
