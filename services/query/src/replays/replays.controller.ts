// /api/v1/destinations/{id}/replays: sending stored events again, beside live delivery; and what retention took before live delivery could send it.
import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { Access, Subject, Tenant } from '../auth/access';
import { destinationIdSchema } from '../destinations/destinations.schema';
import { CursorKey } from '../events/domain/cursor';
import { ApiProblems } from '../openapi/api-problems';
import { refuse } from '../problem/problem';
import type { ReplayView } from './domain/replay-view';
import { ReplaysRepository, type Estimate, type NotStarted } from './replays.repository';
import {
  createReplaySchema,
  estimateReplaySchema,
  gapListSchema,
  replayEstimateSchema,
  replayIdSchema,
  replayListSchema,
  replaySchema,
  replaysQuerySchema,
  wishSchema,
  type CreateReplay,
  type EstimateReplay,
  type GapList,
  type ReplaysQuery,
  type WishBody,
} from './replays.schema';

/** What of a reply is used here. */
interface Reply {
  header(name: string, value: string): unknown;
  status(code: number): unknown;
}

const timeWords =
  'A time is mapped to the order in which events were stored: the range covers every event received between the two times, and those that were stored between them.';

@Controller('destinations/:id')
export class ReplaysController {
  constructor(
    private readonly replays: ReplaysRepository,
    private readonly cursorKey: CursorKey,
  ) {}

  @Get('replays')
  @Access('settings-admin')
  @ApiOperation({ operationId: 'listReplays', summary: 'The replays of a destination and how far they are' })
  @ApiOkResponse({ description: 'Newest first', standardSchema: replayListSchema })
  @ApiProblems(400, 401, 403, 404, 503)
  async list(
    @Tenant() tenant: string,
    @Param('id', { schema: destinationIdSchema }) id: string,
    @Query({ schema: replaysQuerySchema }) { limit, cursor }: ReplaysQuery,
  ): Promise<{ items: readonly ReplayView[]; nextCursor: string | null }> {
    const scope = { tenant, filterText: `replays of ${id}` };
    const after = cursor === undefined ? undefined : (this.cursorKey.open(cursor, scope) ?? refuseCursor());
    const found = await this.replays.list(tenant, id, limit, after?.after.occurredAtMicros);
    if (!found) return refuse('not-found', 'No such destination.');
    const last = found.rows.length > limit ? found.rows[limit - 1] : undefined;
    const next = last && { upTo: 0, after: { occurredAtMicros: last.created_micros, seq: 0 } };
    return { items: found.views.slice(0, limit), nextCursor: next ? this.cursorKey.seal(next, scope) : null };
  }

  @Post('replays')
  @Access('settings-admin')
  @ApiOperation({
    operationId: 'createReplay',
    summary: 'Send stored events, or dead letters, again',
    description: `Runs beside live delivery and never delays it; one at a time for a destination, oldest first. ${timeWords}`,
  })
  @ApiResponse({ status: 201, description: 'Started', standardSchema: replaySchema })
  @ApiResponse({ status: 200, description: 'A replay with this id was started before', standardSchema: replaySchema })
  @ApiProblems(400, 401, 403, 404, 409, 413, 415, 503)
  async create(
    @Tenant() tenant: string,
    @Subject() subject: string,
    @Param('id', { schema: destinationIdSchema }) id: string,
    @Body({ schema: createReplaySchema }) body: CreateReplay,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<ReplayView> {
    const started = await this.replays.create(tenant, id, body.id ?? randomUUID(), body, subject);
    if (started.kind !== 'started') return refuseStart(started);
    reply.status(started.isNew ? 201 : 200);
    reply.header('location', `/api/v1/destinations/${id}/replays/${started.view.id}`);
    return started.view;
  }

  @Post('replays/estimate')
  @HttpCode(200)
  @Access('settings-admin')
  @ApiOperation({
    operationId: 'estimateReplay',
    summary: 'What a replay would send, and what retention has removed of it',
    description: `Starts nothing. ${timeWords}`,
  })
  @ApiOkResponse({ description: 'The estimate', standardSchema: replayEstimateSchema })
  @ApiProblems(400, 401, 403, 404, 409, 413, 415, 503)
  async estimate(
    @Tenant() tenant: string,
    @Param('id', { schema: destinationIdSchema }) id: string,
    @Body({ schema: estimateReplaySchema }) body: EstimateReplay,
  ): Promise<Estimate> {
    const estimated = await this.replays.estimate(tenant, id, body);
    return estimated.kind === 'estimated' ? estimated.estimate : refuseStart(estimated);
  }

  @Get('replays/:replayId')
  @Access('settings-admin')
  @ApiOperation({ operationId: 'getReplay', summary: 'One replay and how far it is' })
  @ApiOkResponse({ description: 'The replay', standardSchema: replaySchema })
  @ApiProblems(400, 401, 403, 404, 503)
  async get(
    @Tenant() tenant: string,
    @Param('id', { schema: destinationIdSchema }) id: string,
    @Param('replayId', { schema: replayIdSchema }) replayId: string,
  ): Promise<ReplayView> {
    return (await this.replays.find(tenant, id, replayId)) ?? refuse('not-found', 'No such replay.');
  }

  @Put('replays/:replayId')
  @Access('settings-admin')
  @ApiOperation({ operationId: 'steerReplay', summary: 'Pause, resume or cancel a replay' })
  @ApiOkResponse({ description: 'The wish is noted; `state` follows within a second', standardSchema: replaySchema })
  @ApiProblems(400, 401, 403, 404, 409, 413, 415, 503)
  async wish(
    @Tenant() tenant: string,
    @Param('id', { schema: destinationIdSchema }) id: string,
    @Param('replayId', { schema: replayIdSchema }) replayId: string,
    @Body({ schema: wishSchema }) body: WishBody,
  ): Promise<ReplayView> {
    const wished = await this.replays.wish(tenant, id, replayId, body);
    if (wished.kind === 'absent') return refuse('not-found', 'No such replay.');
    if (wished.kind === 'over') return refuse('conflict', 'The replay is over; start another one.');
    return wished.view;
  }

  @Get('gaps')
  @Access('settings-admin')
  @ApiOperation({
    operationId: 'listGaps',
    summary: 'Events that retention removed before live delivery could send them',
  })
  @ApiOkResponse({ description: 'Newest first', standardSchema: gapListSchema })
  @ApiProblems(400, 401, 403, 404, 503)
  async gaps(@Tenant() tenant: string, @Param('id', { schema: destinationIdSchema }) id: string): Promise<GapList> {
    const items = await this.replays.gaps(tenant, id);
    return items ? { items, nextCursor: null } : refuse('not-found', 'No such destination.');
  }
}

const nothingWords = {
  backwards: 'The range ends before it begins, or no event was received in it.',
  not_stored_yet: 'No event that far has been stored yet.',
  removed: 'Retention has removed every event of this range.',
  no_letters: 'There are no such dead letters, or they are being sent again already.',
} as const;

function refuseStart(outcome: NotStarted): never {
  if (outcome.kind === 'absent') refuse('not-found', 'No such destination.');
  if (outcome.kind === 'taken') refuse('conflict', 'This id belongs to another replay.');
  if (outcome.kind === 'nothing') refuse('conflict', nothingWords[outcome.why]);
  return refuse('conflict', 'The tenant has as many open replays as it may have. Wait for one, or cancel one.');
}

export function refuseCursor(): never {
  return refuse('invalid-cursor', 'Use the cursor as it was given, with the same filter, or begin again without one.', [
    { path: 'cursor', message: 'was not given out for this request' },
  ]);
}
