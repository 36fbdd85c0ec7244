/** The store's refusal to take more for now. */
import { CodedError } from "../core/index.ts";

/** StoreBusy (429), with the seconds after which the same request may be sent again: Retry-After's value. */
export class StoreBusyError extends CodedError {
  readonly retryAfterSeconds: number;

  constructor(says: string, retryAfterSeconds: number) {
    super("StoreBusy", `${says} Send it again after ${retryAfterSeconds} s.`, { status: 429 });
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
