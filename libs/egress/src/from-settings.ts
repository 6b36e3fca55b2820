// Makes the client from the settings that every service with outgoing connections shares, so that none of them can leave one out.
import { readFileSync } from 'node:fs';
import { parseAllowList } from './domain/policy';
import { Egress, type EgressOptions } from './egress';
import { dnsResolver } from './resolve';

export interface EgressSettings {
  readonly AUDITLANE_EGRESS_ALLOW: readonly string[];
  readonly AUDITLANE_EGRESS_PORTS: readonly number[];
  readonly AUDITLANE_EGRESS_OWN_NAMES: readonly string[];
  readonly AUDITLANE_EGRESS_NAME_SERVERS: readonly string[];
  readonly AUDITLANE_EGRESS_CA_FILE?: string | undefined;
}

/** Throws where the allow list or the CA bundle cannot be read: a start with half of them is refused. */
export function egressFromSettings(settings: EgressSettings, options: EgressOptions = {}): Egress {
  const policy = parseAllowList(settings.AUDITLANE_EGRESS_ALLOW, {
    ports: settings.AUDITLANE_EGRESS_PORTS,
    ownNames: settings.AUDITLANE_EGRESS_OWN_NAMES,
  });
  const servers = settings.AUDITLANE_EGRESS_NAME_SERVERS;
  const bundle = settings.AUDITLANE_EGRESS_CA_FILE;
  return new Egress(policy, {
    ...options,
    ...(servers.length === 0 ? {} : { resolver: dnsResolver({ servers }) }),
    ...(bundle === undefined ? {} : { operatorCaPem: readFileSync(bundle, 'utf8') }),
  });
}
