// The closed list of what can go wrong with a request, in the form of RFC 9457. Each type is part of the public contract.

const types = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  'invalid-cursor': { status: 400, title: 'The cursor does not belong to this request' },
  'malformed-json': { status: 400, title: 'The body is not JSON' },
  unauthenticated: { status: 401, title: 'A valid bearer token is needed' },
  forbidden: { status: 403, title: 'The token does not permit this' },
  'not-found': { status: 404, title: 'There is nothing here' },
  conflict: { status: 409, title: 'The request does not fit what is there' },
  'version-mismatch': { status: 412, title: 'Someone else has changed it in the meantime' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'uri-too-long': { status: 414, title: 'The address is too long' },
  'unsupported-media-type': { status: 415, title: 'The body must be application/json' },
  'refused-settings': { status: 422, title: 'The settings cannot be saved as they are' },
  'version-required': { status: 428, title: 'If-Match is needed' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  unavailable: { status: 503, title: 'The service cannot answer right now' },
} as const;
export type ProblemType = keyof typeof types;

/** One fault of a request: `path` names the parameter or the place in the body. */
export interface Fault {
  readonly path: string;
  readonly message: string;
  /** Of a text with a grammar: which fault it is, where it stands (UTF-16 offsets), and what would be right there. */
  readonly code?: string;
  readonly start?: number;
  readonly end?: number;
  readonly suggestion?: string;
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly Fault[];
}

export function problem(type: ProblemType, detail: string, errors?: readonly Fault[]): Problem {
  const { status, title } = types[type];
  return { type: `https://auditlane.dev/problems/${type}`, title, status, detail, ...(errors ? { errors } : {}) };
}

const byStatus: ReadonlyMap<number, ProblemType> = new Map([
  [400, 'invalid-request'],
  [401, 'unauthenticated'],
  [403, 'forbidden'],
  [404, 'not-found'],
  [405, 'not-found'],
  [409, 'conflict'],
  [412, 'version-mismatch'],
  [413, 'body-too-large'],
  [414, 'uri-too-long'],
  [415, 'unsupported-media-type'],
  [422, 'refused-settings'],
  [428, 'version-required'],
  [429, 'too-many-requests'],
  [431, 'headers-too-large'],
  [503, 'unavailable'],
]);

/** What a status of the framework's own means here; `internal` for all that nobody foresaw. */
export function problemTypeOf(status: number): ProblemType {
  return byStatus.get(status) ?? (status >= 400 && status < 500 ? 'invalid-request' : 'internal');
}

/** Ends a request with this problem. For edges only: what decides returns values. */
export class ProblemError extends Error {
  constructor(
    readonly problem: Problem,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(problem.detail);
    this.name = 'ProblemError';
  }
}

export function refuse(type: ProblemType, detail: string, errors?: readonly Fault[]): never {
  throw new ProblemError(problem(type, detail, errors));
}
