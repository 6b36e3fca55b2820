// GET /api/v1/catalogue: the areas, their actions and categories, as producers and pages name them.
import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { catalogue, categories } from '@auditlane/contracts';
import { z } from 'zod';
import { Access } from '../auth/access';
import { ApiProblems } from '../openapi/api-problems';

const catalogueSchema = z
  .object({
    categories: z.array(z.string()),
    areas: z.array(
      z.object({
        key: z.string(),
        name: z.string(),
        actions: z.array(
          z.object({ key: z.string(), name: z.string(), category: z.enum(categories), description: z.string() }),
        ),
      }),
    ),
  })
  .meta({ id: 'Catalogue' });

@Controller('catalogue')
export class CatalogueController {
  @Get()
  @Access('viewer')
  @ApiOperation({ operationId: 'getCatalogue', summary: 'Everything that is audited' })
  @ApiOkResponse({ description: 'Areas in the order of the documentation', standardSchema: catalogueSchema })
  @ApiProblems(401, 403)
  get(): { categories: typeof categories; areas: typeof catalogue } {
    return { categories, areas: catalogue };
  }
}
