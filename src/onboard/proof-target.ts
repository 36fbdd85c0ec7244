/** What a proof probes: the hosts of a cluster's paths, and the addresses that count as private, all read from ARM. */
import { at, regionKey, sameId } from "../arm/index.ts";
import type { ArmResource, Graph, ResourceId } from "../arm/index.ts";
import { cloud } from "../azure/index.ts";
import {
  associationsWith,
  configurationAssociation,
  dceOf,
  dcrOf,
  endpointsOf,
  ingestionAccess,
  interfacesAt,
  originOfEndpoint,
  publicOrigin,
  workspaceOf,
  workspaceQueryAccess,
} from "../rules/index.ts";
import type { DceView, DcrView, Origin, WorkspaceView } from "../rules/index.ts";
import { prometheusStream } from "./desired-collection.ts";
import { logsClosedByFlag, logsTarget } from "./logs/logs-target.ts";
import type { LogsTarget } from "./logs/logs-target.ts";
import { vnetOf } from "./observe-network.ts";
import type { Observed } from "./observe.ts";
import type { PathId } from "./paths.ts";

/** The halves of a cluster's telemetry. */
export type Signal = "metrics" | "logs";

/** The hosts to probe; a host is absent where the resources do not say it, with the reason in `missing`. */
export interface ProofTarget {
  readonly clusterId: ResourceId;
  readonly clusterName: string;
  readonly clusterRegion: string;
  /** What the cluster has: metrics where it has neither, so that what is missing is said. */
  readonly signals: readonly Signal[];
  /** Present where the cluster's logs are collected. */
  readonly logs: LogsTarget | undefined;
  readonly vnetId: ResourceId | undefined;
  readonly globalHandlerHost: string;
  readonly configurationHost: string | undefined;
  readonly metricsHost: string | undefined;
  /** The rule that the write probe names. */
  readonly dcrImmutableId: string | undefined;
  readonly queryHost: string | undefined;
  readonly workspaceId: ResourceId | undefined;
  readonly dceId: ResourceId | undefined;
  readonly dcrId: ResourceId | undefined;
  /** Addresses of the interfaces of private endpoints in the cluster's network: what private means. */
  readonly privateAddresses: ReadonlySet<string>;
  /** Paths that the rules refuse from outside and through every endpoint of the cluster's network. */
  readonly closedByFlag: ReadonlySet<PathId>;
  readonly missing: readonly string[];
}

/** The target of a proof for one cluster; undefined when the cluster is not there. */
export function proofTarget(
  { graph }: Observed,
  asked: { readonly clusterId: ResourceId; readonly workspaceId?: ResourceId },
): ProofTarget | undefined {
  const cluster = graph.get(asked.clusterId);
  if (cluster === undefined) return undefined;
  const parts = partsOf(graph, asked);
  const { rule, dce, configurationDce, workspace, vnetId } = parts;
  const { signals, logs, missing } = halvesOf(graph, cluster, parts);
  return {
    clusterId: cluster.id,
    clusterName: cluster.name,
    clusterRegion: regionKey(cluster.location ?? ""),
    signals,
    logs,
    vnetId,
    globalHandlerHost: cloud.globalHandlerHost,
    configurationHost: configurationDce?.configurationHost,
    metricsHost: dce?.metricsHost,
    dcrImmutableId: rule?.immutableId,
    queryHost: workspace?.queryHost,
    workspaceId: workspace?.id,
    dceId: dce?.id,
    dcrId: rule?.id,
    privateAddresses: privateAddresses(graph, vnetId),
    closedByFlag: closedByFlag(graph, parts, logs),
    missing,
  };
}

/** What the cluster has of metrics and logs, and what each lacks. */
function halvesOf(
  graph: Graph,
  { id, name, properties }: ArmResource,
  parts: Parts,
): Pick<ProofTarget, "signals" | "logs" | "missing"> {
  const found = logsTarget(graph, id);
  const hasMetrics =
    found === undefined ||
    parts.rule !== undefined ||
    at(properties, "azureMonitorProfile", "metrics", "enabled") === true;
  const configured = hasMetrics || found.auth === "managed-identity";
  const shared = missingOf(parts, { name, configured });
  return {
    signals: [
      ...(hasMetrics ? (["metrics"] as const) : []),
      ...(found === undefined ? [] : (["logs"] as const)),
    ],
    logs: found && { ...found, missing: [...found.missing, ...shared] },
    missing: [...(hasMetrics ? missingOfMetrics(parts, name) : []), ...shared],
  };
}

