// What an admin can do about each reason: one sentence a reason, so that no failure is shown without its way out.
import type { ParkReason, PoisonReason, TransientReason } from '@auditlane/contracts';

const advice: Readonly<Record<ParkReason | PoisonReason | TransientReason, string>> = {
  credentials_refused: 'Check that the token is complete, enabled and not revoked, then save it again.',
  permission_refused: 'Give the token the right to write to this target on the receiving side.',
  not_found: 'Check the path of the URL and the name of the index or data stream.',
  method_refused: 'Check the path of the URL: this address does not take events by POST.',
  gone: 'The receiver says that this address is gone for good: ask for the new one.',
  redirected: 'Enter the address that the receiver redirects to; redirects are not followed.',
  index_refused: 'Allow the index for this token, or enter one that it may write to.',
  acknowledgement_required:
    'Token and settings disagree: turn indexer acknowledgement on for the token, or set acknowledgement to auto here.',
  configuration_refused: 'Compare the settings with what the receiver says; it refuses every request made with them.',
  target_not_writable: 'Remove the write block from the target (read-only index, full disk or frozen tier).',
  not_the_expected_receiver: 'Something else answers at this address: check host, port and path.',
  egress_refused:
    'The address is not one that events may be sent to: use a public one, or ask the operator to allow it.',
  secret_unavailable: 'The operator must restore the key that the token was sealed with, or save the token again.',
  refuses_everything: 'The receiver refuses each event that it is sent: read its words, repair, and delivery goes on.',
  receiver_refused_format: 'Read what the receiver says about this event; it can be sent again.',
  receiver_refused_fields: 'Read what the receiver says about the indexed fields of this event.',
  receiver_refused_event: 'Read what the receiver says about this event; it can be sent again.',
  receiver_refused_mapping: 'Repair the mapping of the target, then send the event again.',
  receiver_refused_size: 'Raise the size limit on the receiving side, then send the event again.',
  busy: 'Nothing to do: the receiver is full for now and is tried again.',
  rate_limited: 'Nothing to do: the receiver slows us down and is tried again. If it lasts, raise its limit.',
  server_error: 'The receiver reports a fault of its own; it is tried again.',
  timed_out: 'The receiver answers too slowly; it is tried again. If it lasts, check firewalls and its load.',
  connection_failed: 'Check host and port, and that a firewall lets our addresses in.',
  tls_failed:
    'Check the certificate: its name, its date and its issuer. For an own CA, add that CA to the destination.',
  name_not_resolved: 'Check the spelling of the host; its name has no public address.',
  aborted: 'Nothing to do: the request was ended early and is made again.',
  unreadable_answer: 'The answer could not be read whole; the request is repeated. If it lasts, check proxies between.',
  acknowledgement_missing:
    'Splunk took the events and never acknowledged them, so they are sent again: check its indexers, and that a load balancer keeps sessions.',
  in_progress: 'Nothing to do: the receiver is still busy with the same request.',
};

/** The same for a reason as it stands in a column; empty where it is none of these: a step in a destination's life needs nothing done. */
export const adviceOn = (reason: string): string =>
  Object.entries(advice).find(([known]) => known === reason)?.[1] ?? '';

export const adviceFor = (reason: ParkReason | PoisonReason | TransientReason): string => advice[reason];
