// GET /api/v1/destinations/{id}/attempts: the last hundred requests to a receiver, newest first.
import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import type { z } from 'zod';
import { Access, Tenant } from '../auth/access';
import { destinationIdSchema } from '../destinations/destinations.schema';
import { ApiProblems } from '../openapi/api-problems';
import { refuse } from '../problem/problem';
import { AttemptsRepository } from './attempts.repository';
import { attemptListSchema } from './attempts.schema';

@Controller('destinations/:id/attempts')
export class AttemptsController {
  constructor(private readonly attempts: AttemptsRepository) {}

  @Get()
  @Access('settings-admin')
  @ApiOperation({ operationId: 'listAttempts', summary: 'The last hundred requests to a receiver' })
  @ApiOkResponse({ description: 'Newest first', standardSchema: attemptListSchema })
  @ApiProblems(400, 401, 403, 404, 503)
  async list(
    @Tenant() tenant: string,
    @Param('id', { schema: destinationIdSchema }) id: string,
  ): Promise<z.infer<typeof attemptListSchema>> {
    const found = await this.attempts.of(tenant, id);
    if (!found) return refuse('not-found', 'No such destination.');
    return { items: [...found.items], nextCursor: null, asOf: found.asOf?.toISOString() ?? null };
  }
}
