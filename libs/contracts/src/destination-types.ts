// The destination types: the closed list that settings, forwarders, groups and the page share.

export const destinationTypes = ['splunk', 'http', 'elasticsearch'] as const;
export type DestinationType = (typeof destinationTypes)[number];
