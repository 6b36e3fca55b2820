// Every destination type there is: one line each. Settings, forwarders, page and conformance suite walk this record.
import type { DestinationType } from '@auditlane/contracts';
import { elasticsearch } from './elasticsearch/definition';
import { http } from './http/definition';
import { splunk } from './splunk/definition';
import type { DestinationDefinition } from './types';

export const registry: Readonly<Record<DestinationType, DestinationDefinition>> = {
  splunk,
  http,
  elasticsearch,
};
