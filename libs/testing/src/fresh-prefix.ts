// Topics and consumer groups of one test alone, on a broker that all tests of a run share.
import { randomBytes } from 'node:crypto';

export function freshPrefix(): string {
  return `t${randomBytes(5).toString('hex')}.`;
}
