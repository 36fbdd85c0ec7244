/** The whole way from a network to a name: every hop, with the rule that let it pass or stopped it. */
import type { Graph, ResourceId } from "../arm/index.ts";
import type { Reason, Verdict } from "../core/index.ts";
import { because } from "./because.ts";
import { ingestionAccess } from "./ingestion-access.ts";
import { odsAccess } from "./ods-access.ts";
import { resolveName } from "./name-resolution.ts";
import type { NameResolution } from "./name-resolution.ts";
import { originOfEndpoint, publicOrigin } from "./origin.ts";
import type { Origin } from "./origin.ts";
import { reachAddress } from "./reach.ts";
import type { Hop } from "./reach.ts";
import type { RouteOrigin } from "./route-of.ts";
import { networkOf } from "./route-of.ts";
import { servedHosts } from "./served-hosts.ts";
import { workspaceQueryAccess } from "./workspace-query-access.ts";

export interface PathOf {
  /** In lower case, without the final dot. */
  readonly name: string;
  readonly from: ResourceId;
  /** `private` or `public`: a request arrives and is answered. `stopped`: the last hop says where and why. */
  readonly outcome: "private" | "public" | "stopped";
  readonly address: string | undefined;
  readonly resolution: NameResolution;
  readonly hops: readonly Hop[];
}

/**
 * Follows a request for a host, at port 443: its name, the address's way, the private endpoint's connection, and
 * whether the service takes it. Configuration is decided for each cluster: here only whether its host is open.
 *
 * @returns never throws; what the platform does not serve ends at its public address.
 */
export function pathOf(
  graph: Graph,
  { from, name }: { readonly from: RouteOrigin; readonly name: string },
): PathOf {
  const host = name.toLowerCase().replace(/\.$/, "");
  const vnetId = networkOf(from);
  const resolution = resolveName(graph, { name: host, vnetId });
  const [address] = resolution.addresses;
  const origin = "subnetId" in from ? from.subnetId : vnetId;
  const named: Hop = {
    kind: "name",
    at: host,
    passes: address !== undefined,
    reasons: resolution.reasons,
  };
  const ended = (outcome: PathOf["outcome"], ...hops: readonly Hop[]): PathOf => ({
    name: host,
    from: origin,
    outcome,
    address,
    resolution,
    hops: [named, ...hops],
  });
  if (address === undefined) return ended("stopped");
  const reach = reachAddress(graph, { from, address, fqdn: host });
  if (reach.kind === "public") {
    const access = accessHop(graph, host, publicOrigin);
    return ended(access.passes ? "public" : "stopped", ...reach.hops, access);
  }
  if (reach.kind !== "endpoint") return ended("stopped", ...reach.hops, ...listensNot(reach, host));
  const connection = originOfEndpoint(graph, reach.endpointId);
  const approved = hopOf("endpoint", reach.endpointId, connection.verdict);
  if (connection.origin === undefined) return ended("stopped", ...reach.hops, approved);
  const access = accessHop(graph, host, connection.origin);
  return ended(access.passes ? "private" : "stopped", ...reach.hops, approved, access);
}

/** A DNS server's own address serves no HTTPS. */
function listensNot(reach: ReturnType<typeof reachAddress>, host: string): readonly Hop[] {
  if (reach.kind !== "server") return [];
  const says = `${reach.serverId} serves DNS, and not ${host}.`;
  return [
    {
      kind: "access",
      at: reach.serverId,
      passes: false,
      reasons: [because("reach.no-interface", says)],
    },
  ];
}

const hopOf = (kind: Hop["kind"], at: string, { outcome, reasons }: Verdict): Hop => ({
  kind,
  at,
  passes: outcome === "allow",
  reasons,
});

function accessHop(graph: Graph, host: string, origin: Origin): Hop {
  const served = servedHosts(graph).get(host);
  switch (served?.kind) {
    case "configuration":
    case "logs-ingestion":
    case "metrics-ingestion": {
      const dceId = served.resourceId ?? "";
      return hopOf("access", dceId, ingestionAccess(graph, { origin, dceId }));
    }
    case "metrics-query": {
      const workspaceId = served.resourceId ?? "";
      return hopOf("access", workspaceId, workspaceQueryAccess(graph, { origin, workspaceId }));
    }
    case "ods":
    case "oms": {
      const workspaceId = served.resourceId ?? "";
      return hopOf("access", workspaceId, odsAccess(graph, { origin, workspaceId }));
    }
    default:
      return { kind: "access", at: host, passes: true, reasons: openTo(host, served?.kind) };
  }
}

function openTo(host: string, kind: string | undefined): readonly Reason[] {
  const says =
    kind === "configuration-global"
      ? `${host} answers everyone, and sends an agent to the endpoint that its cluster is associated with.`
      : kind === "logs-query"
        ? `${host} answers everyone; each query is decided by the workspaces that it names.`
        : kind === undefined
          ? `The platform serves nothing at ${host}; the way to its address is open.`
          : `${host} answers everyone with a valid token.`;
  return [because("access.open", says)];
}
