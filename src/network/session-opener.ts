/** Opens a session with all its doors: the gateway's secret, the relay's socket, and what a namespace must route. */
import { dirname, join } from "node:path";
import { listAt } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { fixedAddresses, publicAddressPrefix } from "../azure/index.ts";
import { limits } from "../core/index.ts";
import { networkTypes, parseIpv4Prefix } from "../rules/index.ts";
import type { SessionAnswer } from "./admin-api.ts";
import type { GatewayOptions } from "./gateway.ts";
import { listenRelay } from "./relay-socket.ts";
import type { Resolvers } from "./resolvers.ts";
import type { Place } from "./route.ts";

export interface SessionOpenerOptions extends Omit<GatewayOptions, "port"> {
  readonly folder: string;
  readonly edge: { readonly privateSocket: string };
  readonly resolvers: Resolvers;
  readonly gatewayPort: number;
}

/** @returns a function that begins a session and answers with its doors; a session whose relay cannot listen is ended. */
export function sessionOpener(
  options: SessionOpenerOptions,
): (place: Place, identityId: ResourceId | undefined) => Promise<SessionAnswer> {
  const { sessions, resolvers, folder, gatewayPort, edge } = options;
  return async (place, identityId) => {
    const { session, secret } = sessions.begin(place, identityId);
    const relaySocket = join(folder, `relay-${session.id}.sock`);
    try {
      const respond = resolvers.respondIn(place);
      await listenRelay({ ...options, path: relaySocket, session, respond });
      const resolver = await resolvers.addressOf(place);
      return {
        id: session.id,
        vnetId: place.kind === "vnet" ? place.vnetId : null,
        networkId: place.kind === "on-premises" ? place.networkId : null,
        identityId: identityId ?? null,
        secret,
        gatewayUrl: `http://${session.id}:${secret}@127.0.0.1:${gatewayPort}`,
        resolver: resolver ?? null,
        relaySocket,
        prefixes: prefixesOf(options.graph()),
        dns: fixedAddresses.dns,
        instanceMetadata: fixedAddresses.instanceMetadata,
        hiddenFolders: [...new Set([folder, dirname(edge.privateSocket)])],
      };
    } catch (error) {
      sessions.end(session.id);
      throw error;
    }
  };
}

/** The prefixes of every network, so that a private address goes to the relay and is refused there, whichever network has it. */
function prefixesOf(graph: Graph): readonly string[] {
  const prefixes = graph
    .ofType(networkTypes.vnet)
    .flatMap((vnet) => listAt(vnet.properties, "addressSpace", "addressPrefixes"))
    .filter((prefix) => typeof prefix === "string" && parseIpv4Prefix(prefix) !== undefined)
    .slice(0, limits.namespacePrefixesMax);
  return [...new Set([...(prefixes as readonly string[]), publicAddressPrefix])];
}
