// /api/v1/webhook: where a tenant is told that a destination of its fails, goes on failing, or is well again.
import { Body, Controller, Delete, Get, Header, Headers, HttpCode, Post, Put, Res } from '@nestjs/common';
import { ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access, Tenant } from '../auth/access';
import { etagOf, parseIfMatch } from '../destinations/domain/etag';
import { admitted } from '../destinations/admitted';
import { TestLimit } from '../destinations/test-limit';
import { ApiProblems } from '../openapi/api-problems';
import { refuse } from '../problem/problem';
import type { WebhookRow } from './webhook.repository';
import {
  notificationListSchema,
  webhookBodySchema,
  webhookTestSchema,
  webhookViewSchema,
  type NotificationList,
  type WebhookBody,
  type WebhookTest,
  type WebhookView,
} from './webhook.schema';
import { WebhookService } from './webhook.service';

interface Reply {
  header(name: string, value: string): unknown;
}

const etagHeader = { etag: { description: 'The version', schema: { type: 'string' as const } } };
const none = 'No webhook is set.';

@Controller('webhook')
export class WebhookController {
  constructor(
    private readonly webhooks: WebhookService,
    private readonly testLimit: TestLimit,
  ) {}

  @Get()
  @Access('settings-admin')
  @ApiOperation({ operationId: 'getWebhook', summary: 'The webhook that is told of outages, without its secret' })
  @ApiOkResponse({ description: 'The webhook', standardSchema: webhookViewSchema, headers: etagHeader })
  @ApiProblems(401, 403, 404, 503)
  async get(@Tenant() tenant: string, @Res({ passthrough: true }) reply: Reply): Promise<WebhookView> {
    const row = await this.webhooks.find(tenant);
    return row ? shown(row, reply) : refuse('not-found', none);
  }

  @Put()
  @Access('settings-admin')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    operationId: 'putWebhook',
    summary: 'Set or replace the webhook',
    description:
      'The first save makes a secret, as does `rotateSecret`; it is in the answer to that request and nowhere else. Requests are signed by the Standard Webhooks specification.',
  })
  @ApiHeader({ name: 'if-match', required: false, description: 'The ETag that was read; needed where one is set' })
  @ApiOkResponse({ description: 'Saved', standardSchema: webhookViewSchema, headers: etagHeader })
  @ApiProblems(400, 401, 403, 412, 413, 415, 422, 428, 503)
  async put(
    @Tenant() tenant: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Body({ schema: webhookBodySchema }) body: WebhookBody,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<WebhookView> {
    const saved = await this.webhooks.save(tenant, parseIfMatch(ifMatch), body);
    if (saved.kind === 'unconditional') return refuseUnconditional();
    if (saved.kind === 'refused') return refuse('refused-settings', 'Nothing was saved.', saved.faults);
    if (saved.kind === 'changed') return refuseChanged();
    return { ...shown(saved.row, reply), ...(saved.secret === undefined ? {} : { secret: saved.secret }) };
  }

  @Delete()
  @HttpCode(204)
  @Access('settings-admin')
  @ApiOperation({ operationId: 'deleteWebhook', summary: 'Remove the webhook: nobody is told any more' })
  @ApiHeader({ name: 'if-match', required: true, description: 'The ETag of the version that was read' })
  @ApiNoContentResponse({ description: 'Removed' })
  @ApiProblems(401, 403, 404, 412, 428, 503)
  async remove(@Tenant() tenant: string, @Headers('if-match') ifMatch: string | undefined): Promise<void> {
    const precondition = parseIfMatch(ifMatch);
    if (precondition.kind === 'missing') return refuseUnconditional();
    const removed = await this.webhooks.remove(tenant, precondition);
    if (removed === 'absent') refuse('not-found', none);
    if (removed === 'changed') refuseChanged();
  }

  @Post('test')
  @HttpCode(200)
  @Access('settings-admin')
  @ApiOperation({
    operationId: 'testWebhook',
    summary: 'Post a signed test message to the saved webhook',
    description: 'A failing receiver is a result (200, `ok` false), not an error of this request.',
  })
  @ApiOkResponse({ description: 'What was found', standardSchema: webhookTestSchema })
  @ApiProblems(401, 403, 404, 429, 503)
  async test(@Tenant() tenant: string): Promise<WebhookTest> {
    const release = admitted(this.testLimit, tenant);
    try {
      return (await this.webhooks.test(tenant)) ?? refuse('not-found', none);
    } finally {
      release();
    }
  }

  @Get('notifications')
  @Access('settings-admin')
  @ApiOperation({
    operationId: 'listNotifications',
    summary: 'The last hundred notifications, and what became of them',
  })
  @ApiOkResponse({ description: 'Newest first', standardSchema: notificationListSchema })
  @ApiProblems(401, 403, 503)
  async notifications(@Tenant() tenant: string): Promise<NotificationList> {
    return { items: await this.webhooks.notifications(tenant), nextCursor: null };
  }
}

function shown(row: WebhookRow, reply: Reply): WebhookView {
  reply.header('etag', etagOf(row.version));
  const { url, enabled, ca_pem: caPem, version, updated_at: updatedAt } = row;
  return { url, enabled, caPem, version, updatedAt: updatedAt.toISOString() };
}

function refuseChanged(): never {
  return refuse('version-mismatch', 'Read it again, look at what changed, and send the new ETag.');
}

function refuseUnconditional(): never {
  return refuse('version-required', 'Send the ETag of the version that you read as If-Match.');
}
