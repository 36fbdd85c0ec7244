/** A clock that tests move by hand. Nothing of the product imports it. */
import type { Clock, Timer } from "./clock.ts";

export interface FakeClock extends Clock {
  /** Moves time forward and runs every timer that comes due, in order; awaits nothing. */
  advance(byMs: number): void;
}

export function fakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let now = startMs;
  let sequence = 0;
  const timers = new Map<number, { readonly atMs: number; readonly run: () => void }>();
  const nextDue = (untilMs: number): number | undefined => {
    let due: number | undefined;
    for (const [id, timer] of timers) {
      if (timer.atMs > untilMs) continue;
      if (due === undefined || timer.atMs < (timers.get(due)?.atMs ?? 0)) due = id;
    }
    return due;
  };
  return {
    nowMs: () => now,
    after(delayMs, run): Timer {
      const id = sequence++;
      timers.set(id, { atMs: now + Math.max(0, delayMs), run });
      return { cancel: () => void timers.delete(id) };
    },
    advance(byMs) {
      const until = now + byMs;
      for (let id = nextDue(until); id !== undefined; id = nextDue(until)) {
        const timer = timers.get(id);
        timers.delete(id);
        now = Math.max(now, timer?.atMs ?? now);
        timer?.run();
      }
      now = until;
    },
  };
}
