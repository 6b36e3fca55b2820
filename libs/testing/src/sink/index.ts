// The sink's own front door: the receiver, what it can be told, and what it wrote down.
export {
  certificateFor,
  certificateKinds,
  certificatesFromFile,
  testAuthority,
  type CertificateKind,
  type KeyPair,
} from './certificates';
export { isObject as isJsonObject, sinkEvent, type JsonObject, type SinkEvent } from './event';
export { type Refusal } from './face';
export { type AckMode } from './hec-acks';
export { hecCode } from './hec-codes';
export { type HecOptions } from './hec-face';
export { type HttpOptions } from './http-face';
export { type ItemAnswer, type ItemScript } from './bulk-face';
export { type JournalEntry, type TenantCount } from './journal';
export * as scripts from './script';
export { type Script } from './script';
export { Sink, type SinkOptions } from './sink';
export { startNameServer, type Answer as DnsAnswer, type NameServer, type Zone } from './name-server';
