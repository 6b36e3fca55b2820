// Says in the OpenAPI document with which problems a route can answer.
import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { problem, problemTypeOf } from '../problem/problem';

export const problemSchema = {
  type: 'object',
  description: 'RFC 9457',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      description: 'The faults, each with the parameter or the place in the body',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: {
          path: { type: 'string' },
          message: { type: 'string' },
          code: { type: 'string', description: 'Of a fault in a filter: which one' },
          start: { type: 'integer', description: 'Where it begins in the text, in UTF-16 units' },
          end: { type: 'integer', description: 'Behind its last character' },
          suggestion: { type: 'string', description: 'What would be right in its place' },
        },
      },
    },
  },
};

export function ApiProblems(...statuses: number[]): MethodDecorator {
  return applyDecorators(
    ...statuses.map((status) =>
      ApiResponse({
        status,
        description: problem(problemTypeOf(status), '').title,
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      }),
    ),
  );
}
