/** How many wrong secrets, and how many at once, the login host takes for one application. */
import { limits } from "../core/index.ts";
import type { Clock } from "../core/index.ts";

export interface RefusalBudget {
  /** Seconds to wait before this application may try; 0 lets it, and `leave` must follow. */
  readonly enter: (appId: string) => number;
  readonly leave: (appId: string, right: boolean) => void;
}

const minuteMs = 60_000;

/** Counts refusals by minute and attempts under way, for applications that exist: at most `limits.applicationsMax`. */
export function refusalBudget(clock: Clock): RefusalBudget {
  const spent = new Map<string, { readonly minute: number; readonly refusals: number }>();
  let underWay = 0;
  return {
    enter(appId) {
      const nowMs = clock.nowMs();
      const minute = Math.floor(nowMs / minuteMs);
      const entry = spent.get(appId);
      if (entry?.minute === minute && entry.refusals >= limits.tokenRefusalsPerMinuteMax) {
        return Math.max(1, Math.ceil(((minute + 1) * minuteMs - nowMs) / 1000));
      }
      // Each attempt takes a thread of the pool and 16 MiB for its hash.
      if (underWay >= limits.tokenAttemptsAtOnceMax) return 1;
      underWay += 1;
      return 0;
    },
    leave(appId, right) {
      underWay -= 1;
      if (right) return void spent.delete(appId);
      const minute = Math.floor(clock.nowMs() / minuteMs);
      const entry = spent.get(appId);
      spent.set(appId, {
        minute,
        refusals: entry?.minute === minute ? entry.refusals + 1 : 1,
      });
    },
  };
}
