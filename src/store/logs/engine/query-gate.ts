/** So many queries of a workspace run at once and so many wait, in order: none takes the engine from another workspace. */
import { CodedError } from "../../../core/index.ts";

export class QueryGate {
  readonly #atOnceMax: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(limits: { readonly atOnceMax: number; readonly waitingMax: number }) {
    this.#atOnceMax = limits.atOnceMax;
    this.#waitingMax = limits.waitingMax;
  }

  /** Resolves with what is to be called at the end. @throws CodedError LogsBusy (429) when too many wait. */
  async enter(): Promise<() => void> {
    if (this.#running >= this.#atOnceMax) {
      if (this.#waiting.length >= this.#waitingMax) {
        throw new CodedError(
          "LogsBusy",
          `${this.#waiting.length} queries of the workspace wait; the limit is ${this.#waitingMax}. Ask again later.`,
          { status: 429 },
        );
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    };
  }
}
