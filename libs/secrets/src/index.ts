// The front door of the sealed tokens: the key ring that opens them, and the file it comes from.
export {
  activateKey,
  createKeyRingFile,
  KeyRingError,
  prepareKey,
  removeKeys,
  type KeyRingContent,
} from './key-ring-file';
export { KeyRing, type OpenedSecret, type Rewrapped, type Unavailable, type UnavailableCause } from './key-ring';
export { sealedSecretSchema, type SealedSecret, type SecretPlace } from './sealed-secret';
export { newWebhookSecret, signWebhook, webhookPlace, webhookRequest, type WebhookMessage } from './webhook';
