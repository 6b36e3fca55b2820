// What an HTTP status says to somebody who sets a destination up, whatever its type.
import type { CodeEntry, CodeTable, ProbeStage } from './probe';

const failed = (stage: ProbeStage, meaning: string, fix: string): CodeEntry => ({
  stage,
  state: 'failed',
  meaning,
  fix,
});

const redirect = failed(
  'answer',
  'The receiver redirects to another address.',
  'Enter the address that it redirects to; redirects are never followed, since they would carry the token elsewhere.',
);
const later = 'Try again in a while. Events that were accepted meanwhile wait and are delivered then.';
const proxy = 'Check the proxy or load balancer at this address: it found no healthy server behind it.';

export const statusCodes: CodeTable = {
  http_301: redirect,
  http_302: redirect,
  http_303: redirect,
  http_307: redirect,
  http_308: redirect,
  http_400: failed(
    'event',
    'The receiver does not understand the request.',
    'Read its words; check the path of the URL and the format of the body.',
  ),
  http_401: failed(
    'authentication',
    'The receiver does not accept the token.',
    'Check that the token is complete, enabled and not revoked, then enter it again.',
  ),
  http_403: failed(
    'permission',
    'The receiver knows the token, or asks for none, and still refuses.',
    'Give the token the right to write; where a firewall or proxy answers, let our addresses in.',
  ),
  http_404: failed(
    'answer',
    'There is nothing at this path.',
    'Check the path of the URL, and that it is this host that receives events.',
  ),
  http_405: failed('event', 'This address does not take POST.', 'Check the path of the URL: events are sent by POST.'),
  http_407: failed(
    'answer',
    'A proxy in between wants to be signed in to.',
    'Enter the address of the receiver itself: proxies that ask for a password are not used.',
  ),
  http_408: failed('answer', 'The receiver gave up waiting for the request.', later),
  http_410: failed('answer', 'The address is gone for good.', 'Ask the owner of the receiver for the new address.'),
  http_413: failed(
    'event',
    'Even a single small event is too large for the receiver.',
    'Raise the size limit of the receiver or of the proxy before it (1 MB is usual).',
  ),
  http_415: failed(
    'event',
    'The receiver does not read this kind of body.',
    'Choose another format, and switch gzip off in the options.',
  ),
  http_422: failed(
    'event',
    'The receiver understands the request and refuses the event.',
    'Read its words; check the format in the options.',
  ),
  http_429: failed('answer', 'The receiver is asked too often.', later),
  http_500: failed(
    'answer',
    'The receiver reports a fault of its own.',
    'Look into the log of the receiver; try again when it is repaired.',
  ),
  http_501: failed('event', 'This address does not take POST.', 'Check the path of the URL: events are sent by POST.'),
  http_502: failed('answer', 'A proxy answers, and nothing behind it does.', proxy),
  http_503: failed('answer', 'The receiver is busy or being serviced.', later),
  http_504: failed('answer', 'A proxy answers, and what is behind it is too slow.', proxy),
};
