// What the query service consists of: its routes, and the parts that they stand on.
import { Module, type DynamicModule } from '@nestjs/common';
import { CatalogueController } from './catalogue/catalogue.controller';
import { ConnectionTestService } from './destinations/connection-test.service';
import { DestinationsController } from './destinations/destinations.controller';
import { DestinationsService } from './destinations/destinations.service';
import { TestLimit } from './destinations/test-limit';
import { CursorKey } from './events/domain/cursor';
import { EventsController } from './events/events.controller';
import { EventsRepository } from './events/events.repository';

export const controllers = [EventsController, CatalogueController, DestinationsController];

/** What the routes are handed. */
export const partClasses = [EventsRepository, CursorKey, DestinationsService, ConnectionTestService, TestLimit];

export interface QueryParts {
  readonly events: EventsRepository;
  readonly cursorKey: CursorKey;
  readonly destinations: DestinationsService;
  readonly connectionTest: ConnectionTestService;
  readonly testLimit: TestLimit;
}

@Module({})
export class QueryModule {
  static of(parts: QueryParts): DynamicModule {
    return {
      module: QueryModule,
      controllers,
      providers: [
        { provide: EventsRepository, useValue: parts.events },
        { provide: CursorKey, useValue: parts.cursorKey },
        { provide: DestinationsService, useValue: parts.destinations },
        { provide: ConnectionTestService, useValue: parts.connectionTest },
        { provide: TestLimit, useValue: parts.testLimit },
      ],
    };
  }
}
