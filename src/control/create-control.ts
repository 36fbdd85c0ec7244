/** Puts the control plane together: state, types, operations, publication, and the front door over them. */
import type { DatabaseSync } from "node:sqlite";
import type {
  ArmResource,
  GraphSource,
  JsonObject,
  ResourceType,
  SharedKeySource,
} from "../arm/index.ts";
import type { Clock, Random } from "../core/index.ts";
import type { HttpHandler, HttpRequest } from "../http/index.ts";
import { armApi } from "./arm-api.ts";
import type { ControlNote } from "./arm-api.ts";
import type { PassLogsQuery } from "./arm-logs.ts";
import type { FindRequest } from "./explained-requests.ts";
import { openOperations } from "./operations.ts";
import type { Authentication, CheckQuery, May, Platform } from "./platform.ts";
import type { ResourceProvider } from "../providers/index.ts";
import { createPublisher } from "./publisher.ts";
import { typeTable } from "./route.ts";
import { serveGraphFeed } from "./serve-graph-feed.ts";
import type { GraphFeedServer } from "./serve-graph-feed.ts";
import { openDatabase, openState } from "./state.ts";

export interface ControlOptions {
  /** A file of its own, or a database that is open with `synchronous = FULL`; the latter stays open on `close`. */
  readonly databasePath?: string;
  readonly database?: DatabaseSync;
  /** Every resource type, that of resource groups among them. */
  readonly types: readonly ResourceType[];
  /** As `GET /providers` shows them. */
  readonly providers: readonly ResourceProvider[];
  readonly clock: Clock;
  readonly random: Random;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly authenticate: (request: HttpRequest) => Authentication | Promise<Authentication>;
  readonly may: May;
  /** Keys of workspaces, kept outside the state. */
  readonly sharedKeys: SharedKeySource;
  /** Checks the queries within bodies; without it such bodies are refused. */
  readonly checkQuery?: CheckQuery;
  /** Passes queries of logs on to where the logs are; without it they are refused. */
  readonly passLogsQuery?: PassLogsQuery;
  /** Finds one of the edge's last requests, for who may read its resource; without it none is found. */
  readonly findRequest?: FindRequest;
  /** Put when they are absent, at each start: built-in role definitions. */
  readonly seed?: readonly ArmResource[];
  /** Put when the state is created, in the same transaction, and never again: the first role assignment. */
  readonly initial?: readonly ArmResource[];
  readonly jwks?: { readonly keys: readonly JsonObject[] };
  /** How long asynchronous writes are `Provisioning`; 100 where absent. */
  readonly operationMs?: number;
  /** The least time between two publications; 0 (each commit at once) where absent. */
  readonly publishMs?: number;
  readonly onNote?: (note: ControlNote) => void;
}

export interface Control {
  readonly handler: HttpHandler;
  /** The last published graph. */
  readonly source: GraphSource;
  /** Publishes other public keys of the token service. */
  readonly setKeys: (jwks: { readonly keys: readonly JsonObject[] }) => void;
  /** Serves the published graph to other processes, at a Unix socket. Writes then wait a moment for them to have it. */
  readonly serveFeed: (path: string) => Promise<GraphFeedServer>;
  /** Ends the feeds and the state. Operations that run are ended by the next start. */
  readonly close: () => Promise<void>;
}

/**
 * Opens the control plane.
 *
 * @throws CodedError StateVersionUnknown, StateOfAnotherTenant, StateCorrupt: see `openState`.
 */
export function createControl(options: ControlOptions): Control {
  const { clock, random, tenantId, subscriptionId } = options;
  const database = options.database ?? openDatabase(options.databasePath ?? ":memory:");
  const state = openState(database, { tenantId, subscriptionId }, options.initial);
  const types = typeTable(options.types);
  const platform: Platform = {
    state,
    types,
    providers: options.providers,
    clock,
    random,
    tenantId,
    subscriptionId,
    may: options.may,
    sharedKeys: options.sharedKeys,
    checkQuery: options.checkQuery,
    operationMs: options.operationMs ?? 100,
    changed: () => publisher.changed(state.graph()),
  };
  plant(platform, options.seed ?? []);
  const publisher = createPublisher(
    { graph: state.graph(), jwks: options.jwks ?? { keys: [] }, tenantId },
    { clock, publishMs: options.publishMs ?? 0 },
  );
  const feeds: GraphFeedServer[] = [];
  const operations = openOperations(platform);
  const handler = armApi({
    platform,
    operations,
    authenticate: options.authenticate,
    settled: async () => {
      publisher.changed(state.graph());
      await publisher.settled();
    },
    passLogsQuery: options.passLogsQuery,
    findRequest: options.findRequest,
    onNote: options.onNote,
  });
  return {
    handler,
    source: publisher.source,
    setKeys: publisher.setKeys,
    serveFeed: async (path) => {
      const feed = await serveGraphFeed({ path, source: publisher.source, clock });
      publisher.addFeed(feed);
      feeds.push(feed);
      return feed;
    },
    close: async () => {
      operations.stop();
      await Promise.all(feeds.map((feed) => feed.close()));
      if (options.database === undefined) state.close();
    },
  };
}

/** Puts what every platform has and this state lacks. */
function plant({ state }: Platform, seed: readonly ArmResource[]): void {
  const missing = seed.filter(({ id }) => state.graph().get(id) === undefined);
  if (missing.length === 0) return;
  state.commit({ changes: missing.map((resource) => ({ kind: "put", resource })) });
}
