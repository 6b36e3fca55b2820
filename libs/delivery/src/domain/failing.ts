// What a failure means for a lane, whatever it came from: the next try later, and small; where trying again cannot help, the cursor.
import { backOffMs } from './back-off';
import type { Refusal } from './effects';
import type { Lane } from './lane';

export function fail(lane: Lane, refusal: Refusal, afterMs: number | undefined, now: number, parks: boolean): void {
  const { condition, host } = lane;
  condition.failed(refusal, now);
  condition.retryAt = now + backOffMs(condition.attempts, afterMs, host.knobs, () => host.random());
  lane.pages.cautious = true;
  lane.changed = true;
  if (lane.isLive()) {
    if (parks) lane.park(refusal, now);
    return;
  }
  lane.truncate();
  if (lane.mode !== 'draining') return;
  lane.mode = 'parked';
  lane.cursorReason = refusal.reason;
}
