/** Serves the graph over a Unix socket to the other processes: whole at first, then what changed. */
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import type { GraphSource, Publication } from "../arm/index.ts";
import { limits } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { feedLines, lineSplitter, readReply } from "./feed-lines.ts";
import type { Feed } from "./publisher.ts";

export interface GraphFeedServer extends Feed {
  readonly subscribers: () => number;
  readonly close: () => Promise<void>;
}

/**
 * Listens on `path`, a Unix socket that only this user may open. A socket that an earlier process left is removed.
 *
 * Each subscriber is sent what changed since what it was sent last: one that reads slowly gets fewer, larger steps, and
 * never more than one step is held for it.
 *
 * @throws the system's error where the socket cannot be made: the path has over 107 bytes, the folder is missing.
 */
export async function serveGraphFeed(options: {
  readonly path: string;
  readonly source: GraphSource;
  readonly clock: Clock;
}): Promise<GraphFeedServer> {
  const { path, source, clock } = options;
  const subscribers = new Set<Subscriber>();
  const server = createServer((socket) => {
    if (subscribers.size >= limits.graphFeedSubscribersMax) return void socket.destroy();
    const subscriber = new Subscriber(socket, source);
    subscribers.add(subscriber);
    socket.on("close", () => subscribers.delete(subscriber));
  });
  removeStale(path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  const unsubscribe = source.subscribe(() => {
    for (const subscriber of subscribers) subscriber.wake();
  });
  return {
    subscribers: () => subscribers.size,
    delivered: async () => {
      const publication = source.current();
      await Promise.all(
        [...subscribers].map((subscriber) => subscriber.delivered(publication, clock)),
      );
    },
    close: async () => {
      unsubscribe();
      for (const subscriber of subscribers) subscriber.end();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function removeStale(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) unlinkSync(path);
}

/** One connection: what it was sent, what it has answered, and who waits for that. */
class Subscriber {
  readonly #socket: Socket;
  readonly #source: GraphSource;
  #sent: Publication | undefined;
  #acknowledged: Publication | undefined;
  #sequence = 0;
  /** One that let its time pass is not waited for until it answers again. */
  #isLate = false;
  #signal = Promise.withResolvers<void>();
  readonly #inFlight = new Map<number, Publication>();
  readonly #waiters = new Set<() => void>();

  constructor(socket: Socket, source: GraphSource) {
    this.#socket = socket;
    this.#source = source;
    const split = lineSplitter(1024);
    socket.on("data", (bytes: Buffer) => {
      const { lines, tooLong } = split(bytes);
      if (tooLong || !lines.every((text) => this.#take(text))) socket.destroy();
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.wake();
      this.#tell();
    });
    this.#pump().catch(() => socket.destroy());
  }

  /** There may be something new to send. */
  wake(): void {
    this.#signal.resolve();
  }

  end(): void {
    this.#socket.destroy();
  }

  /** Resolves when the subscriber has answered for this publication, is gone, or has had its time. */
  async delivered(publication: Publication, clock: Clock): Promise<void> {
    if (this.#has(publication)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const check = (): void => {
      if (this.#has(publication)) resolve();
    };
    const timer = clock.after(limits.graphFeedAckMs, () => {
      this.#isLate = true;
      resolve();
    });
    this.#waiters.add(check);
    await promise;
    this.#waiters.delete(check);
    timer.cancel();
  }

  #has(publication: Publication): boolean {
    return (
      this.#socket.destroyed ||
      this.#isLate ||
      this.#acknowledged === publication ||
      (this.#acknowledged?.graph.version ?? -1) > publication.graph.version
    );
  }

  #take(text: string): boolean {
    const reply = readReply(text);
    if (reply === undefined) return false;
    if (reply.kind === "resync") {
      this.#sent = undefined;
      this.wake();
      return true;
    }
    this.#acknowledged = this.#inFlight.get(reply.sequence) ?? this.#acknowledged;
    for (const known of this.#inFlight.keys()) {
      if (known <= reply.sequence) this.#inFlight.delete(known);
    }
    this.#isLate = false;
    this.#tell();
    return true;
  }

  #tell(): void {
    for (const waiter of this.#waiters) waiter();
  }

  async #pump(): Promise<void> {
    while (!this.#socket.destroyed) {
      const next = this.#source.current();
      if (next === this.#sent) {
        await this.#signal.promise;
        this.#signal = Promise.withResolvers();
        continue;
      }
      const before = this.#sent;
      this.#sent = next;
      this.#inFlight.set(++this.#sequence, next);
      if (this.#inFlight.size > limits.graphFeedUnansweredMax) return this.end();
      for (const line of feedLines(before, next, this.#sequence)) {
        if (!this.#socket.write(line)) await drained(this.#socket);
      }
    }
  }
}

const drained = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
  });
