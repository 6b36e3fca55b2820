// What the query service consists of: its routes, and the parts that they stand on.
import { Module, type DynamicModule } from '@nestjs/common';
import { AttemptsController } from './attempts/attempts.controller';
import { AttemptsRepository } from './attempts/attempts.repository';
import { CatalogueController } from './catalogue/catalogue.controller';
import { DeadLettersController } from './dead-letters/dead-letters.controller';
import { DeadLettersRepository } from './dead-letters/dead-letters.repository';
import { ConnectionTestService } from './destinations/connection-test.service';
import { DestinationsController } from './destinations/destinations.controller';
import { DestinationsService } from './destinations/destinations.service';
import { PreviewController } from './destinations/preview.controller';
import { PreviewLimit } from './destinations/preview-limit';
import { PreviewService } from './destinations/preview.service';
import { TestLimit } from './destinations/test-limit';
import { CursorKey } from './events/domain/cursor';
import { EventsController } from './events/events.controller';
import { EventsRepository } from './events/events.repository';
import { ReplaysController } from './replays/replays.controller';
import { ReplaysRepository } from './replays/replays.repository';
import { WebhookController } from './webhook/webhook.controller';
import { WebhookService } from './webhook/webhook.service';

export const controllers = [
  EventsController,
  CatalogueController,
  PreviewController,
  DestinationsController,
  AttemptsController,
  DeadLettersController,
  ReplaysController,
  WebhookController,
];

/** What the routes are handed. */
export const partClasses = [
  EventsRepository,
  CursorKey,
  DestinationsService,
  ConnectionTestService,
  TestLimit,
  PreviewService,
  PreviewLimit,
  AttemptsRepository,
  DeadLettersRepository,
  ReplaysRepository,
  WebhookService,
];

export interface QueryParts {
  readonly events: EventsRepository;
  readonly cursorKey: CursorKey;
  readonly destinations: DestinationsService;
  readonly connectionTest: ConnectionTestService;
  readonly testLimit: TestLimit;
  readonly preview: PreviewService;
  readonly attempts: AttemptsRepository;
  readonly deadLetters: DeadLettersRepository;
  readonly replays: ReplaysRepository;
  readonly webhook: WebhookService;
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
        { provide: PreviewService, useValue: parts.preview },
        { provide: PreviewLimit, useValue: new PreviewLimit() },
        { provide: AttemptsRepository, useValue: parts.attempts },
        { provide: DeadLettersRepository, useValue: parts.deadLetters },
        { provide: ReplaysRepository, useValue: parts.replays },
        { provide: WebhookService, useValue: parts.webhook },
      ],
    };
  }
}
