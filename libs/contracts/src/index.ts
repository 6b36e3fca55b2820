// The front door of the contracts: what producers, services and receivers have agreed on. Imports nothing of ours.
export * from './asyncapi';
export * from './catalogue';
export { catalogue } from './catalogue-data';
export * from './destination-types';
export * from './event';
export * from './headers';
export * from './limits';
export * from './outcome';
export * from './partition-of';
export * from './reasons';
export * from './topics';
