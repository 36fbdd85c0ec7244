/** The file that keeps where each container's log was read to. It is replaced whole, after the records are durable in the queue. */
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { decodePayload } from "./record-payload.ts";
import type { PayloadHead, TailPositions } from "./record-payload.ts";
import { readTailPosition } from "./tail-position.ts";
import type { TailPosition } from "./tail-position.ts";

interface Content {
  readonly version: 1;
  readonly batch: number;
  readonly tails: Readonly<Record<string, TailPosition>>;
}

/** Positions of an agent, over restarts. */
export class PositionsFile {
  readonly #path: string;
  readonly #tails = new Map<string, TailPosition>();
  /** When the last process wrote it; undefined for an agent that never read. */
  readonly writtenMs: number | undefined;
  #batch = 0;

  readonly source: string;

  /**
   * @param source the node's name.
   * @param pending what waits in the queue: records whose positions the last process did not come to write.
   */
  constructor(path: string, source: string, pending: Iterable<Uint8Array>) {
    this.#path = path;
    this.source = source;
    this.writtenMs = this.#read();
    for (const payload of pending) {
      let head: PayloadHead;
      try {
        ({ head } = decodePayload(payload));
      } catch {
        // It is refused by name where it would be sent.
        continue;
      }
      if (head.source !== source || head.batch <= this.#batch) continue;
      this.#take(head.batch, head.positions);
    }
  }

  /** The folder that it lies in, the agent's own. */
  get folder(): string {
    return dirname(this.#path);
  }

  get(key: string): TailPosition | undefined {
    return this.#tails.get(key);
  }

  keys(): readonly string[] {
    return [...this.#tails.keys()];
  }

  /** The number that the next batch has. */
  get nextBatch(): number {
    return this.#batch + 1;
  }

  /** Takes the positions after a batch that the queue has. @throws the system's error. */
  put(batch: number, positions: TailPositions): void {
    this.#take(batch, positions);
    const content: Content = {
      version: 1,
      batch: this.#batch,
      tails: Object.fromEntries(this.#tails),
    };
    writeFileSync(`${this.#path}.new`, JSON.stringify(content), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }

  #take(batch: number, positions: TailPositions): void {
    this.#batch = Math.max(this.#batch, batch);
    for (const [key, value] of Object.entries(positions)) {
      const position = readTailPosition(value);
      if (position === undefined) this.#tails.delete(key);
      else this.#tails.set(key, position);
    }
  }

  /** A file that cannot be read is as none: then everything is read from the beginning. */
  #read(): number | undefined {
    try {
      const { batch, tails } = JSON.parse(readFileSync(this.#path, "utf8")) as Content;
      if (!Number.isSafeInteger(batch) || typeof tails !== "object") return undefined;
      this.#take(batch, tails);
      return statSync(this.#path).mtimeMs;
    } catch {
      return undefined;
    }
  }
}
