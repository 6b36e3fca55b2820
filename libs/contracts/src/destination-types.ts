// The destination types: the closed list that settings, forwarders, groups and the page share.

export const destinationTypes = ['splunk', 'http', 'elasticsearch'] as const;
export type DestinationType = (typeof destinationTypes)[number];

/** Ports that destinations on public addresses may use: HTTPS, Splunk HEC, the second HTTPS port, Elasticsearch, Elastic Cloud. */
export const defaultDestinationPorts: readonly number[] = [443, 8088, 8443, 9200, 9243];
