// What the destination resources take and give. The options of a type are its own settings schema, from the registry.
import { destinationTypes, type DestinationType } from '@auditlane/contracts';
import { registry } from '@auditlane/destinations';
import { searchLimits } from '@auditlane/search';
import { z } from 'zod';
import { healthStates } from './domain/destination-view';
import { testStages, type TestStage } from './domain/test-stages';

/** What the body of a destination says, whatever its type. */
export interface DestinationBody {
  readonly type: DestinationType;
  readonly name: string;
  readonly enabled: boolean;
  readonly url: string;
  readonly token?: string | undefined;
  readonly options: Readonly<Record<string, unknown>>;
  readonly caPem?: string | null | undefined;
  readonly filter?: string | null | undefined;
  readonly resume?: Resume | undefined;
}

export interface TestBody {
  readonly type: DestinationType;
  readonly url: string;
  readonly destinationId?: string | undefined;
  readonly token?: string | undefined;
  readonly options: Readonly<Record<string, unknown>>;
  readonly caPem?: string | null | undefined;
  readonly sendEvent: boolean;
}

export const resumes = ['where_stopped', 'from_now'] as const;
export type Resume = (typeof resumes)[number];

const name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u, 'must not contain control characters')
  .meta({ description: 'What the page calls it' });
export const urlSchema = z
  .string()
  .min(1)
  .max(2048)
  .meta({ description: "The receiver's base URL, https:// only", format: 'uri' });
const token = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^\S(.*\S)?$/s, 'must not begin or end with a blank')
  .optional()
  .meta({
    description: 'Written, never read back. Left out: the stored one is kept, as long as the URL names the same host.',
    writeOnly: true,
  });
const caPem = z
  .string()
  .max(64 * 1024)
  .regex(/-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/, 'must be one or more certificates in PEM form')
  .nullable()
  .optional()
  .meta({ description: 'CA certificates trusted for this destination besides the public ones, in PEM form' });
export const filterSchema = z.string().nullable().optional().meta({
  description:
    'Which events are sent, in the search grammar (docs/search.md), without relative dates; kept in its canonical form. null, empty or left out: every event of the tenant',
  maxLength: searchLimits.characters,
});
const resume = z.enum(resumes).optional().meta({
  description:
    'Where delivery begins when this request enables the destination: with the first event not yet delivered (default), or with the next one',
});

const settings = { name, enabled: z.boolean(), url: urlSchema, token, caPem, filter: filterSchema };

/** One strict object per type, so that a fault in `options` is named by its path and the document shows each type's options. */
export function perType<Shape extends z.ZodRawShape>(id: string, shape: Shape) {
  const [first, ...others] = destinationTypes.map((type) =>
    z
      .strictObject({ ...shape, type: z.literal(type), options: registry[type].settings.prefault({}) })
      .meta({ id: `${id}${type[0]?.toUpperCase()}${type.slice(1)}` }),
  );
  if (!first) throw new Error('there are no destination types');
  return z.discriminatedUnion('type', [first, ...others]);
}

export const createDestinationSchema = perType('CreateDestination', settings);
export const updateDestinationSchema = perType('UpdateDestination', { ...settings, resume });
export const testDestinationSchema = perType('TestDestination', {
  url: urlSchema,
  token,
  caPem,
  destinationId: z
    .uuid()
    .optional()
    .meta({ description: 'A saved destination whose token is used where none is given (same host only)' }),
  sendEvent: z.boolean().default(false).meta({
    description:
      'Also write one event, marked as a test (`"test": true`, `seq` 0), through the same path as every other: only that shows that events are taken',
  }),
});

export const destinationIdSchema = z.uuid().meta({ description: 'The id of the destination' });

