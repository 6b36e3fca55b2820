// GET /api/v1/events and /api/v1/events/{id}.
import { Controller, Get, Header, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access, Tenant } from '../auth/access';
import { ApiProblems } from '../openapi/api-problems';
import { refuse } from '../problem/problem';
import { CursorKey } from './domain/cursor';
import { filterText } from './domain/event-filter';
import { eventJson, pageJson } from './domain/event-json';
import { EventsRepository } from './events.repository';
import { eventIdSchema, eventItemSchema, eventPageSchema, eventsQuerySchema, type EventsQuery } from './events.schema';

@Controller('events')
export class EventsController {
  constructor(
    private readonly events: EventsRepository,
    private readonly cursorKey: CursorKey,
  ) {}

  @Get()
  @Access('viewer')
  @Header('content-type', 'application/json')
  @ApiOperation({
    operationId: 'listEvents',
    summary: 'The events of the tenant, newest first',
    description:
      'A walk that follows nextCursor sees every event that was stored when it began exactly once, however many arrive meanwhile.',
  })
  @ApiOkResponse({ description: 'A page of events', standardSchema: eventPageSchema })
  @ApiProblems(400, 401, 403, 503)
  async list(@Tenant() tenant: string, @Query({ schema: eventsQuerySchema }) query: EventsQuery): Promise<string> {
    const { limit, cursor: given, ...filter } = query;
    const scope = { tenant, filterText: filterText(filter) };
    const cursor = given === undefined ? undefined : this.cursorKey.open(given, scope);
    if (given !== undefined && cursor === undefined)
      refuse('invalid-cursor', 'Use the cursor as it was given, with the same filter, or begin again without one.', [
        { path: 'cursor', message: 'was not given out for this request' },
      ]);
    const page = await this.events.page(tenant, filter, limit, cursor);
    return pageJson(page.events, page.next ? this.cursorKey.seal(page.next, scope) : null);
  }

  @Get(':id')
  @Access('viewer')
  @Header('content-type', 'application/json')
  @ApiOperation({ operationId: 'getEvent', summary: 'One event of the tenant' })
  @ApiOkResponse({ description: 'The event', standardSchema: eventItemSchema })
  @ApiProblems(400, 401, 403, 404, 503)
  async get(@Tenant() tenant: string, @Param('id', { schema: eventIdSchema }) id: string): Promise<string> {
    const event = await this.events.find(tenant, id);
    return event ? eventJson(event) : refuse('not-found', 'No such event.');
  }
}
