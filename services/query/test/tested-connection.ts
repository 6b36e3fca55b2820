// Runs Test Connection through the API and reads its result.
import { z } from 'zod';
import type { Answer, QueryUnderTest } from './query-service';

const stage = z.object({
  stage: z.string(),
  state: z.enum(['ok', 'failed', 'not_proven', 'not_reached']),
  code: z.string(),
  reason: z.string().nullable(),
  detail: z.string(),
  words: z.string(),
  fix: z.string(),
  certificate: z
    .object({ names: z.array(z.string()), issuer: z.string() })
    .loose()
    .nullable(),
});
export const resultSchema = z.object({
  ok: z.boolean(),
  stages: z.array(stage),
  notProven: z.array(z.string()),
  eventId: z.string().nullable(),
  durationMs: z.number(),
});
export type Result = z.infer<typeof resultSchema>;
export type Stage = z.infer<typeof stage>;

export const testPath = '/api/v1/destinations/test';

export function askTest(
  query: QueryUnderTest,
  json: Readonly<Record<string, unknown>>,
  tenant = 'tester',
): Promise<Answer> {
  return query.call(testPath, { method: 'POST', as: [tenant, 'settings-admin'], json });
}

export async function testConnection(
  query: QueryUnderTest,
  json: Readonly<Record<string, unknown>>,
  tenant = 'tester',
): Promise<Result> {
  const answer = await askTest(query, json, tenant);
  expect([answer.status, answer.text]).toEqual([200, expect.anything()]);
  return resultSchema.parse(answer.body);
}

/** Every stage as stage:state. */
export const shapeOf = ({ stages }: Result): readonly string[] => stages.map((one) => `${one.stage}:${one.state}`);

export const failureOf = ({ stages }: Result): Stage | undefined => stages.find((one) => one.state === 'failed');

/** The one failure, as stage:code, with what each failure must have besides. */
export function faultOf(result: Result): string {
  const failed = failureOf(result);
  if (failed === undefined) return 'none';
  expect(failed.detail).not.toBe('');
  expect(failed.fix).not.toBe('');
  expect(result.ok).toBe(false);
  const at = result.stages.indexOf(failed);
  // What comes after a failure is not reached; nothing before it is left out.
  expect(result.stages.slice(at + 1).map((one) => one.state)).toEqual(
    result.stages.slice(at + 1).map(() => 'not_reached'),
  );
  return `${failed.stage}:${failed.code}`;
}
