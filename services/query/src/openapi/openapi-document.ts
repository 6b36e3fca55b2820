// The OpenAPI 3.1 document of the API, made from the routes and the same zod schemas that validate them.
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { problemSchema } from './api-problems';

export const apiPrefix = 'api/v1';

export function createOpenApiDocument(app: INestApplication): OpenAPIObject {
  const description = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Auditlane')
    .setDescription(
      'The audit log of a tenant: who did what, and when; and where it is streamed to. The tenant is the one of the token.',
    )
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
    .addSecurityRequirements('bearer')
    .build();
  const document = SwaggerModule.createDocument(app, description, {
    standardSchemaConverter: (schema, { schemaType }) => convert(schema, schemaType),
  });
  const schemas = { ...document.components?.schemas, Problem: problemSchema };
  return { ...document, components: { ...document.components, schemas } };
}

/** JSON Schema 2020-12 is the dialect of OpenAPI 3.1; every schema with an id becomes a component. */
function convert(schema: unknown, io: 'input' | 'output') {
  if (!(schema instanceof z.ZodType)) return undefined;
  const {
    $schema: _dialect,
    $defs,
    ...root
  } = z.toJSONSchema(schema, {
    io,
    override: ({ zodSchema, jsonSchema }) => {
      const { openapi } = z.globalRegistry.get(zodSchema) ?? {};
      if (typeof openapi === 'object' && openapi !== null) {
        for (const key of Object.keys(jsonSchema)) if (key !== 'description') Reflect.deleteProperty(jsonSchema, key);
        Object.assign(jsonSchema, openapi);
      }
      Reflect.deleteProperty(jsonSchema, 'id');
    },
  });
  const id = z.globalRegistry.get(schema)?.id;
  // A root with an id may come as a reference to itself among its definitions.
  const components = { ...(id === undefined ? {} : { [id]: root }), ...$defs };
  return { schema: id === undefined ? root : { $ref: `#/$defs/${id}` }, components };
}
