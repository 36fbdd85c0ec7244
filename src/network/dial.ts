/** Private endpoints as forwarders: opens a connection from a place to an address, and never one beyond the platform. */
import { createConnection } from "node:net";
import type { NetConnectOpts, Socket } from "node:net";
import { assertNever, CodedError, limits, messageOf } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { idKey } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { encodeProxyHeader } from "../wire/index.ts";
import type { ProxyEndpoint } from "../wire/index.ts";
import { networkErrors } from "./errors.ts";
import type { NetworkErrorCode } from "./errors.ts";
import type { LinkTable } from "./link-table.ts";
import { routeOf } from "./route.ts";
import type { ClosedRoute, Destination, OpenRoute, Place } from "./route.ts";

/** A TCP listener on loopback. */
export interface ListenerAddress {
  readonly host: string;
  readonly port: number;
}

export interface DialerOptions {
  readonly graph: () => Graph;
  readonly links: LinkTable;
  readonly edge: { readonly privateSocket: string; readonly publicAddress: ListenerAddress };
  readonly control: { readonly address: ListenerAddress };
  readonly clock: Clock;
  /** How a connection is opened; tests give another. */
  readonly connect?: Connect;
}

export type Connect = (target: NetConnectOpts, clock: Clock) => Promise<Socket>;

/** What a connection leads to; see `joinClient`. */
export type Dialled =
  /** For a private endpoint the first bytes, the PROXY header with the link id, are already written. */
  | { readonly kind: "open"; readonly upstream: Socket }
  /** A firewall has taken the connection: it goes on when the name in the client's greeting may pass. */
  | { readonly kind: "inspected"; readonly open: (fqdn: string | undefined) => Promise<Socket> };

export interface Dialer {
  /**
   * Opens a connection, or finds the firewall that takes it.
   *
   * @param source the client's end, told to the edge.
   * @throws CodedError with a code of `networkErrors`: AddressNotReachable, FirewallDenied, PortNotServed,
   *   ListenerUnavailable, TooManyConnections; so does `open` of what is inspected.
   */
  readonly dial: (
    place: Place,
    destination: Destination,
    source: ProxyEndpoint,
  ) => Promise<Dialled>;
  /** Ends the connections through endpoints that the graph no longer has. */
  readonly dropGone: (graph: Graph) => void;
  readonly counters: () => DialCounters;
  readonly close: () => void;
}

export interface DialCounters {
  readonly open: number;
  readonly opened: { readonly endpoint: number; readonly public: number };
  /** By code of `networkErrors`. */
  readonly refused: Readonly<Record<string, number>>;
}

/** Makes the dialer. It holds every connection that it opened, until that is closed. */
export function createDialer(options: DialerOptions): Dialer {
  const open = new Map<Socket, ResourceId | undefined>();
  const opened = { endpoint: 0, public: 0 };
  const refused = new Map<string, number>();

  const connect = async (
    route: OpenRoute | ClosedRoute,
    destination: Destination,
    source: ProxyEndpoint,
  ): Promise<Socket> => {
    if (route.kind === "none") throw networkError(route.code, route.says);
    if (open.size >= limits.connectionsPerListenerMax) {
      const max = limits.connectionsPerListenerMax;
      throw networkError(
        "TooManyConnections",
        `The fabric holds ${open.size} connections; the limit is ${max}.`,
      );
    }
    const endpointId = route.kind === "endpoint" ? route.endpointId : undefined;
    const linkId = endpointId === undefined ? undefined : options.links.linkIdOf(endpointId);
    const socket = await (options.connect ?? connectTo)(targetOf(route, options), options.clock);
    open.set(socket, endpointId);
    socket.once("close", () => open.delete(socket));
    opened[route.kind] += 1;
    if (linkId !== undefined) socket.write(encodeProxyHeader({ source, destination, linkId }));
    return socket;
  };

  const counted = (connection: Promise<Socket>): Promise<Socket> =>
    connection.catch((error: unknown) => {
      const code = error instanceof CodedError ? error.code : "InternalServerError";
      refused.set(code, (refused.get(code) ?? 0) + 1);
      throw error;
    });

  return {
    dial: async (place, destination, source) => {
      const route = routeOf(options.graph(), place, destination);
      if (route.kind !== "inspected") {
        return { kind: "open", upstream: await counted(connect(route, destination, source)) };
      }
      return {
        kind: "inspected",
        open: (fqdn = "") => {
          const after = routeOf(options.graph(), place, { ...destination, fqdn });
          const decided = after.kind === "inspected" ? undecided(after.firewallId) : after;
          return counted(connect(decided, destination, source));
        },
      };
    },
    dropGone: (graph) => {
      for (const [socket, endpointId] of open) {
        if (endpointId !== undefined && graph.get(endpointId) === undefined) socket.destroy();
      }
    },
    counters: () => ({
      open: open.size,
      opened: { ...opened },
      refused: Object.fromEntries(refused),
    }),
    close: () => {
      for (const socket of open.keys()) socket.destroy();
    },
  };
}

/** An error with a code of the fabric's catalogue, and its status. */
export function networkError(code: NetworkErrorCode, says: string, cause?: unknown): CodedError {
  return new CodedError(code, says, { status: networkErrors[code].status, cause });
}

/** The rules decide every name, also the empty one; a way that still asks for one is closed. */
const undecided = (firewallId: ResourceId): ClosedRoute => ({
  kind: "none",
  code: "FirewallDenied",
  says: `${firewallId} decides by a name that the client did not give.`,
});

function targetOf(route: OpenRoute, options: DialerOptions): NetConnectOpts {
  switch (route.kind) {
    case "endpoint":
      return { path: options.edge.privateSocket };
    case "public": {
      const { host, port } =
        route.listener === "control" ? options.control.address : options.edge.publicAddress;
      return { host, port };
    }
    default:
      return assertNever(route);
  }
}

/**
 * Opens a connection within `limits.dialTimeoutMs`.
 *
 * @throws CodedError ListenerUnavailable
 */
export function connectTo(
  target: NetConnectOpts,
  clock: Clock,
  open: (target: NetConnectOpts) => Socket = createConnection,
): Promise<Socket> {
  return new Promise((done, fail) => {
    const socket = open({ ...target, allowHalfOpen: true });
    const refuse = (error: unknown): void => {
      timer.cancel();
      socket.destroy();
      const says = `The platform's own listener does not answer: ${messageOf(error)}`;
      fail(networkError("ListenerUnavailable", says, error));
    };
    const timer = clock.after(limits.dialTimeoutMs, () =>
      refuse(new Error(`no connection after ${limits.dialTimeoutMs} ms`)),
    );
    socket.once("error", refuse);
    socket.once("connect", () => {
      timer.cancel();
      socket.off("error", refuse);
      // Whoever joins this connection watches `close`; an error before that must not end the process.
      socket.on("error", () => {});
      done(socket);
    });
  });
}

/** Whether two places are the same. */
export function samePlace(a: Place, b: Place): boolean {
  if (a.kind === "vnet" && b.kind === "vnet") return idKey(a.vnetId) === idKey(b.vnetId);
  if (a.kind === "on-premises" && b.kind === "on-premises") {
    return idKey(a.networkId) === idKey(b.networkId);
  }
  return a.kind === b.kind;
}
