/** The boxes of the picture: each resource that the telemetry meets, with what its box shows and what a click adds. */
import { at, idKey, listAt, parseId, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, ResourceId } from "../arm/index.ts";
import {
  connectionOf,
  dcesOf,
  endpointsOf,
  lawsOf,
  networkTypes,
  recordsIn,
  scopeOf,
  types,
  workspacesOf,
  zoneLinksTo,
} from "../rules/index.ts";
import type { DceView, EndpointView, LawView, WorkspaceView } from "../rules/index.ts";
import { cloud } from "../azure/index.ts";
import { deviceNodes, peeringFacts } from "./devices.ts";
import { outsideId } from "./flow-of.ts";
import { prometheusRulesOf, subnetOfCluster, vnetOfCluster } from "./flows.ts";
import { logsWaysOf } from "./logs-flows.ts";
import type { Fact, TopologyNode } from "./topology.ts";

/** Every box, networks first, in the order of creation. */
export function nodesOf(graph: Graph): readonly TopologyNode[] {
  return [
    ...graph.ofType(networkTypes.vnet).map((network) => networkNode(graph, network)),
    ...graph.ofType(types.cluster).map((cluster) => clusterNode(graph, cluster)),
    ...endpointsOf(graph).map((endpoint) => endpointNode(graph, endpoint)),
    ...zoneNodes(graph),
    ...deviceNodes(graph),
    ...graph.ofType(types.scope).flatMap((scope) => scopeNode(graph, scope.id)),
    ...dcesOf(graph).map(dceNode),
    ...workspacesOf(graph).map(workspaceNode),
    ...lawsOf(graph).map(logWorkspaceNode),
    {
      id: outsideId,
      kind: "outside",
      name: "Outside",
      lines: ["every public network"],
      facts: [{ label: "stands for", value: "a client in none of the networks" }],
    },
  ];
}

const fact = (label: string, value: string | undefined): readonly Fact[] =>
  value === undefined || value === "" ? [] : [{ label, value }];

const strings = (resource: ArmResource, ...path: readonly string[]): readonly string[] =>
  listAt(resource.properties, ...path).filter((value) => typeof value === "string");

const lastName = (id: ResourceId | undefined): string => id?.split("/").at(-1) ?? "";

function networkNode(graph: Graph, network: ArmResource): TopologyNode {
  const prefixes = strings(network, "addressSpace", "addressPrefixes");
  const servers = strings(network, "dhcpOptions", "dnsServers");
  const subnets = listAt(network.properties, "subnets").map((subnet) => ({
    label: `subnet ${stringAt(subnet, "name") ?? ""}`,
    value:
      stringAt(subnet, "properties", "addressPrefix") ??
      String(at(subnet, "properties", "addressPrefixes", 0) ?? ""),
  }));
  return {
    id: idKey(network.id),
    kind: "network",
    name: network.name,
    lines: [prefixes.join(", ")],
    facts: [
      ...fact("id", network.id),
      ...fact("region", network.location),
      ...fact("address space", prefixes.join(", ")),
      ...fact("DNS servers", servers.join(", ")),
      ...peeringFacts(graph, network.id),
      ...subnets,
    ],
  };
}

function clusterNode(graph: Graph, cluster: ArmResource): TopologyNode {
  const networkId = vnetOfCluster(cluster);
  const subnet = lastName(subnetOfCluster(cluster));
  const isPrivate = at(cluster.properties, "apiServerAccessProfile", "enablePrivateCluster");
  const rules = prometheusRulesOf(graph, cluster.id);
  const logs = logsWaysOf(graph, cluster);
  const sends = [
    ...(rules.length === 0 ? [] : ["Managed Prometheus"]),
    ...(logs.length === 0 ? [] : ["Container insights"]),
  ];
  const ruleNames = [...rules, ...logs.flatMap(({ rule }) => rule ?? [])].map(({ name }) => name);
  return {
    id: idKey(cluster.id),
    kind: "cluster",
    name: cluster.name,
    ...inNetwork(graph, networkId),
    lines: [
      subnet === "" ? "no subnet of its own" : subnet,
      ...(sends.length === 0 ? ["sends nothing"] : sends),
    ],
    facts: [
      ...fact("id", cluster.id),
      ...fact("region", cluster.location),
      ...fact("subnet", subnetOfCluster(cluster)),
      ...fact("private cluster", isPrivate === true ? "yes" : "no"),
      ...fact("rules", ruleNames.join(", ")),
    ],
  };
}

/** The network of a box, where the graph has it; a box of a network that is gone stands alone. */
const inNetwork = (
  graph: Graph,
  networkId: ResourceId | undefined,
): Pick<TopologyNode, "networkId"> =>
  networkId !== undefined && graph.get(networkId) !== undefined
    ? { networkId: idKey(networkId) }
    : {};

function endpointNode(graph: Graph, endpoint: EndpointView): TopologyNode {
  const status = connectionOf(graph, endpoint)?.status ?? "Disconnected";
  const addresses = endpoint.addresses.map(({ address }) => address);
  const range =
    addresses.length > 1
      ? `${addresses[0] ?? ""} and ${addresses.length - 1} more`
      : (addresses[0] ?? "no address");
  return {
    id: idKey(endpoint.id),
    kind: "endpoint",
    name: endpoint.name,
    ...inNetwork(graph, endpoint.vnetId),
    lines: [lastName(endpoint.subnetId), range],
    facts: [
      ...fact("id", endpoint.id),
      ...fact("group", endpoint.groupIds.join(", ")),
      ...fact("leads to", endpoint.targetId),
      ...fact("connection", status),
      ...endpoint.addresses.map(({ address, fqdns, memberName }) => ({
        label: address,
        value: fqdns.join(", ") || (memberName ?? ""),
      })),
    ],
    ...(status === "Approved" ? {} : { alarm: status }),
  };
}