const instantOrNull = z.string().nullable().meta({ format: 'date-time' });
export const destinationViewSchema = z
  .object({
    id: z.uuid(),
    type: z.enum(destinationTypes),
    name: z.string(),
    enabled: z.boolean(),
    url: z.string(),
    options: z.record(z.string(), z.unknown()),
    caPem: z.string().nullable(),
    filter: z.string().nullable(),
    tokenLast4: z.string().meta({ description: 'The last four characters of the token; empty for a short one' }),
    version: z.int().meta({ description: 'The settings version in which it was last written; its ETag' }),
    appliedVersion: z.int().nullable().meta({
      description: 'The version that every live forwarder of this type has applied; null where none is alive',
    }),
    applied: z.boolean().meta({ description: 'Whether this version is in force' }),
    startSeq: z.int().meta({ description: 'The first event that is delivered' }),
    createdAt: z.string().meta({ format: 'date-time' }),
    updatedAt: z.string().meta({ format: 'date-time' }),
    health: z.object({
      state: z.enum(healthStates).meta({ description: '`starting`: no forwarder has reported about it yet' }),
      reason: z.string().nullable().meta({ description: 'Reason code; see the runbook' }),
      words: z.string().nullable().meta({ description: "The receiver's own words; a stranger's text, to be escaped" }),
      fix: z.string().nullable().meta({ description: 'What an admin can do about it' }),
      since: instantOrNull.meta({
        description:
          'Since when it is in this state; of `retrying` and `failing`: when the outage began, which only a success ends',
      }),
      lagEvents: z.int().meta({ description: 'Stored events that were not delivered yet' }),
      lagSeconds: z.int().meta({ description: 'Age of the oldest of them; 0 where there is none' }),
      oldestUnsentAt: instantOrNull.meta({ description: 'When the oldest of them was received' }),
      lostFrom: instantOrNull.meta({
        description: 'When retention begins to delete what is not delivered yet; null where nothing waits',
      }),
      lastSuccessAt: instantOrNull,
      deliveredThrough: z.int().meta({ description: 'Every event up to this seq is delivered, or is no event for it' }),
      gap: z
        .object({ fromSeq: z.int(), toSeq: z.int(), at: z.string().meta({ format: 'date-time' }) })
        .nullable()
        .meta({ description: 'The newest range that retention deleted before it was delivered' }),
      asOf: instantOrNull.meta({
        description:
          'When the forwarder last reported (every 10 s while something changes); what is newer is not in these figures',
      }),
    }),
  })
  .meta({ id: 'Destination' });

export const destinationListSchema = z
  .object({ items: z.array(destinationViewSchema), nextCursor: z.null() })
  .meta({ id: 'DestinationList' });

const text = z.string();
export const testStageSchema = z
  .object({
    stage: z.enum(testStages),
    state: z.enum(['ok', 'failed', 'not_proven', 'not_reached']).meta({
      description:
        '`not_proven`: nothing speaks against it and nothing shows it. `not_reached`: an earlier stage failed.',
    }),
    code: text.meta({ description: 'What was found; docs/connection-tests.md lists every code' }),
    reason: text.nullable().meta({ description: 'For a failure: what delivery would give as its reason' }),
    detail: text.meta({ description: 'What was found, in a sentence' }),
    words: text.meta({
      description: "The receiver's own words, cleaned and cut; a stranger's text, to be escaped where it is shown",
    }),
    fix: text.meta({ description: 'What to do; empty where nothing needs doing' }),
    certificate: z
      .object({ subject: text, issuer: text, names: z.array(text), validFrom: text, validTo: text })
      .nullable()
      .meta({ description: "The receiver's certificate, at the stage tls" }),
  })
  .meta({ id: 'TestStage' });
export const testResultSchema = z
  .object({
    ok: z.boolean().meta({ description: 'No stage failed. What was not proven is said beside it' }),
    stages: z.array(testStageSchema).meta({ description: 'Every stage, in order' }),
    notProven: z.array(text).meta({ description: 'What a passed test does not show' }),
    eventId: text.nullable().meta({ description: 'The id of the test event, where one was to be sent' }),
    durationMs: z.int(),
  })
  .meta({ id: 'TestResult', description: 'Stages in order; the first that fails ends the test.' });
export interface TestResult {
  readonly ok: boolean;
  readonly stages: readonly TestStage[];
  readonly notProven: readonly string[];
  readonly eventId: string | null;
  readonly durationMs: number;
}
