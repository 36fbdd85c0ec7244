/** Lists in pages and watches with replay, bookmarks and ends, over the object store. */
import type { ServerResponse } from "node:http";
import type { Clock, Timer } from "../../src/core/index.ts";
import { sendJson } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import type { KubeObject } from "./kube.ts";
import type { ObjectStore, StoreEvent } from "./object-store.ts";
import type { ResourceRequest } from "./request-path.ts";
import { apiVersionOf } from "./resource-types.ts";
import { selectorOf } from "./selectors.ts";
import type { Matches } from "./selectors.ts";
import { badRequest, expired, StatusError } from "./status.ts";
import { tableOf, wantsTable } from "./table.ts";

/** How often an idle watch that allows it gets a bookmark; the real server sends one about each minute. */
export const BOOKMARK_INTERVAL_MS = 10_000;
/** A watch that asks for no end ends after this; the real server takes 30 to 60 minutes. */
const WATCH_TIMEOUT_S = 1800;
/** What a watcher that does not read may owe before it is cut. */
const UNREAD_BYTES_MAX = 64 * 1024 * 1024;

export interface Watches {
  /** Ends every open watch's connection at once, as a load balancer that goes away. */
  readonly cut: () => void;
  readonly count: () => number;
  readonly serve: (exchange: Exchange, request: ResourceRequest) => void;
}

interface ContinueToken {
  readonly revision: number;
  readonly after: string;
}

/** Answers one list request. @throws StatusError 400, 410, 504. */
export function serveList(store: ObjectStore, exchange: Exchange, request: ResourceRequest): void {
  const { query, outgoing } = exchange;
  const matches = matcherOf(query, request);
  const token = readContinue(query.get("continue"));
  const asked = revisionIn(query.get("resourceVersion"));
  const exact = token?.revision ?? (query.get("resourceVersionMatch") === "Exact" ? asked : 0);
  if (asked > store.revision()) store.list(request.type, asked);
  const revision = exact === 0 ? store.revision() : exact;
  const all = store.list(request.type, revision).filter(matches);
  const rest = token === undefined ? all : all.filter((item) => pageKey(item) > token.after);
  const limit = countIn(query.get("limit"));
  const items = limit > 0 ? rest.slice(0, limit) : rest;
  const last = items.at(-1);
  const remaining = rest.length - items.length;
  const metadata = {
    resourceVersion: String(revision),
    ...(remaining > 0 && last !== undefined
      ? {
          continue: writeContinue({ revision, after: pageKey(last) }),
          ...remainder(query, remaining),
        }
      : {}),
  };
  if (wantsTable(exchange.incoming.headers.accept)) {
    sendJson(outgoing, 200, { ...tableOf(request.type, items, exchange.nowMs), metadata });
    return;
  }
  sendJson(outgoing, 200, {
    kind: `${request.type.kind}List`,
    apiVersion: apiVersionOf(request.type),
    metadata,
    // Items of a list carry no kind and apiVersion of their own, as the real server's do not.
    items: items.map(({ kind: _kind, apiVersion: _version, ...item }) => item),
  });
}

/** The real server tells the rest only where no selector hides part of it. */
const remainder = (query: URLSearchParams, count: number): object =>
  query.has("labelSelector") || query.has("fieldSelector") ? {} : { remainingItemCount: count };

/** Order of pages: the store's own order of keys. */
const pageKey = (object: KubeObject): string =>
  `${object.metadata.namespace ?? ""}/${object.metadata.name}`;

function matcherOf(query: URLSearchParams, request: ResourceRequest): Matches {
  const selected = selectorOf(query.get("labelSelector") ?? "", query.get("fieldSelector") ?? "");
  return (object) =>
    (request.namespace === "" || object.metadata.namespace === request.namespace) &&
    (request.name === "" || object.metadata.name === request.name) &&
    selected(object);
}

const writeContinue = (token: ContinueToken): string =>
  Buffer.from(JSON.stringify(token)).toString("base64url");

function readContinue(text: string | null): ContinueToken | undefined {
  if (text === null || text === "") return undefined;
  try {
    const { revision, after } = JSON.parse(
      Buffer.from(text, "base64url").toString(),
    ) as Partial<ContinueToken>;
    if (typeof revision === "number" && typeof after === "string") return { revision, after };
  } catch {
    // Falls to the refusal below.
  }
  throw badRequest("continue key is not valid");
}

function revisionIn(text: string | null): number {
  if (text === null || text === "") return 0;
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`Invalid value: "${text}": strconv.ParseUint`);
  return Number(text);
}

const countIn = (text: string | null): number => (/^\d{1,9}$/.test(text ?? "") ? Number(text) : 0);

