/** What one data collection rule may take in a minute: requests and bytes. */
import { limits } from "../core/index.ts";
import type { Clock } from "../core/index.ts";

export interface RuleQuota {
  /** Counts a request of a rule. Answers the seconds to wait where the minute is used up, and counts nothing then. */
  request(immutableId: string): number | undefined;
  /** Counts the bytes of a request that was let in, uncompressed; answers as `request`. */
  bytes(immutableId: string, count: number): number | undefined;
}

interface Minute {
  readonly startMs: number;
  requests: number;
  bytes: number;
}

const MINUTE_MS = 60_000;

/**
 * Counts by minutes of the clock, each rule for itself.
 *
 * @see learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#logs-ingestion-api; that minutes are those of the clock is inferred.
 */
export function ruleQuota(clock: Pick<Clock, "nowMs">): RuleQuota {
  const minutes = new Map<string, Minute>();
  const minuteOf = (immutableId: string): Minute => {
    const startMs = Math.floor(clock.nowMs() / MINUTE_MS) * MINUTE_MS;
    const known = minutes.get(immutableId);
    if (known?.startMs === startMs) return known;
    // Rules that were deleted are forgotten with their last minute.
    for (const [other, { startMs: began }] of minutes) if (began < startMs) minutes.delete(other);
    const fresh = { startMs, requests: 0, bytes: 0 };
    minutes.set(immutableId, fresh);
    return fresh;
  };
  const waitSeconds = ({ startMs }: Minute): number =>
    Math.max(1, Math.ceil((startMs + MINUTE_MS - clock.nowMs()) / 1000));
  return {
    request(immutableId) {
      const minute = minuteOf(immutableId);
      if (minute.requests >= limits.logsRuleRequestsPerMinuteMax) return waitSeconds(minute);
      minute.requests++;
      return undefined;
    },
    bytes(immutableId, count) {
      const minute = minuteOf(immutableId);
      if (minute.bytes + count > limits.logsRuleBytesPerMinuteMax) return waitSeconds(minute);
      minute.bytes += count;
      return undefined;
    },
  };
}
