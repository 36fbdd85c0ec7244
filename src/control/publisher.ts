/** Publishes committed graphs: at most one every few milliseconds, and before the write that made it is answered. */
import { graphSource } from "../arm/index.ts";
import type { Graph, GraphSource, Publication } from "../arm/index.ts";
import type { Clock } from "../core/index.ts";

/** A way by which publications leave the process. */
export interface Feed {
  /** Resolves when the subscribers have what is published now, or when waiting for them is no longer worth it. Never rejects. */
  readonly delivered: () => Promise<void>;
}

export interface Publisher {
  readonly source: GraphSource;
  /** Takes note of a committed graph. */
  readonly changed: (graph: Graph) => void;
  /** Resolves when everything noted so far is published and delivered. */
  readonly settled: () => Promise<void>;
  readonly setKeys: (jwks: Publication["jwks"]) => void;
  readonly addFeed: (feed: Feed) => void;
}

/** @param publishMs - the least time between two publications; 0 publishes each commit at once. */
export function createPublisher(
  first: Publication,
  { clock, publishMs }: { readonly clock: Clock; readonly publishMs: number },
): Publisher {
  const source = graphSource(first);
  const feeds = new Set<Feed>();
  let latest = first;
  let lastMs = -Infinity;
  let waiting: { readonly done: Promise<void>; readonly resolve: () => void } | undefined;
  const publish = (): void => {
    lastMs = clock.nowMs();
    source.publish(latest);
    const { resolve } = waiting ?? {};
    waiting = undefined;
    resolve?.();
  };
  const noted = (): void => {
    if (waiting !== undefined) return;
    const dueMs = lastMs + publishMs - clock.nowMs();
    if (dueMs <= 0) return publish();
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting = { done: promise, resolve };
    clock.after(dueMs, publish);
  };
  return {
    source,
    changed: (graph) => {
      if (graph.version === latest.graph.version) return;
      latest = { ...latest, graph };
      noted();
    },
    setKeys: (jwks) => {
      latest = { ...latest, jwks };
      noted();
    },
    settled: async () => {
      await waiting?.done;
      await Promise.all([...feeds].map((feed) => feed.delivered()));
    },
    addFeed: (feed) => void feeds.add(feed),
  };
}
