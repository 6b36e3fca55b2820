// When a lane takes another event: its own bounds, the process-wide one, and how long a full lane that delivers is worth waiting for.
import type { ByteBudget } from './byte-budget';
import type { Knobs } from './knobs';
import { Patience } from './patience';

/** From a full lane, room is made in larger steps: fewer wake-ups, larger requests. */
const roomyAt = 0.75;

export class Flow {
  private readonly patience: Patience;
  private waitingSince: number | undefined;
  private waitsUntil = 0;

  constructor(
    private readonly knobs: Knobs,
    private readonly lanes: ByteBudget,
    now: number,
  ) {
    this.patience = new Patience(knobs, now);
  }

  /** A small lane is never kept out by others that fill the process's memory. */
  hasRoom(events: number, bytes: number, more: number): boolean {
    const { laneEvents, laneBytes, laneLeastBytes } = this.knobs;
    if (events >= laneEvents || bytes + more > laneBytes) return false;
    return bytes + more <= laneLeastBytes || this.lanes.fits(more);
  }

  isFlowing(lastSuccessAt: number | undefined, now: number): boolean {
    return now - (lastSuccessAt ?? -Infinity) <= this.knobs.flowingMs;
  }

  /** Until when it may be waited for; `undefined`: not at all any more. */
  beginWait(now: number): number | undefined {
    const until = this.patience.until(now);
    if (until <= now) return undefined;
    this.waitingSince = now;
    this.waitsUntil = until;
    return until;
  }

  endWait(now: number): void {
    if (this.waitingSince === undefined) return;
    this.patience.spend(this.waitingSince, now);
    this.waitingSince = undefined;
  }

  isWorthAsking(events: number, bytes: number, now: number): boolean {
    const { laneEvents, laneBytes, lanesBytes } = this.knobs;
    if (now >= this.waitsUntil) return true;
    return events <= laneEvents * roomyAt && bytes <= laneBytes * roomyAt && this.lanes.inUse <= lanesBytes * 0.9;
  }
}
