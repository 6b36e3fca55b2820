// /api/v1/destinations: where a tenant's events are streamed to. Only for those who set it up; writing needs the version that was read.
import { Body, Controller, Delete, Get, Header, Headers, HttpCode, Param, Post, Put, Res } from '@nestjs/common';
import { ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { Access, Tenant } from '../auth/access';
import { ApiProblems } from '../openapi/api-problems';
import { problem, ProblemError, refuse } from '../problem/problem';
import { ConnectionTestService } from './connection-test.service';
import {
  createDestinationSchema,
  destinationIdSchema,
  destinationListSchema,
  destinationViewSchema,
  testDestinationSchema,
  testResultSchema,
  updateDestinationSchema,
  type DestinationBody,
  type TestBody,
  type TestResult,
} from './destinations.schema';
import { DestinationsService, type Saved } from './destinations.service';
import { viewOf, type DestinationRow, type DestinationView } from './domain/destination-view';
import { etagOf, parseIfMatch, type IfMatch } from './domain/etag';
import { TestLimit } from './test-limit';

/** What of a reply is used here. */
interface Reply {
  header(name: string, value: string): unknown;
}

const ifMatchHeader = { name: 'if-match', required: true, description: 'The ETag of the version that was read' };
const etagHeader = { etag: { description: 'The version', schema: { type: 'string' as const } } };

@Controller('destinations')
export class DestinationsController {
  constructor(
    private readonly destinations: DestinationsService,
    private readonly connectionTest: ConnectionTestService,
    private readonly testLimit: TestLimit,
  ) {}

  @Get()
  @Access('settings-admin')
  @ApiOperation({ operationId: 'listDestinations', summary: 'All destinations of the tenant' })
  @ApiOkResponse({ description: 'Oldest first', standardSchema: destinationListSchema })
  @ApiProblems(401, 403, 503)
  async list(@Tenant() tenant: string): Promise<{ items: readonly DestinationView[]; nextCursor: null }> {
    return { items: (await this.destinations.list(tenant)).map(viewOf), nextCursor: null };
  }

  @Post()
  @Access('settings-admin')
  @ApiOperation({
    operationId: 'createDestination',
    summary: 'Add a destination',
    description: 'Delivery begins with the next event that is stored after this request.',
  })
  @ApiResponse({ status: 201, description: 'Saved', standardSchema: destinationViewSchema, headers: etagHeader })
  @ApiProblems(400, 401, 403, 409, 413, 415, 422, 503)
  async create(
    @Tenant() tenant: string,
    @Body({ schema: createDestinationSchema }) body: DestinationBody,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<DestinationView> {
    const row = rowOf(await this.destinations.create(tenant, body));
    reply.header('location', `/api/v1/destinations/${row.id}`);
    return shown(row, reply);
  }

  @Post('test')
  @HttpCode(200)
  @Access('settings-admin')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    operationId: 'testDestination',
    summary: 'Test a connection without saving it',
    description: 'Writes no event. A failing receiver is a result (200, `ok` false), not an error of this request.',
  })
  @ApiOkResponse({ description: 'What was found', standardSchema: testResultSchema })
  @ApiProblems(400, 401, 403, 404, 422, 429, 503)
  async test(@Tenant() tenant: string, @Body({ schema: testDestinationSchema }) body: TestBody): Promise<TestResult> {
    const waitSeconds = this.testLimit.take(tenant);
    if (waitSeconds > 0)
      throw new ProblemError(problem('too-many-requests', `Try again in ${waitSeconds} seconds.`), {
        'retry-after': String(waitSeconds),
      });
    const tested = await this.connectionTest.test(tenant, body);
    if (tested.kind === 'absent') refuse('not-found', 'No such destination.');
    if (tested.kind === 'refused')
      refuse('refused-settings', 'These settings could not be saved, so they were not tried.', tested.faults);
    return tested.result;
  }

  @Get(':id')
  @Access('settings-admin')
  @ApiOperation({ operationId: 'getDestination', summary: 'One destination, its applied version and its health' })
  @ApiOkResponse({ description: 'The destination', standardSchema: destinationViewSchema, headers: etagHeader })
  @ApiProblems(400, 401, 403, 404, 503)
  async get(
    @Tenant() tenant: string,
    @Param('id', { schema: destinationIdSchema }) id: string,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<DestinationView> {
    const row = await this.destinations.find(tenant, id);
    return row ? shown(row, reply) : refuse('not-found', 'No such destination.');
  }

  @Put(':id')
  @Access('settings-admin')
  @ApiOperation({
    operationId: 'replaceDestination',
    summary: 'Replace the settings of a destination',
    description: 'A token that is left out stays as it is, unless the URL names another host.',
  })
  @ApiHeader(ifMatchHeader)
  @ApiOkResponse({ description: 'Saved', standardSchema: destinationViewSchema, headers: etagHeader })
  @ApiProblems(400, 401, 403, 404, 412, 413, 415, 422, 428, 503)
  async replace(
    @Tenant() tenant: string,
    @Param('id', { schema: destinationIdSchema }) id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Body({ schema: updateDestinationSchema }) body: DestinationBody,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<DestinationView> {
    return shown(rowOf(await this.destinations.update(tenant, id, precondition(ifMatch), body)), reply);
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('settings-admin')
  @ApiOperation({
    operationId: 'deleteDestination',
    summary: 'Remove a destination, its position and its dead letters',
  })
  @ApiHeader(ifMatchHeader)
  @ApiNoContentResponse({ description: 'Removed' })
  @ApiProblems(400, 401, 403, 404, 412, 428, 503)
  async remove(
    @Tenant() tenant: string,
    @Param('id', { schema: destinationIdSchema }) id: string,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    const removed = await this.destinations.remove(tenant, id, precondition(ifMatch));
    if (removed.kind !== 'removed') refuseMissed(removed.kind);
  }
}

function shown(row: DestinationRow, reply: Reply): DestinationView {
  reply.header('etag', etagOf(row.version));
  return viewOf(row);
}

function rowOf(saved: Saved): DestinationRow {
  if (saved.kind === 'refused') refuse('refused-settings', 'Nothing was saved.', saved.faults);
  if (saved.kind === 'quota')
    refuse('conflict', 'The tenant has as many destinations as it may have. Remove one first.');
  return saved.kind === 'saved' ? saved.row : refuseMissed(saved.kind);
}

function refuseMissed(kind: 'absent' | 'changed'): never {
  return kind === 'absent'
    ? refuse('not-found', 'No such destination.')
    : refuse('version-mismatch', 'Read it again, look at what changed, and send the new ETag.');
}

function precondition(header: string | undefined): Exclude<IfMatch, { kind: 'missing' }> {
  const parsed = parseIfMatch(header);
  return parsed.kind === 'missing'
    ? refuse('version-required', 'Send the ETag of the version that you read as If-Match.')
    : parsed;
}
