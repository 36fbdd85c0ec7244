/** The proof of remote write from one network: how its samples reach the workspace's endpoint, and whether the public way is refused. */
import { sameId } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import type { Clock } from "../core/index.ts";
import {
  dceOf,
  dcrOf,
  endpointsOf,
  ingestionAccess,
  originOfEndpoint,
  publicOrigin,
  resolveFrom,
  workspaceOf,
} from "../rules/index.ts";
import type { Probes } from "./evidence.ts";
import { exitOf, judge } from "./judge.ts";
import type { Expectations } from "./judge.ts";
import { isVnet, sendingVnets } from "./observe-remote-write.ts";
import type { Observed } from "./observe.ts";
import type { PathId } from "./paths.ts";
import { probePath, withNewest } from "./probe-path.ts";
import { ingestionRequest, newestSample } from "./prove.ts";
import type { Proof } from "./prove.ts";

/** What is probed for a network; a host is absent where the workspace does not say it. */
export interface NetworkProofTarget {
  readonly networkName: string;
  readonly metricsHost: string | undefined;
  readonly dcrImmutableId: string | undefined;
  readonly queryHost: string | undefined;
  /** Addresses of private endpoints in the networks that the sender is in, or reaches. */
  readonly privateAddresses: ReadonlySet<string>;
  readonly closedByFlag: ReadonlySet<PathId>;
  /** How names are resolved there, for an on-premises network. */
  readonly resolver: string | undefined;
  readonly missing: readonly string[];
}

/** The target of a network's proof; undefined when the network is not there. */
export function networkProofTarget(
  { graph }: Observed,
  asked: { readonly networkId: ResourceId; readonly workspaceId: ResourceId },
): NetworkProofTarget | undefined {
  const network = graph.get(asked.networkId);
  if (network === undefined) return undefined;
  const workspace = workspaceOf(graph, asked.workspaceId);
  const dce = dceOf(graph, workspace?.defaultDceId ?? "");
  const dcr = dcrOf(graph, workspace?.defaultDcrId ?? "");
  const vnetIds = sendingVnets(graph, asked.networkId);
  const endpoints = endpointsOf(graph).filter((endpoint) =>
    vnetIds.some((vnetId) => sameId(vnetId, endpoint.vnetId)),
  );
  const origins = [
    publicOrigin,
    ...endpoints.flatMap(({ id }) => originOfEndpoint(graph, id).origin ?? []),
  ];
  const isClosed =
    dce !== undefined &&
    origins.every((origin) => ingestionAccess(graph, { origin, dceId: dce.id }).outcome === "deny");
  return {
    networkName: network.name,
    metricsHost: dce?.metricsHost,
    dcrImmutableId: dcr?.immutableId,
    queryHost: workspace?.queryHost,
    privateAddresses: new Set(
      endpoints.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
    ),
    resolver: resolverOf(graph, asked.networkId, dce?.metricsHost),
    closedByFlag: new Set<PathId>(isClosed ? ["metrics-ingestion"] : []),
    missing: [
      workspace === undefined ? `There is no workspace ${asked.workspaceId}.` : [],
      workspace !== undefined && dce === undefined
        ? `The workspace ${workspace.name} has no default endpoint.`
        : [],
    ].flat(),
  };
}

/** Why a name leads where it does from on-premises, by the resources that ARM shows. */
function resolverOf(
  graph: Graph,
  networkId: ResourceId,
  name: string | undefined,
): string | undefined {
  if (isVnet(networkId) || name === undefined) return undefined;
  return resolveFrom(graph, { kind: "on-premises", networkId }, { name }).reasons[0]?.says;
}

/** Probes and judges the ingestion path of one network: any sample of the workspace says how fresh the data is. */
export async function proveNetwork(
  probes: Probes,
  target: NetworkProofTarget,
  options: { readonly clock: Clock; readonly expected?: Expectations["expected"] },
): Promise<Proof> {
  const { networkName, metricsHost: host, queryHost, privateAddresses, closedByFlag } = target;
  const newest = await newestSample(probes, { queryHost, promql: "max(timestamp(up))" });
  const seen = await probePath(probes, target, {
    id: "metrics-ingestion",
    host,
    request: ingestionRequest(target),
    also: [],
  });
  const judged = judge(withNewest(seen, newest), {
    expected: options.expected ?? {},
    privateAddresses,
    closedByFlag,
    nowMs: options.clock.nowMs(),
  });
  // The resolver is the usual reason on-premises, so that it is said first.
  const { resolver } = target;
  const path =
    judged.verdict === "private" || resolver === undefined
      ? judged
      : { ...judged, reasons: [resolver, ...judged.reasons] };
  return { network: networkName, cluster: networkName, paths: [path], exit: exitOf([path]) };
}
