/**
 * How much one principal may ask: 200 queries in 30 seconds, 5 at once, 200 waiting, none longer than 3 minutes.
 *
 * @see learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits, "Query API" and "User query throttling"
 */
import { limits } from "../../core/index.ts";
import type { Clock } from "../../core/index.ts";

export type Admitted =
  | { readonly kind: "admitted"; readonly done: () => void }
  | { readonly kind: "throttled"; readonly says: string; readonly retryAfterSeconds: number };

export interface UserQueries {
  /** Waits for the principal's turn. The caller ends an admitted one with `done`. */
  admit(principalId: string, signal: AbortSignal): Promise<Admitted>;
}

interface User {
  /** When its last queries came, oldest first. */
  readonly asked: number[];
  running: number;
  readonly waiting: (() => void)[];
}

/** Principals are forgotten when they have asked nothing for the window's length. */
export function userQueries(clock: Clock): UserQueries {
  const users = new Map<string, User>();
  return {
    async admit(principalId, signal) {
      const nowMs = clock.nowMs();
      forgetOld(users, nowMs);
      const user = users.get(principalId) ?? { asked: [], running: 0, waiting: [] };
      users.set(principalId, user);
      const [oldest] = user.asked;
      if (oldest !== undefined && user.asked.length >= limits.logsQueriesPerWindowMax) {
        const leftMs = oldest + limits.logsQueryWindowMs - nowMs;
        return throttled(
          `${user.asked.length} queries came in the last ${limits.logsQueryWindowMs / 1000} seconds; the limit is ${limits.logsQueriesPerWindowMax}.`,
          leftMs,
        );
      }
      user.asked.push(nowMs);
      if (user.running >= limits.logsQueriesAtOnceMax) {
        const refusal = await turnOf(user, clock, signal);
        if (refusal !== undefined) return refusal;
      } else user.running++;
      return { kind: "admitted", done: once(() => release(user)) };
    },
  };
}

const throttled = (says: string, waitMs: number): Extract<Admitted, { kind: "throttled" }> => ({
  kind: "throttled",
  says,
  retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
});

/** Waits in the principal's queue. Who is woken takes over the place of the query that ended. */
function turnOf(user: User, clock: Clock, signal: AbortSignal): Promise<Admitted | undefined> {
  if (user.waiting.length >= limits.logsQueriesWaitingMax) {
    return Promise.resolve(
      throttled(
        `${user.waiting.length} queries wait; the limit is ${limits.logsQueriesWaitingMax}.`,
        1000,
      ),
    );
  }
  return new Promise((resolve) => {
    const leave = (answer: Admitted | undefined): void => {
      timer.cancel();
      signal.removeEventListener("abort", gone);
      const at = user.waiting.indexOf(wake);
      if (at >= 0) user.waiting.splice(at, 1);
      resolve(answer);
    };
    const wake = (): void => leave(undefined);
    const gone = (): void => leave(throttled("The client went away.", 0));
    const timer = clock.after(limits.logsQueryQueueMs, () =>
      leave(
        throttled(
          `The query waited ${limits.logsQueryQueueMs / 1000} seconds for the principal's other queries; the limit is ${limits.logsQueriesAtOnceMax} at once.`,
          1000,
        ),
      ),
    );
    signal.addEventListener("abort", gone, { once: true });
    user.waiting.push(wake);
  });
}

function release(user: User): void {
  const next = user.waiting.shift();
  if (next === undefined) user.running--;
  else next();
}

function once(run: () => void): () => void {
  let ran = false;
  return () => {
    if (ran) return;
    ran = true;
    run();
  };
}

function forgetOld(users: Map<string, User>, nowMs: number): void {
  const from = nowMs - limits.logsQueryWindowMs;
  for (const [principalId, user] of users) {
    while ((user.asked[0] ?? Infinity) <= from) user.asked.shift();
    if (user.asked.length === 0 && user.running === 0 && user.waiting.length === 0) {
      users.delete(principalId);
    }
  }
}