/** Private zones, one box for those that are linked to the same networks. */
function zoneNodes(graph: Graph): readonly TopologyNode[] {
  const groups = new Map<
    string,
    { readonly zone: ArmResource; readonly vnets: readonly string[] }[]
  >();
  for (const zone of graph.ofType(networkTypes.zone)) {
    const vnets = linkedVnets(graph, zone.id);
    const key = zonesId(vnets);
    groups.set(key, [...(groups.get(key) ?? []), { zone, vnets }]);
  }
  return [...groups].map(([id, zones]) => zonesNode(graph, id, zones));
}

/** The networks of the graph that a zone is linked to, in lower case, sorted. */
export const linkedVnets = (graph: Graph, zoneId: ResourceId): readonly string[] =>
  zoneLinksTo(graph, zoneId)
    .map(({ vnetId }) => idKey(vnetId))
    .filter((id) => graph.get(id) !== undefined)
    .sort();

/** The box of the zones that are linked to exactly these networks. */
export const zonesId = (vnetIds: readonly string[]): string =>
  `zones:${[...vnetIds].sort().join(" ")}`;

const ZONE_LINES_MAX = 6;

function zonesNode(
  graph: Graph,
  id: string,
  zones: readonly { readonly zone: ArmResource; readonly vnets: readonly string[] }[],
): TopologyNode {
  const vnets = zones[0]?.vnets ?? [];
  const only = vnets.length === 1 ? vnets[0] : undefined;
  const names = zones.map(({ zone }) => zone.name);
  const shown = names.length > ZONE_LINES_MAX ? names.slice(0, ZONE_LINES_MAX - 1) : names;
  const records = ({ id: zoneId }: ArmResource): number =>
    [...recordsIn(graph, zoneId).values()].filter(
      ({ addresses, cname }) => addresses.length > 0 || cname !== undefined,
    ).length;
  return {
    id,
    kind: "zones",
    name: names.length === 1 ? "Private zone" : `${names.length} private zones`,
    ...(only === undefined ? {} : { networkId: only }),
    lines: [
      ...shown,
      ...(shown.length < names.length ? [`and ${names.length - shown.length} more`] : []),
    ],
    facts: [
      ...(vnets.length === 0
        ? fact("linked to", "no network: nothing asks them")
        : vnets.map((vnet) => ({ label: "linked to", value: graph.get(vnet)?.name ?? vnet }))),
      ...zones.map(({ zone }) => ({ label: zone.name, value: `${records(zone)} records` })),
    ],
    ...(vnets.length === 0 ? { alarm: "not linked" } : {}),
  };
}

function scopeNode(graph: Graph, id: ResourceId): readonly TopologyNode[] {
  const scope = scopeOf(graph, id);
  if (scope === undefined) return [];
  const { ingestionAccessMode, queryAccessMode, name } = scope;
  return [
    {
      id: idKey(id),
      kind: "scope",
      name,
      lines: [`ingestion ${ingestionAccessMode}`, `query ${queryAccessMode}`],
      facts: [
        ...fact("id", id),
        ...fact("ingestion access mode", ingestionAccessMode),
        ...fact("query access mode", queryAccessMode),
      ],
    },
  ];
}

const dceNode = (dce: DceView): TopologyNode => ({
  id: idKey(dce.id),
  kind: "dce",
  name: dce.name,
  lines: [dce.region, `public access ${dce.publicNetworkAccess}`],
  facts: [
    ...fact("id", dce.id),
    ...fact("region", dce.region),
    ...fact("public access", dce.publicNetworkAccess),
    ...fact("configuration", dce.configurationHost),
    ...fact("metrics", dce.metricsHost),
    ...fact("logs", dce.logsHost),
  ],
});

const workspaceNode = (workspace: WorkspaceView): TopologyNode => ({
  id: idKey(workspace.id),
  kind: "workspace",
  name: workspace.name,
  lines: [workspace.region, `public query ${workspace.publicNetworkAccess}`],
  facts: [
    ...fact("id", workspace.id),
    ...fact("region", workspace.region),
    ...fact("public query", workspace.publicNetworkAccess),
    ...fact("query host", workspace.queryHost),
    ...fact("default endpoint", lastName(workspace.defaultDceId)),
    ...fact("resource group", parseId(workspace.id)?.resourceGroup),
  ],
});

const logWorkspaceNode = (law: LawView): TopologyNode => ({
  id: idKey(law.id),
  kind: "log-workspace",
  name: law.name,
  lines: [law.region, `public ingestion ${law.publicIngestion}`, `public query ${law.publicQuery}`],
  facts: [
    ...fact("id", law.id),
    ...fact("region", law.region),
    ...fact("customer id", law.customerId),
    ...fact("public ingestion", law.publicIngestion),
    ...fact("public query", law.publicQuery),
    ...fact("records come in at", law.hosts.ods),
    ...fact("queries", cloud.logsQueryHost),
    ...fact("daily cap", law.dailyQuotaGb < 0 ? "none" : `${law.dailyQuotaGb} GB`),
    ...fact("retention", `${law.retentionDays} days`),
    ...fact("resource group", parseId(law.id)?.resourceGroup),
  ],
});
