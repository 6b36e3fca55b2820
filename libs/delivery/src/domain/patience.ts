// How long a partition waits for a lane that is full but delivering: a leaky budget, so that one busy receiver cannot hold up the others for good.
import type { Knobs } from './knobs';

export class Patience {
  private left: number;
  private at: number;

  constructor(
    private readonly knobs: Pick<Knobs, 'patienceMs' | 'patienceRefill'>,
    now: number,
  ) {
    this.left = knobs.patienceMs;
    this.at = now;
  }

  /** Until when the wait that begins now may last. */
  until(now: number): number {
    this.left = Math.min(this.knobs.patienceMs, this.left + (now - this.at) * this.knobs.patienceRefill);
    this.at = now;
    return now + this.left;
  }

  spend(from: number, to: number): void {
    this.left = Math.max(0, this.left - (to - from));
    this.at = to;
  }
}
