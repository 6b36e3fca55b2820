// The front door of configuration: definitions, loading, shared settings.
export * from './define-config';
export * from './settings';
