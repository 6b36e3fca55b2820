// Every code that a test of a connection can find after the connection stands, for the documents and for tests of the tables themselves.
import type { DestinationType } from '@auditlane/contracts';
import { elasticsearchCodes } from './elasticsearch/codes';
import { httpCodes } from './http/codes';
import type { CodeTable } from './probe';
import { splunkCodes } from './splunk/codes';
import { statusCodes } from './status-codes';

/** What a type says of a code of HTTP itself takes the place of what is said for all. */
export const testCodes: Readonly<Record<DestinationType | 'all', CodeTable>> = {
  all: statusCodes,
  splunk: splunkCodes,
  http: httpCodes,
  elasticsearch: elasticsearchCodes,
};
