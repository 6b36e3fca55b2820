// What an admin can say about an HTTP collector besides its URL and token.
import { z } from 'zod';

const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/;
/** Visible characters with blanks or tabs only between them: anything else would end the header and begin another. */
const headerValue = /^[\x21-\x7e](?:[\x20-\x7e\t]{0,1022}[\x21-\x7e])?$/;

/** Headers that steer the connection or the route, say what the body is, carry credentials, or claim whom a request comes from. */
const forbidden =
  /^(?:authorization|cookie2?|set-cookie2?|host|connection|keep-alive|te|trailers?|transfer-encoding|upgrade|expect|max-forwards|date|via|forwarded|origin|referer|range|idempotency-key|accept-encoding|http2-settings|x-(?:http-)?method(?:-override)?|x-(?:original|rewrite)-url|(?:x-real|x-client|true-client|cf-connecting)-ip|(?:content|proxy|sec|if|x-forwarded|x-amz|x-auditlane)-.*)$/i;

const headers = z
  .record(
    z
      .string()
      .regex(headerName, 'must be a header name')
      .refine((name) => !forbidden.test(name), 'this header is set by us, or may not be set'),
    z.string().regex(headerValue, 'must be a header value: visible ASCII, at most 1024 characters'),
  )
  .refine((all) => Object.keys(all).length <= 20, 'at most 20 headers')
  .refine(
    (all) => new Set(Object.keys(all).map((name) => name.toLowerCase())).size === Object.keys(all).length,
    'a header stands twice',
  );

export const httpSettings = z
  .strictObject({
    format: z.enum(['array', 'ndjson', 'single']).default('array').meta({
      description:
        '`array`: a JSON array. `ndjson`: one event a line. `single`: one event a request, with its id as Idempotency-Key.',
    }),
    headers: headers.default({}).meta({
      description: 'Further request headers, at most 20. They are shown to admins: no place for secrets.',
      maxProperties: 20,
    }),
    gzip: z
      .boolean()
      .default(false)
      .meta({ description: 'Compress request bodies. Not every collector can read them.' }),
  })
  .meta({ description: 'HTTPS collector with a bearer token' });

export type HttpSettings = z.infer<typeof httpSettings>;
