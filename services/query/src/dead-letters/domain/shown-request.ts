// The request that would carry an event, for people to look at: made by the destination type itself, with a stand-in for the token.
import type { DestinationType } from '@auditlane/contracts';
import { registry, type DeliverableEvent } from '@auditlane/destinations';

export interface ShownRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly bodyCut: boolean;
  readonly gzip: boolean;
}

export interface ShownDestination {
  readonly id: string;
  readonly type: DestinationType;
  readonly url: string;
  readonly options: unknown;
}

/** In a form that every type takes. The real one is never opened here, so that there is nothing to leave out by mistake. */
const standIn = 'token:hidden';
const hidden = '••••';
const bodyCap = 64 * 1024;

/** `undefined`: the settings are not valid any more. */
export function shownRequest(
  { id, type, url, options }: ShownDestination,
  event: DeliverableEvent,
): ShownRequest | undefined {
  const opened = registry[type].open({ id, url, options, token: standIn });
  if (!opened.ok) return undefined;
  const request = opened.destination.encode([event]);
  const headers = Object.entries(request.headers).map(([name, value]) => [name, shownHeader(name, value)]);
  return {
    method: request.method,
    url: request.url,
    headers: Object.fromEntries(headers),
    // Cut on a character: half of one would not be text.
    body: request.body
      .subarray(0, bodyCap)
      .toString('utf8')
      .replace(/\uFFFD$/, ''),
    bodyCut: request.body.length > bodyCap,
    gzip: request.gzip,
  };
}

function shownHeader(name: string, value: string): string {
  return name.toLowerCase() === 'authorization' ? value.replace(/ .*$/s, ` ${hidden}`) : value;
}
