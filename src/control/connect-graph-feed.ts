/** The other processes' side of the graph feed: the last graph at all times, whether control runs or not. */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { graphSource } from "../arm/index.ts";
import type { GraphSource, Publication } from "../arm/index.ts";
import { CodedError, limits, messageOf } from "../core/index.ts";
import type { Clock, Timer } from "../core/index.ts";
import { feedReader, lineSplitter } from "./feed-lines.ts";
import type { FeedReply } from "./feed-lines.ts";
import { openGraphCache } from "./graph-cache.ts";
import type { GraphCache } from "./graph-cache.ts";

export interface GraphFeedOptions {
  /** The Unix socket that control serves. */
  readonly path: string;
  readonly clock: Clock;
  /** Where the last graph is kept (mode 0600), so that a start does not need control. */
  readonly cacheFile?: string;
  /** How long a start waits for control where there is no kept graph; 30 s where absent. */
  readonly waitMs?: number;
  /** Told of what is wrong with the feed or the kept graph; it goes on. */
  readonly onNote?: (text: string) => void;
}

export interface GraphFeed extends GraphSource {
  readonly connected: () => boolean;
  /** Ends the connection and writes the kept graph. */
  readonly close: () => Promise<void>;
}

/** How long a start waits for a control that took the connection and says nothing, where a graph is kept. */
const silentMs = 1_000;
const retryMsMin = 100;
const retryMsMax = 2_000;

/**
 * Connects to control's graph feed. Resolves with the first graph: control's, or the kept one where control does not
 * answer. Reconnects for as long as it is open.
 *
 * @throws CodedError GraphFeedUnavailable when there is neither within `waitMs`.
 */
export async function connectGraphFeed(options: GraphFeedOptions): Promise<GraphFeed> {
  const { path, clock, cacheFile, waitMs = 30_000, onNote = () => {} } = options;
  const cache = cacheFile === undefined ? undefined : openGraphCache(cacheFile, { clock, onNote });
  const first = Promise.withResolvers<Publication>();
  let source: ReturnType<typeof graphSource> | undefined;
  const receive = (publication: Publication): void => {
    if (source === undefined) {
      source = graphSource(publication);
      first.resolve(publication);
    } else source.publish(publication);
  };
  const useKept = (): void => {
    if (source !== undefined) return;
    const kept = cache?.read();
    if (kept !== undefined) receive(kept);
  };
  const link = openLink({
    path,
    clock,
    onNote,
    current: () => source?.current(),
    receive: (publication) => {
      receive(publication);
      cache?.keep(publication);
    },
    onFailed: useKept,
  });
  const patience = clock.after(silentMs, useKept);
  const timer = clock.after(waitMs, () => first.reject(unavailable(path, waitMs)));
  try {
    await first.promise;
  } catch (error) {
    link.close();
    throw error;
  } finally {
    timer.cancel();
    patience.cancel();
  }
  return feedOf(source as GraphSource | undefined, link, cache);
}

function feedOf(
  source: GraphSource | undefined,
  link: Link,
  cache: GraphCache | undefined,
): GraphFeed {
  if (source === undefined) throw new Error("The feed resolved without a graph.");
  return {
    current: source.current,
    subscribe: source.subscribe,
    connected: link.connected,
    close: async () => {
      link.close();
      await cache?.close();
    },
  };
}

const unavailable = (path: string, waitMs: number): CodedError =>
  new CodedError(
    "GraphFeedUnavailable",
    `No graph came over '${path}' within ${waitMs} ms, and none is kept from before. Start control first.`,
    { status: 503 },
  );

interface Link {
  readonly connected: () => boolean;
  readonly close: () => void;
}

interface LinkOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly onNote: (text: string) => void;
  readonly current: () => Publication | undefined;
  readonly receive: (publication: Publication) => void;
  /** Called when a connection could not be made or has ended. */
  readonly onFailed: () => void;
}

/** One connection after another, until it is closed. */
function openLink(options: LinkOptions): Link {
  const { path, clock } = options;
  let isClosed = false;
  let isConnected = false;
  let retryMs = retryMsMin;
  let timer: Timer | undefined;
  let socket: Socket | undefined;
  const open = (): void => {
    const opened = connect({ path });
    socket = opened;
    opened.on("connect", () => {
      isConnected = true;
    });
    opened.on("error", () => opened.destroy());
    opened.on("close", () => {
      isConnected = false;
      if (isClosed) return;
      options.onFailed();
      timer = clock.after(retryMs, open);
      retryMs = Math.min(retryMs * 2, retryMsMax);
    });
    receiveLines(opened, options, () => {
      retryMs = retryMsMin;
    });
  };
  open();
  return {
    connected: () => isConnected,
    close: () => {
      isClosed = true;
      timer?.cancel();
      socket?.destroy();
    },
  };
}

function receiveLines(socket: Socket, options: LinkOptions, onPublication: () => void): void {
  const reader = feedReader(options.current);
  const split = lineSplitter(limits.graphFeedLineBytesMax);
  const reply = (value: FeedReply): void => void socket.write(`${JSON.stringify(value)}\n`);
  const broken = (says: string): void => {
    options.onNote(`The graph feed was interrupted: ${says}.`);
    socket.destroy();
  };
  socket.on("data", (bytes: Buffer) => {
    const { lines, tooLong } = split(bytes);
    for (const text of lines) {
      const event = reader.take(text);
      if (event === undefined) continue;
      if (event.kind === "invalid") return broken(event.says);
      if (event.kind === "gap") {
        reply({ kind: "resync" });
        continue;
      }
      onPublication();
      try {
        options.receive(event.publication);
      } catch (error) {
        // A listener's mistake must not end the feed for the others.
        options.onNote(`A reader of the graph failed: ${messageOf(error)}.`);
      }
      reply({ kind: "ack", sequence: event.sequence });
    }
    if (tooLong) broken(`a line has over ${limits.graphFeedLineBytesMax} bytes`);
  });
}
