/** Rounds that come again: the first as soon as it can, each next one an interval later. */
import { messageOf } from "../../core/index.ts";
import type { Clock, Timer } from "../../core/index.ts";

export interface Periodic {
  /** Why the last round failed. */
  readonly failure: () => string | undefined;
  /** Waits for the round that runs. */
  readonly stop: () => Promise<void>;
}

/** How soon a round that could not begin is tried again. */
const RETRY_MS = 250;

/**
 * @param round answers whether it was held; false has it tried again soon. What it throws is told as `failure`.
 */
export function startPeriodic(options: {
  readonly clock: Clock;
  readonly intervalMs: () => number;
  readonly round: () => boolean | Promise<boolean>;
}): Periodic {
  const { clock, intervalMs, round } = options;
  let failure: string | undefined;
  let timer: Timer | undefined;
  let stopped = false;
  let running = Promise.resolve();
  const run = async (): Promise<void> => {
    const beganMs = clock.nowMs();
    let held = true;
    try {
      held = await round();
      failure = undefined;
    } catch (error) {
      failure = messageOf(error);
    }
    if (stopped) return;
    const passedMs = clock.nowMs() - beganMs;
    timer = clock.after(held ? Math.max(0, intervalMs() - passedMs) : RETRY_MS, begin);
  };
  const begin = (): void => void (running = run());
  timer = clock.after(0, begin);
  return {
    failure: () => failure,
    stop: () => {
      stopped = true;
      timer?.cancel();
      return running;
    },
  };
}
