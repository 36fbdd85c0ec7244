/** Takes records of inventory and performance into a queue, cut into requests; a full queue lets its oldest go. */
import { guid, limits, messageOf } from "../../core/index.ts";
import type { Random } from "../../core/index.ts";
import type { Queue } from "../queue.ts";
import { encodePayload } from "./record-payload.ts";
import type { RecordType } from "./record-types.ts";

export type AgentRecord = Readonly<Record<string, unknown>>;

export interface RecordIntakeState {
  readonly recordsNotQueued: number;
  readonly failure: string | undefined;
}

export interface RecordIntake {
  /** Whether all were queued. */
  put(type: RecordType, records: readonly AgentRecord[]): boolean;
  state(): RecordIntakeState;
}

/** The second bracket of an array stands where a comma would. */
const BRACKET_BYTES = 1;

export function recordIntake(options: {
  readonly queue: Queue;
  readonly random: Random;
  readonly wake: () => void;
}): RecordIntake {
  const { queue, random, wake } = options;
  let recordsNotQueued = 0;
  let failure: string | undefined;
  const append = (type: RecordType, items: readonly string[]): boolean => {
    const head = { type, requestId: guid(random), source: "", batch: 0, positions: {} };
    try {
      queue.append(encodePayload(head, items), items.length);
      failure = undefined;
      return true;
    } catch (error) {
      recordsNotQueued += items.length;
      failure = messageOf(error);
      return false;
    }
  };
  return {
    put(type, records) {
      let all = true;
      let leftOut: string | undefined;
      let items: string[] = [];
      let bytes = BRACKET_BYTES;
      for (const record of records) {
        const item = JSON.stringify(record);
        const itemBytes = Buffer.byteLength(item) + 1;
        if (BRACKET_BYTES + itemBytes > limits.logBatchBytesMax) {
          recordsNotQueued += 1;
          leftOut = `A record of ${type} has ${itemBytes + BRACKET_BYTES} bytes; the limit is ${limits.logBatchBytesMax}. It is left out.`;
          all = false;
          continue;
        }
        if (bytes + itemBytes > limits.logBatchBytesMax) {
          all = append(type, items) && all;
          items = [];
          bytes = BRACKET_BYTES;
        }
        items.push(item);
        bytes += itemBytes;
      }
      if (items.length > 0) all = append(type, items) && all;
      failure = leftOut ?? failure;
      wake();
      return all;
    },
    state: () => ({ recordsNotQueued, failure }),
  };
}
