// Stands before every route: no role declared, no entry; no valid token, no entry; another role, no entry.
import type { IncomingMessage } from 'node:http';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import type { Counter } from 'prom-client';
import type { Logger } from '@auditlane/observability';
import { problem, ProblemError, refuse } from '../problem/problem';
import { Access, rememberPrincipal } from './access';
import { bearerOf } from './domain/bearer';
import { mayAct, type Principal, type Role } from './domain/principal';
import type { TokenVerifier } from './token-verifier';

export class AccessGuard implements CanActivate {
  private withoutKeys = false;

  constructor(
    private readonly reflector: Reflector,
    private readonly verifier: TokenVerifier,
    private readonly refusals: Counter,
    private readonly logger: Logger,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const needed = this.reflector.get<Role | undefined>(Access.KEY, context.getHandler());
    const request = context.switchToHttp().getRequest<{ raw: IncomingMessage }>();
    const principal = await this.authenticate(request.raw);
    if (needed === undefined || !mayAct(principal, needed)) {
      this.refusals.inc({ reason: 'role' });
      return refuse('forbidden', needed === undefined ? 'This route is closed.' : `The role ${needed} is needed.`);
    }
    rememberPrincipal(request, principal);
    return true;
  }

  private async authenticate(request: IncomingMessage): Promise<Principal> {
    const bearer = bearerOf(request.headersDistinct['authorization'] ?? []);
    if (bearer.kind !== 'token') {
      this.refusals.inc({ reason: bearer.kind === 'none' ? 'missing' : 'malformed' });
      return refuseToken(bearer.kind === 'none' ? undefined : 'invalid_request');
    }
    const verification = await this.verifier.verify(bearer.token);
    if (verification.kind === 'verified') {
      this.withoutKeys = false;
      return verification.principal;
    }
    if (verification.kind === 'unavailable') {
      // Once an outage: whoever sends tokens must not be able to fill the log.
      if (!this.withoutKeys)
        this.logger.error(
          { err: verification.error },
          'no token can be verified: the keys of the issuer cannot be had',
        );
      this.withoutKeys = true;
      this.refusals.inc({ reason: 'keys_unavailable' });
      throw new ProblemError(
        problem('unavailable', 'The issuer of the tokens does not answer. Try again in a moment.'),
        {
          'retry-after': '2',
        },
      );
    }
    this.refusals.inc({ reason: verification.reason });
    return refuseToken('invalid_token');
  }
}

/** One answer for every token that is not good: which check it failed is for our metrics, not for whoever tries them out. */
function refuseToken(error: string | undefined): never {
  throw new ProblemError(problem('unauthenticated', 'Send a valid token as "Authorization: Bearer <token>".'), {
    'www-authenticate': error === undefined ? 'Bearer realm="auditlane"' : `Bearer realm="auditlane", error="${error}"`,
  });
}
