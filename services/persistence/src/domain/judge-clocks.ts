// Whether the database's date may be written into rows that are kept for so many days from it. See docs/adr/0001.

export interface Clocks {
  readonly database: number;
  /** This process's own. */
  readonly service: number;
  /** LogAppendTime of the newest record in the batch: the broker's clock, some time ago. */
  readonly newestRecord: number;
}

export const clockToleranceMs = 3_600_000;

/**
 * A database behind the broker is wrong for sure: a record cannot be from the future. A database ahead of it may be right about an old
 * record (a backlog); then this process's clock has to bear it out.
 */
export function clocksAgree({ database, service, newestRecord }: Clocks): boolean {
  if (newestRecord - database > clockToleranceMs) return false;
  if (database - newestRecord <= clockToleranceMs) return true;
  return Math.abs(service - database) <= clockToleranceMs;
}
