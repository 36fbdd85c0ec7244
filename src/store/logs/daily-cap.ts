/** The daily cap's account of one workspace: bytes that count, from one reset to the next. */
import type { BilledDay } from "./log-record.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** When the day that `nowMs` is in began: the last time it was `resetHour` o'clock, UTC. */
export function dayStart(nowMs: number, resetHour: number): number {
  const shiftMs = resetHour * 60 * 60 * 1000;
  return Math.floor((nowMs - shiftMs) / DAY_MS) * DAY_MS + shiftMs;
}

/**
 * The hour, UTC, at which a workspace's daily cap begins anew. In Azure each has its own, and nobody can choose it; that it
 * follows from the workspace's id is a local choice.
 *
 * @see learn.microsoft.com/azure/azure-monitor/logs/daily-cap
 */
export const resetHourOf = (customerId: string): number =>
  Number.parseInt(customerId.slice(0, 8), 16) % 24;

export class DailyCap {
  #day: BilledDay;
  #resumed = false;

  /** @param known - what the log and the segments say of it. */
  constructor(known: BilledDay | undefined) {
    this.#day = known ?? { dayStartMs: 0, bytes: 0, capNoted: false };
  }

  /** As records write it down. */
  get billed(): BilledDay {
    return this.#day;
  }

  /** Begins a new day where one is due. */
  at(nowMs: number, resetHour: number): { readonly bytes: number; readonly resetsMs: number } {
    const dayStartMs = dayStart(nowMs, resetHour);
    if (dayStartMs > this.#day.dayStartMs) {
      this.#resumed ||= this.#day.capNoted;
      this.#day = { dayStartMs, bytes: 0, capNoted: false };
    }
    return { bytes: this.#day.bytes, resetsMs: this.#day.dayStartMs + DAY_MS };
  }

  /** Counts bytes, or takes back with a negative count what was not kept. */
  count(bytes: number): void {
    this.#day = { ...this.#day, bytes: Math.max(0, this.#day.bytes + bytes) };
  }

  /** Whether the cap's being reached is still to be told today; from then on it is not. */
  noteOnce(): boolean {
    if (this.#day.capNoted) return false;
    this.#day = { ...this.#day, capNoted: true };
    return true;
  }

  /** What was to be told could not be. */
  forgetNote(): void {
    this.#day = { ...this.#day, capNoted: false };
  }

  /** Whether a day began after one whose cap was reached, and that is still to be told; from then on it is not. */
  resumedOnce(): boolean {
    const resumed = this.#resumed;
    this.#resumed = false;
    return resumed;
  }

  /** That collection goes on could not be told. */
  forgetResumed(): void {
    this.#resumed = true;
  }
}
