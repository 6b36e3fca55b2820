// POST /api/v1/destinations/preview: what a filter would send, before it is saved.
import { Body, Controller, Header, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { Access, Tenant } from '../auth/access';
import { ApiProblems } from '../openapi/api-problems';
import { problem, ProblemError, refuse } from '../problem/problem';
import { PreviewLimit } from './preview-limit';
import { previewDestinationSchema, previewSchema, type Preview, type PreviewBody } from './preview.schema';
import { PreviewService } from './preview.service';

@Controller('destinations/preview')
export class PreviewController {
  constructor(
    private readonly previews: PreviewService,
    private readonly limit: PreviewLimit,
  ) {}

  @Post()
  @HttpCode(200)
  @Access('settings-admin')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    operationId: 'previewDestination',
    summary: 'What a filter would send',
    description:
      'Counts the events of the last 24 hours that the filter finds, and shows the newest of them as this type of destination would send it. Nothing is sent or saved.',
  })
  @ApiOkResponse({ description: 'What was found', standardSchema: previewSchema })
  @ApiProblems(400, 401, 403, 422, 429, 503)
  async preview(
    @Tenant() tenant: string,
    @Body({ schema: previewDestinationSchema }) body: PreviewBody,
  ): Promise<Preview> {
    const release = this.limit.take(tenant);
    if (!release)
      throw new ProblemError(
        problem('too-many-requests', 'Two previews of this tenant are under way. Try again in a moment.'),
        {
          'retry-after': '2',
        },
      );
    try {
      const previewed = await this.previews.preview(tenant, body);
      return previewed.ok
        ? previewed.preview
        : refuse('refused-settings', 'There is nothing to show for these settings.', previewed.faults);
    } finally {
      release();
    }
  }
}
