// The front door of the one outbound client: policy, URL check, and the client itself.
export { addressBytes, classifyAddress, type AddressClass } from './domain/address';
export { type CertificateFacts } from './domain/certificate';
export { type Observer, type PassedStage } from './connect';
export { type EgressFailure } from './domain/failure';
export { egressAdvice, egressCodes, type EgressCode, type EgressStage } from './domain/failure-table';
export { parseAllowList, type EgressPolicy, type PolicyOptions } from './domain/policy';
export { checkUrl, type CheckedUrl, type UrlFault } from './domain/url';
export { Egress, type EgressOptions } from './egress';
export { assertSafeEnvironment } from './environment';
export { egressFromSettings, type EgressSettings } from './from-settings';
export { dnsResolver, type Resolved, type Resolver, type ResolverOptions } from './resolve';
export { type Answered, type EgressRequest, type EgressResponse, type EgressResult, type EgressTarget } from './result';
export { certificatesOf } from './trust';
