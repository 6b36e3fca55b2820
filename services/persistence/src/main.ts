// The persistence service: `accepted` into PostgreSQL and on to `stored`, `rejected` into quarantine.
import 'reflect-metadata';
import { runService } from '@auditlane/observability';
import { persistenceDefinition } from './settings';
import { startPersistence } from './start';

void runService('persistence', persistenceDefinition, startPersistence);
