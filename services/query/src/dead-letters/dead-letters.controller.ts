// /api/v1/destinations/{id}/dead-letters: the events that a receiver refused. Sending them again is a replay.
import { Controller, Get, Header, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access, Tenant } from '../auth/access';
import { destinationIdSchema } from '../destinations/destinations.schema';
import { CursorKey } from '../events/domain/cursor';
import { ApiProblems } from '../openapi/api-problems';
import { refuse } from '../problem/problem';
import { refuseCursor } from '../replays/replays.controller';
import { DeadLettersRepository } from './dead-letters.repository';
import {
  deadLetterDetailSchema,
  deadLetterListSchema,
  deadLettersQuerySchema,
  letterSeqSchema,
  type DeadLetter,
  type DeadLetterDetail,
  type DeadLettersQuery,
} from './dead-letters.schema';
import { shownRequest } from './domain/shown-request';

@Controller('destinations/:id/dead-letters')
export class DeadLettersController {
  constructor(
    private readonly letters: DeadLettersRepository,
    private readonly cursorKey: CursorKey,
  ) {}

  @Get()
  @Access('settings-admin')
  @ApiOperation({
    operationId: 'listDeadLetters',
    summary: 'The events that the receiver refused',
    description: 'POST /destinations/{id}/replays with the kind `dead_letters` sends them again: one, some or all.',
  })
  @ApiOkResponse({ description: 'Highest seq first', standardSchema: deadLetterListSchema })
  @ApiProblems(400, 401, 403, 404, 503)
  async list(
    @Tenant() tenant: string,
    @Param('id', { schema: destinationIdSchema }) id: string,
    @Query({ schema: deadLettersQuerySchema }) { reason, limit, cursor }: DeadLettersQuery,
  ): Promise<{ items: readonly DeadLetter[]; nextCursor: string | null }> {
    const scope = { tenant, filterText: `dead letters of ${id} ${reason ?? ''}` };
    const after = cursor === undefined ? undefined : (this.cursorKey.open(cursor, scope) ?? refuseCursor());
    const found = await this.letters.list(tenant, id, { reason, limit, below: after?.after.seq });
    if (!found) return refuse('not-found', 'No such destination.');
    const last = found.length > limit ? found[limit - 1] : undefined;
    const next = last && { upTo: 0, after: { occurredAtMicros: '0', seq: last.seq } };
    return { items: found.slice(0, limit), nextCursor: next ? this.cursorKey.seal(next, scope) : null };
  }

  @Get(':seq')
  @Access('settings-admin')
  @Header('cache-control', 'no-store')
  @ApiOperation({ operationId: 'getDeadLetter', summary: 'One refused event, and the request that would carry it' })
  @ApiOkResponse({ description: 'The dead letter', standardSchema: deadLetterDetailSchema })
  @ApiProblems(400, 401, 403, 404, 503)
  async get(
    @Tenant() tenant: string,
    @Param('id', { schema: destinationIdSchema }) id: string,
    @Param('seq', { schema: letterSeqSchema }) seq: number,
  ): Promise<DeadLetterDetail> {
    const found = await this.letters.find(tenant, id, seq);
    if (!found) return refuse('not-found', 'No such dead letter.');
    const { letter, destination, event } = found;
    return { ...letter, request: (event && shownRequest(destination, event)) ?? null };
  }
}
