// The front door of delivery: a forwarder service is one call.
export { forwarderDefinition, type ForwarderConfig } from './config';
export { runForwarder } from './run-forwarder';
