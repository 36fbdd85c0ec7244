/** The fabric: resolvers, private endpoints, the gateway and the sessions, composed over one graph source. */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Graph, GraphSource } from "../arm/index.ts";
import type { Clock, Random } from "../core/index.ts";
import { adminServer } from "./admin-api.ts";
import { createDialer, samePlace } from "./dial.ts";
import type { DialCounters, ListenerAddress } from "./dial.ts";
import { listenGateway } from "./gateway.ts";
import type { FabricAccess, GatewayCounters } from "./gateway.ts";
import type { IdentityToken } from "./identity-endpoint.ts";
import { openLinkTable } from "./link-table.ts";
import { createResolvers } from "./resolvers.ts";
import type { ResolverPort } from "./resolvers.ts";
import { sessionOpener } from "./session-opener.ts";
import { createSessions } from "./sessions.ts";
import { listenOnPath } from "./unix-socket.ts";

export interface FabricOptions {
  readonly source: GraphSource;
  /** For the fabric's Unix sockets; made 0700. Short, since a socket's path has 107 bytes at most. */
  readonly folder: string;
  readonly linkTablePath: string;
  readonly edge: { readonly privateSocket: string; readonly publicAddress: ListenerAddress };
  readonly control: { readonly address: ListenerAddress };
  readonly identityToken: IdentityToken;
  readonly clock: Clock;
  readonly random: Random;
  readonly accessLog: (access: FabricAccess) => void;
  /** Called with bugs that a query or a listener met, and the fabric went on. */
  readonly onFailure: (error: unknown) => void;
  /** Tried first, so that a restart keeps it; another where it is taken, 0 or absent. */
  readonly gatewayPort?: number;
}

export interface FabricCounters {
  readonly sessions: number;
  readonly dials: DialCounters;
  readonly gateway: GatewayCounters;
  readonly dns: { readonly queries: number; readonly failures: number };
}

export interface Fabric {
  /** The administration API's path; see `adminServer`. */
  readonly adminSocket: string;
  readonly gatewayPort: number;
  readonly resolverPorts: () => readonly ResolverPort[];
  readonly counters: () => FabricCounters;
  /** Ends every session and connection. */
  readonly close: () => Promise<void>;
}

/**
 * Starts the fabric. It follows the graph: resolvers come and go with the virtual networks, and connections through a
 * private endpoint end when the endpoint is gone.
 *
 * @throws CodedError LinkTableUnreadable, SocketPathTooLong
 */
export async function createFabric(options: FabricOptions): Promise<Fabric> {
  const { source, clock, onFailure } = options;
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  chmodSync(options.folder, 0o700);
  const graph = (): Graph => source.current().graph;
  const links = openLinkTable(options.linkTablePath);
  const dialer = createDialer({ ...options, graph, links });
  const sessions = createSessions(options.random);
  const resolvers = createResolvers({ graph, clock, onFailure });
  const following = followGraph(options, async (now) => {
    dialer.dropGone(now);
    links.retire((endpointId) => now.get(endpointId) !== undefined);
    await resolvers.follow(now);
  });
  await following.first;
  const shared = { ...options, graph, sessions, dialer };
  const gateway = await listenGateway({ ...shared, port: options.gatewayPort ?? 0 });
  const counters = (): FabricCounters => ({
    sessions: sessions.size(),
    dials: dialer.counters(),
    gateway: gateway.counters(),
    dns: resolvers.counters(),
  });
  const admin = adminServer({
    graph,
    counters,
    beginSession: sessionOpener({ ...shared, resolvers, gatewayPort: gateway.port }),
    endSession: sessions.end,
    resolverOf: (place) => resolvers.ports().find((port) => samePlace(port.place, place)),
  });
  const adminSocket = join(options.folder, "fabric-admin.sock");
  await listenOnPath(admin, adminSocket);
  return {
    adminSocket,
    gatewayPort: gateway.port,
    resolverPorts: resolvers.ports,
    counters,
    close: async () => {
      following.stop();
      sessions.endAll();
      dialer.close();
      const adminClosed = new Promise<void>((done) => admin.close(() => done()));
      admin.closeAllConnections();
      await Promise.all([adminClosed, gateway.close(), resolvers.close()]);
    },
  };
}

interface Following {
  /** Resolves when the fabric stands as the first graph says. */
  readonly first: Promise<void>;
  readonly stop: () => void;
}

/** Runs `step` for the graph as it is and after each publication, one at a time; a graph that is already old is passed over. */
function followGraph(
  { source, onFailure }: Pick<FabricOptions, "source" | "onFailure">,
  step: (graph: Graph) => Promise<void>,
): Following {
  let last: Promise<void> = step(source.current().graph);
  let waiting = false;
  const first = last;
  const stop = source.subscribe(() => {
    if (waiting) return;
    waiting = true;
    last = last
      .catch(onFailure)
      .then(() => {
        waiting = false;
        return step(source.current().graph);
      })
      .catch(onFailure);
  });
  return { first, stop };
}
