// The front door of what every service must have: logger, metrics, health, a uniform start and stop, crash points.
export { crashPoint } from './crash-point';
export * from './health';
export * from './logger';
export * from './metrics';
export * from './ops-server';
export { crash, runService, type Runtime, type Running } from './run-service';
