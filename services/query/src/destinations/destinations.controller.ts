// /api/v1/destinations: where a tenant's events are streamed to. Only for those who set it up; writing needs the version that was read.
import { PassThrough } from 'node:stream';
import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  Headers,
  HttpCode,
  Param,
  Post,
  Put,
  Res,
  StreamableFile,
} from '@nestjs/common';
import {
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiResponse,
} from '@nestjs/swagger';
import { Access, Tenant } from '../auth/access';
import { ApiProblems } from '../openapi/api-problems';
import { refuse } from '../problem/problem';
import { admitted } from './admitted';
import { ConnectionTestService, type ReadyTest } from './connection-test.service';
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
interface TestReply {
  readonly raw: {
    once(event: 'close', listener: () => void): unknown;
    setTimeout(ms: number): unknown;
  };
}

const lineFormat = 'application/x-ndjson';
const graceMs = 10_000;

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
    description:
      'A failing receiver is a result (200, `ok` false), not an error of this request. Writes no event unless `sendEvent` asks for one. ' +
      'With `Accept: application/x-ndjson` each stage is a line as soon as it is settled (`{"kind":"stage",…}`; a stage may be said again), and the ' +
      'result is the last one (`{"kind":"result",…}`). Whoever closes the connection ends the test.',
  })
  @ApiProduces('application/json', lineFormat)
  @ApiOkResponse({ description: 'What was found', standardSchema: testResultSchema })
  @ApiProblems(400, 401, 403, 404, 422, 429, 503)
  async test(
    @Tenant() tenant: string,
    @Headers('accept') accept: string | undefined,
    @Body({ schema: testDestinationSchema }) body: TestBody,
    @Res({ passthrough: true }) reply: TestReply,
  ): Promise<TestResult | StreamableFile> {
    const release = admitted(this.testLimit, tenant);
    const gone = new AbortController();
    reply.raw.once('close', () => {
      gone.abort();
      release();
    });
    // The server closes connections that are silent for long, and a test may have nothing to say for its whole time.
    reply.raw.setTimeout(this.connectionTest.times.totalMs + graceMs);
    const prepared = await this.connectionTest.prepare(tenant, body);
    if (prepared.kind === 'absent') refuse('not-found', 'No such destination.');
    if (prepared.kind === 'refused')
      refuse('refused-settings', 'These settings could not be saved, so they were not tried.', prepared.faults);
    return accept?.includes(lineFormat)
      ? new StreamableFile(this.linesOf(prepared.test, gone.signal), { type: lineFormat })
      : this.connectionTest.run(prepared.test, () => {}, gone.signal);
  }

  private linesOf(test: ReadyTest, signal: AbortSignal): PassThrough {
    const lines = new PassThrough();
    const say = (line: object): unknown => lines.write(`${JSON.stringify(line)}\n`);
    const run = async (): Promise<void> => {
      const result = await this.connectionTest.run(test, (stage) => say({ kind: 'stage', ...stage }), signal);
      say({ kind: 'result', ...result });
      lines.end();
    };
    run().catch((error: unknown) => lines.destroy(error instanceof Error ? error : new Error(String(error))));
    return lines;
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
