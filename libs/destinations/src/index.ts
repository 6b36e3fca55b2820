// The front door of the destination types: pure values, one folder a type, walked by the conformance suite.
export * from './advice';
export { elasticsearchAuthorization } from './elasticsearch/authorization';
export { elasticsearchAuths } from './elasticsearch/settings';
export * from './judge-failure';
export * from './probe';
export * from './registry';
export * from './test-codes';
export * from './test-event';
export * from './types';
export * from './words';