/** All watches of one server. */
export function createWatches(store: ObjectStore, clock: Clock): Watches {
  const open = new Set<ServerResponse>();
  return {
    cut() {
      for (const outgoing of open) outgoing.socket?.destroy();
    },
    count: () => open.size,
    serve(exchange, request) {
      const { outgoing, query } = exchange;
      const plan = planWatch(query, store.revision());
      const matches = matcherOf(query, request);
      const table = wantsTable(exchange.incoming.headers.accept);
      outgoing.writeHead(200, {
        "content-type": "application/json",
        "cache-control": "no-cache, private",
      });
      outgoing.flushHeaders();
      open.add(outgoing);
      const stream = eventStream(outgoing, { request, matches, table, clock });
      const ends: (() => void)[] = [];
      outgoing.once("close", () => {
        open.delete(outgoing);
        for (const end of ends) end();
      });
      if (!startStream(stream, { store, request, plan })) {
        outgoing.end();
        return;
      }
      ends.push(store.subscribe((event) => stream.send(event)));
      if (plan.bookmarks) ends.push(every(clock, () => stream.bookmark(store.revision())));
      const timer = clock.after(plan.timeoutMs, () => outgoing.end());
      ends.push(() => timer.cancel());
    },
  };
}

interface WatchPlan {
  readonly from: number;
  /** Whether all present objects come first, as ADDED. */
  readonly initial: boolean;
  /** Whether a bookmark tells the end of them (sendInitialEvents). */
  readonly initialEnd: boolean;
  readonly bookmarks: boolean;
  readonly timeoutMs: number;
}

function planWatch(query: URLSearchParams, newest: number): WatchPlan {
  const from = revisionIn(query.get("resourceVersion"));
  const bookmarks =
    query.get("allowWatchBookmarks") === "true" || query.get("allowWatchBookmarks") === "1";
  const initialEnd = query.get("sendInitialEvents") === "true";
  const match = query.get("resourceVersionMatch") ?? "";
  if (query.has("sendInitialEvents") !== (match === "NotOlderThan")) {
    throw new StatusError(
      422,
      "Invalid",
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: ' +
        "sendInitialEvents and resourceVersionMatch=NotOlderThan go together on a watch",
    );
  }
  const seconds = countIn(query.get("timeoutSeconds"));
  return {
    from: from === 0 ? newest : from,
    initial: initialEnd || (from === 0 && !query.has("sendInitialEvents")),
    initialEnd: initialEnd && bookmarks,
    bookmarks,
    timeoutMs: (seconds === 0 ? WATCH_TIMEOUT_S : seconds) * 1000,
  };
}

/** What is owed before the live events; false when the log no longer has it, which is told in the stream. */
function startStream(
  stream: EventStream,
  { store, request, plan }: { store: ObjectStore; request: ResourceRequest; plan: WatchPlan },
): boolean {
  if (plan.initial) {
    for (const object of store.list(request.type)) stream.added(object);
    if (plan.initialEnd) stream.bookmark(store.revision(), { "k8s.io/initial-events-end": "true" });
    return true;
  }
  try {
    for (const event of store.since(plan.from)) stream.send(event);
    return true;
  } catch (error) {
    stream.error(error instanceof StatusError ? error : expired(plan.from, store.revision()));
    return false;
  }
}

interface EventStream {
  readonly send: (event: StoreEvent) => void;
  readonly added: (object: KubeObject) => void;
  readonly bookmark: (revision: number, annotations?: Readonly<Record<string, string>>) => void;
  readonly error: (error: StatusError) => void;
}

function eventStream(
  outgoing: ServerResponse,
  {
    request,
    matches,
    table,
    clock,
  }: { request: ResourceRequest; matches: Matches; table: boolean; clock: Clock },
): EventStream {
  const write = (type: string, object: unknown): void => {
    // The watch may have ended in this very moment: its subscriptions end when its socket does.
    if (outgoing.writableEnded || outgoing.destroyed) return;
    if (outgoing.writableLength > UNREAD_BYTES_MAX) outgoing.destroy();
    else outgoing.write(`${JSON.stringify({ type, object })}\n`);
  };
  const shown = (object: KubeObject): unknown =>
    table ? tableOf(request.type, [object], clock.nowMs()) : object;
  return {
    added(object) {
      if (matches(object)) write("ADDED", shown(object));
    },
    send({ resource, type, object, previous }) {
      if (resource !== request.type) return;
      const was = previous !== undefined && matches(previous);
      const is = type !== "DELETED" && matches(object);
      // An object that leaves the selection is deleted to this watcher, one that enters it is added.
      if (was || is) write(is ? (was ? "MODIFIED" : "ADDED") : "DELETED", shown(object));
    },
    bookmark(revision, annotations) {
      const metadata = {
        resourceVersion: String(revision),
        creationTimestamp: null,
        ...(annotations === undefined ? {} : { annotations }),
      };
      const bare = { kind: request.type.kind, apiVersion: apiVersionOf(request.type), metadata };
      write("BOOKMARK", table ? { ...tableOf(request.type, [], clock.nowMs()), metadata } : bare);
    },
    error: ({ status }) => write("ERROR", status),
  };
}

/** Runs again and again, until it is ended. */
function every(clock: Clock, run: () => void): () => void {
  let timer: Timer;
  const again = (): void => {
    timer = clock.after(BOOKMARK_INTERVAL_MS, () => {
      run();
      again();
    });
  };
  again();
  return () => timer.cancel();
}
