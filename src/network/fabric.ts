/** The fabric: resolvers, private endpoints, the gateway and the sessions, composed over one graph source. */
import { chmodSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ArmResource, Graph, GraphSource } from "../arm/index.ts";
import type { Clock, Random } from "../core/index.ts";
import { networkTypes, onPremisesTypes } from "../rules/index.ts";
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
  const opened: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const closePart of opened.splice(0).toReversed()) await closePart();
  };
  try {
    return { ...(await openFabric(options, (closePart) => void opened.push(closePart))), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Opens the parts, and tells `onClose` how each is closed; they are closed last to first. */
async function openFabric(
  options: FabricOptions,
  onClose: (closePart: () => unknown) => void,
): Promise<Omit<Fabric, "close">> {
  const { source, clock, onFailure } = options;
  makeFolder(options.folder);
  const graph = (): Graph => source.current().graph;
  const links = openLinkTable(options.linkTablePath);
  const resolvers = createResolvers({ graph, clock, onFailure });
  onClose(resolvers.close);
  const dialer = createDialer({ ...options, graph, links });
  onClose(dialer.close);
  const sessions = createSessions(options.random);
  onClose(sessions.endAll);
  const following = followGraph(options, async (now) => {
    dialer.dropGone(now);
    links.retire((endpointId) => now.get(endpointId) !== undefined);
    await resolvers.follow(now);
  });
  onClose(following.stop);
  await following.first;
  const shared = { ...options, graph, sessions, dialer };
  const gateway = await listenGateway({ ...shared, port: options.gatewayPort ?? 0 });
  onClose(gateway.close);
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
  onClose(() => {
    const closed = new Promise<void>((done) => admin.close(() => done()));
    admin.closeAllConnections();
    return closed;
  });
  return { adminSocket, gatewayPort: gateway.port, resolverPorts: resolvers.ports, counters };
}

/** Makes the folder private, and removes the sockets of sessions that a fabric that was killed left in it. */
function makeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  for (const name of readdirSync(folder)) {
    if (/^relay-[0-9a-f]{16}\.sock$/.test(name)) rmSync(join(folder, name), { force: true });
  }
}

interface Following {
  /** Resolves when the fabric stands as the first graph says. */
  readonly first: Promise<void>;
  readonly stop: () => void;
}

/**
 * Runs `step` for the graph as it is, and after each publication that changes networks or endpoints; one at a time.
 * A graph that is already old by then is passed over.
 */
function followGraph(
  { source, onFailure }: Pick<FabricOptions, "source" | "onFailure">,
  step: (graph: Graph) => Promise<void>,
): Following {
  let seen = networkPart(source.current().graph);
  const first = step(source.current().graph);
  let last: Promise<void> = first;
  let waiting = false;
  const next = async (): Promise<void> => {
    waiting = false;
    const { graph } = source.current();
    const now = networkPart(graph);
    // Versions share what did not change, so that most publications are told apart by comparing references.
    if (now.length === seen.length && now.every((value, index) => value === seen[index])) return;
    seen = now;
    await step(graph);
  };
  const stop = source.subscribe(() => {
    if (waiting) return;
    waiting = true;
    last = last.then(next).catch(onFailure);
  });
  return { first, stop };
}

const networkPart = (graph: Graph): readonly ArmResource[] => [
  ...graph.ofType(networkTypes.vnet),
  ...graph.ofType(networkTypes.endpoint),
  ...Object.values(onPremisesTypes).flatMap((type) => graph.ofType(type)),
];
