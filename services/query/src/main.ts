// The query service: events, catalogue and destinations over REST.
import 'reflect-metadata';
import { runService } from '@auditlane/observability';
import { queryDefinition } from './env';
import { startQuery } from './start';

void runService('query', queryDefinition, startQuery);
