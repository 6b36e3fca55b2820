// The last stop of every request that did not end well: one shape for all of them, no stack, no text of a library.
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { classifyDatabaseError } from '@auditlane/storage';
import type { Logger } from '@auditlane/observability';
import { problem, ProblemError, problemTypeOf, type Problem, type ProblemType } from './problem';

export interface Reply {
  header(name: string, value: string): unknown;
  status(code: number): unknown;
  send(body: Buffer): unknown;
}

@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<Reply>();
    const [answer, headers] = this.judge(error);
    sendProblem(reply, answer, headers);
  }

  private judge(error: unknown): [Problem, Readonly<Record<string, string>>] {
    if (error instanceof ProblemError) return [error.problem, error.headers];
    if (error instanceof HttpException) return [problemOfStatus(error.getStatus()), {}];
    const status = statusOf(error);
    if (status !== undefined && status < 500) return [problemOfStatus(status, codeOf(error)), {}];
    if (classifyDatabaseError(error).startsWith('retry:')) {
      this.logger.warn({ err: error }, 'the database could not answer a request');
      return [
        problem('unavailable', 'The store did not answer in time. Try again in a moment.'),
        { 'retry-after': '2' },
      ];
    }
    this.logger.error({ err: error }, 'a request failed for a reason nobody foresaw');
    return [problemOfStatus(500), {}];
  }
}

export function sendProblem(reply: Reply, answer: Problem, headers: Readonly<Record<string, string>> = {}): void {
  for (const [name, value] of Object.entries(headers)) reply.header(name, value);
  reply.header('content-type', 'application/problem+json');
  reply.status(answer.status);
  // As bytes: to text the framework would add a charset, which this media type does not have.
  reply.send(Buffer.from(JSON.stringify(answer)));
}

const details: Readonly<Partial<Record<ProblemType, string>>> = {
  'invalid-request': 'The request cannot be read.',
  'malformed-json': 'The body cannot be read as JSON.',
  'not-found': 'No resource at this address answers this method.',
  'body-too-large': 'The body is larger than this resource takes.',
  'unsupported-media-type': 'Send the body as application/json, uncompressed.',
  internal: 'The request was not carried out. The log of the service says why.',
};

/** Fastify names its own refusals by code; the status alone would not tell broken JSON from a broken address. */
export function problemOfStatus(status: number, code?: string): Problem {
  const malformed = status === 400 && (code === undefined ? false : /JSON|CTP|PARSE/.test(code));
  const type = malformed ? 'malformed-json' : problemTypeOf(status);
  return problem(type, details[type] ?? 'The request was not carried out.');
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof SyntaxError) return 'JSON';
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
