// The decorators by which a route says who may call it, and by which a handler learns who did.
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Principal, Role } from './domain/principal';

/** On every route: the role it needs. A route that says nothing is refused to everybody. */
export const Access = Reflector.createDecorator<Role>();

const principals = new WeakMap<object, Principal>();

export function rememberPrincipal(request: object, principal: Principal): void {
  principals.set(request, principal);
}

/** The tenant of the verified token: the only place a tenant ever comes from. */
export const Tenant = createParamDecorator((_data: unknown, context: ExecutionContext): string => {
  const principal = principals.get(context.switchToHttp().getRequest<object>());
  if (!principal) throw new Error('no guard has seen this request');
  return principal.tenant;
});

/** Who the token speaks for, to be written down beside what they asked for. */
export const Subject = createParamDecorator((_data: unknown, context: ExecutionContext): string => {
  const principal = principals.get(context.switchToHttp().getRequest<object>());
  if (!principal) throw new Error('no guard has seen this request');
  return principal.subject;
});
