/** Waiting for something that another side brings: asked again and again until it is there or the time is over. */
import { limits, messageOf, sleep } from "../core/index.ts";
import type { Clock } from "../core/index.ts";

/** Whether it is there; `says` tells what was seen. */
export interface Arrival {
  readonly arrived: boolean;
  readonly says: string;
}

export interface Patience {
  readonly clock: Clock;
  /** When the waiting began; of several waits together, the first. */
  readonly startMs: number;
  /** From `startMs` on. It is asked at least once. */
  readonly waitMs: number;
  /** Told each time that it is not there yet. */
  readonly onWait?: (says: string, elapsedMs: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks again after `limits.onboardFirstPollMs`, then after twice as long each time, up to `limits.onboardPollMs`: on a
 * platform beside it data comes at once, in Azure after minutes. A question that fails is no answer yet.
 *
 * @returns the last answer. @throws only when `signal` is aborted.
 */
export async function untilArrived(
  ask: () => Promise<Arrival>,
  { clock, startMs, waitMs, onWait, signal }: Patience,
): Promise<Arrival> {
  for (let pollMs: number = limits.onboardFirstPollMs; ; pollMs *= 2) {
    const answer = await ask().catch((error: unknown) => notYet(error, signal));
    if (answer.arrived) return answer;
    const elapsedMs = clock.nowMs() - startMs;
    onWait?.(answer.says, elapsedMs);
    if (elapsedMs >= waitMs) return answer;
    await sleep(clock, Math.min(pollMs, limits.onboardPollMs, waitMs - elapsedMs), signal);
  }
}

/** A question that fails is no answer yet; an interruption is. */
function notYet(error: unknown, signal: AbortSignal | undefined): Arrival {
  if (signal?.aborted === true) throw error;
  return { arrived: false, says: messageOf(error) };
}
