// The decorators that connect a controller's methods to a subscription. They are `EventPattern`s of Nest, named by topic role, whose
// errors reach the transport as they were thrown: Nest's own filter would answer an unknown error and the offset would be committed.
import { applyDecorators, Catch, type RpcExceptionFilter, UseFilters } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import type { TopicRole } from '@auditlane/contracts';
import type { Observable } from 'rxjs';

@Catch()
class RethrowFilter implements RpcExceptionFilter {
  catch(exception: unknown): Observable<never> {
    throw exception;
  }
}

export type HandlerKind = 'batch' | 'assigned' | 'revoked';

export const patternOf = (kind: HandlerKind, topic: TopicRole): string => `${kind}:${topic}`;

const handlerOf = (kind: HandlerKind, topic: TopicRole): MethodDecorator =>
  applyDecorators(EventPattern<string | symbol>(patternOf(kind, topic)), UseFilters(new RethrowFilter()));

/** `handle(batch: Batch): Promise<readonly Outcome[]>`: outcomes for a non-empty prefix of the records, or `[]` to discard the batch and claim again. */
export const BatchOf = (topic: TopicRole): MethodDecorator => handlerOf('batch', topic);

/** `assigned(assignment: Assignment): Promise<Claim>`: awaited before the first batch of the assignment. */
export const AssignedTo = (topic: TopicRole): MethodDecorator => handlerOf('assigned', topic);

/** `revoked(assignment: Assignment): Promise<void>`: after `assignment.signal` was aborted, before the partition is claimed again by this process. */
export const RevokedFrom = (topic: TopicRole): MethodDecorator => handlerOf('revoked', topic);
