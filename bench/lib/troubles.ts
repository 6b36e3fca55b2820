// What can be the matter with a receiver.
import { scripts, type Script } from '@auditlane/testing';

export const troubles = [
  'hanging',
  'dripping',
  'answering 429',
  'answering 503',
  'refusing the token',
  'resetting connections',
  'taking events and resetting the connection',
  'answering garbage',
] as const;
export type Trouble = (typeof troubles)[number];

export const misbehaviour: Readonly<Record<Trouble, Script>> = {
  hanging: scripts.hang(),
  dripping: scripts.drip(1_000),
  'answering 429': scripts.retryAfter(429, '2'),
  'answering 503': scripts.answer(503),
  'refusing the token': scripts.answer(401),
  'resetting connections': scripts.reset('headers'),
  'taking events and resetting the connection': scripts.resetAfterIngest,
  'answering garbage': scripts.garbage,
};