interface Parts {
  readonly rule: DcrView | undefined;
  readonly dce: DceView | undefined;
  readonly configurationDce: DceView | undefined;
  readonly workspace: WorkspaceView | undefined;
  readonly vnetId: ResourceId | undefined;
}

function partsOf(
  graph: Graph,
  asked: { readonly clusterId: ResourceId; readonly workspaceId?: ResourceId },
): Parts {
  const rule = ruleOf(graph, asked);
  const association = configurationAssociation(graph, asked.clusterId);
  const workspaceId = asked.workspaceId ?? rule?.workspaceIds[0];
  const dce = (id: ResourceId | undefined): DceView | undefined =>
    id === undefined ? undefined : dceOf(graph, id);
  return {
    rule,
    dce: dce(rule?.dceId),
    configurationDce: dce(association?.dceId),
    workspace: workspaceId === undefined ? undefined : workspaceOf(graph, workspaceId),
    vnetId: vnetOf(graph, asked.clusterId),
  };
}

/** What metrics and logs both need. */
function missingOf(
  { configurationDce, vnetId }: Parts,
  { name, configured }: { readonly name: string; readonly configured: boolean },
): readonly string[] {
  return [
    configured && configurationDce === undefined
      ? `${name} has no configurationAccessEndpoint.`
      : [],
    vnetId === undefined ? `The network of ${name} is not known.` : [],
  ].flat();
}

function missingOfMetrics({ rule, dce, workspace }: Parts, name: string): readonly string[] {
  return [
    rule === undefined ? `${name} is associated with no Prometheus rule.` : [],
    rule !== undefined && dce === undefined ? `The rule ${rule.name} has no endpoint.` : [],
    workspace === undefined ? "There is no Azure Monitor workspace to query." : [],
  ].flat();
}

function ruleOf(
  graph: Graph,
  asked: { readonly clusterId: ResourceId; readonly workspaceId?: ResourceId },
): DcrView | undefined {
  return associationsWith(graph, asked.clusterId)
    .flatMap(({ dcrId }) => (dcrId === undefined ? [] : (dcrOf(graph, dcrId) ?? [])))
    .filter(({ streams }) => streams.includes(prometheusStream))
    .find(
      ({ workspaceIds }) =>
        asked.workspaceId === undefined || workspaceIds.some((id) => sameId(id, asked.workspaceId)),
    );
}

function privateAddresses(graph: Graph, vnetId: ResourceId | undefined): ReadonlySet<string> {
  const endpoints = endpointsOf(graph).filter((endpoint) => sameId(endpoint.vnetId, vnetId));
  const addresses = endpoints.flatMap((endpoint) =>
    endpoint.addresses.map(({ address }) => address),
  );
  return new Set(addresses.filter((address) => interfacesAt(graph, address).length > 0));
}

/** By the rules that the edge applies: no way in that the cluster's network or the public has would be let in. */
function closedByFlag(
  graph: Graph,
  parts: Parts,
  logs: LogsTarget | undefined,
): ReadonlySet<PathId> {
  const { dce, configurationDce, workspace, vnetId } = parts;
  const origins: readonly Origin[] = [
    publicOrigin,
    ...endpointsOf(graph)
      .filter((endpoint) => sameId(endpoint.vnetId, vnetId))
      .flatMap(({ id }) => originOfEndpoint(graph, id).origin ?? []),
  ];
  const refusedAt = (dceId: ResourceId): boolean =>
    origins.every((origin) => ingestionAccess(graph, { origin, dceId }).outcome === "deny");
  const closed = new Set<PathId>(logs === undefined ? [] : logsClosedByFlag(graph, logs, origins));
  if (configurationDce !== undefined && refusedAt(configurationDce.id)) closed.add("configuration");
  if (dce !== undefined && refusedAt(dce.id)) closed.add("metrics-ingestion");
  if (workspace === undefined) return closed;
  const workspaceId = workspace.id;
  const refused = origins.every(
    (origin) => workspaceQueryAccess(graph, { origin, workspaceId }).outcome === "deny",
  );
  return refused ? closed.add("metrics-query") : closed;
}
