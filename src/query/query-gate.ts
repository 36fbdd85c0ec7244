/** How many queries run at once: one more is refused, not queued, so that a caller learns at once. */
import { limits } from "../core/index.ts";
import { queryError } from "./errors.ts";

export interface QueryGate {
  /**
   * Runs the query if there is room.
   *
   * @throws CodedError TooManyQueries (503) where there is none.
   */
  run<T>(query: () => Promise<T>): Promise<T>;
}

/** A gate for at most `atOnceMax` queries; all workspaces of a process share one. */
export function queryGate(atOnceMax: number = limits.queriesAtOnceMax): QueryGate {
  let running = 0;
  return {
    async run(query) {
      if (running >= atOnceMax) {
        throw queryError(
          "TooManyQueries",
          `too many queries: ${running} are running, the limit is ${atOnceMax}; try again when one has ended`,
        );
      }
      running++;
      try {
        return await query();
      } finally {
        running--;
      }
    },
  };
}
