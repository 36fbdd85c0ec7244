/** Words and commands that several checks share. */
import { parseId } from "../../arm/index.ts";
import type { ResourceId } from "../../arm/index.ts";
import { skipped } from "../check.ts";
import type { Finding } from "../check.ts";
import type { CheckFacts } from "../facts.ts";
import { command, step } from "../fix.ts";
import type { Fix } from "../fix.ts";
import { waysOf } from "./cluster-way.ts";
import type { ClusterWay } from "./cluster-way.ts";

/** A resource's name, as people call it; the whole id stands in the finding's subject. */
export const nameOf = (id: ResourceId): string => parseId(id)?.name ?? id;

/** The findings of every cluster under check. */
export const eachCluster = (
  facts: CheckFacts,
  look: (way: ClusterWay) => readonly Finding[],
): readonly Finding[] => waysOf(facts).flatMap(look);

/** As `eachCluster`, for what matters only where the telemetry is meant to be private. */
export const eachPrivateCluster = (
  facts: CheckFacts,
  look: (way: ClusterWay) => readonly Finding[],
): readonly Finding[] =>
  eachCluster(facts, (way) => (way.wants === undefined ? [leftInPeace(way)] : look(way)));

/** Why a cluster is not judged. */
const leftInPeace = ({ id, name, metricsOn, logsOn }: ClusterWay): Finding =>
  skipped(
    id,
    metricsOn || logsOn
      ? `${name} is public by design: nothing on its telemetry's way refuses public networks or is in a scope of its network.`
      : `Monitoring of ${name} is off.`,
  );

/** What a finding about a cluster's way has in its chain: the cluster, its networks, its scope and endpoint, its stations. */
export const chainOf = (
  way: ClusterWay,
  ...more: readonly (ResourceId | undefined)[]
): readonly ResourceId[] => [
  way.id,
  ...way.vnetIds,
  ...(way.scope === undefined ? [] : [way.scope.id]),
  ...(way.scope?.endpoint === undefined ? [] : [way.scope.endpoint.id]),
  ...way.stations.map(({ id }) => id),
  ...more.filter((id) => id !== undefined),
];

/** Where a resource is, as options of az. */
export const placeOf = (id: ResourceId): Readonly<Record<string, string>> => {
  const parsed = parseId(id);
  return {
    "--resource-group": parsed?.resourceGroup ?? "",
    "--subscription": parsed?.subscriptionId ?? "",
  };
};

/** A command of az: its words, which are ours, and its options, whose values are others'. */
export const az = (says: string, verb: string, options: Readonly<Record<string, string>>): Fix =>
  command(says, "az", ...verb.split(" "), ...Object.entries(options).flat());

/** Links a resource to a scope. @see az monitor private-link-scope scoped-resource create */
export const linkToScope = (scopeId: ResourceId, linkedId: ResourceId): Fix =>
  az(
    `Link ${nameOf(linkedId)} to the scope ${nameOf(scopeId)}.`,
    "monitor private-link-scope scoped-resource create",
    {
      "--name": `${nameOf(linkedId)}-connection`,
      "--scope-name": nameOf(scopeId),
      "--linked-resource": linkedId,
      ...placeOf(scopeId),
    },
  );

/** Associates a cluster with the endpoint of its configuration. @see az monitor data-collection rule association create */
export const associateEndpoint = (clusterId: ResourceId, dceId: ResourceId): Fix =>
  az(
    `Make ${nameOf(dceId)} the configuration endpoint of ${nameOf(clusterId)}.`,
    "monitor data-collection rule association create",
    {
      "--association-name": "configurationAccessEndpoint",
      "--data-collection-endpoint-id": dceId,
      "--resource-uri": clusterId,
    },
  );

/** Links a zone to a network. @see az network private-dns link vnet create */
export const linkZone = (zoneId: ResourceId, vnetId: ResourceId): Fix =>
  az(
    `Link the zone ${nameOf(zoneId)} to ${nameOf(vnetId)}.`,
    "network private-dns link vnet create",
    {
      "--name": nameOf(vnetId),
      "--zone-name": nameOf(zoneId),
      "--virtual-network": vnetId,
      "--registration-enabled": "false",
      ...placeOf(zoneId),
    },
  );

/** Adds a zone to an endpoint's zone group. @see az network private-endpoint dns-zone-group add */
export const addToZoneGroup = (endpointId: ResourceId, zone: string, zoneId: string): Fix =>
  az(
    `Add the zone ${zone} to the zone group of ${nameOf(endpointId)}.`,
    "network private-endpoint dns-zone-group add",
    {
      "--name": "default",
      "--endpoint-name": nameOf(endpointId),
      "--private-dns-zone": zoneId,
      "--zone-name": zone.replaceAll(".", "-"),
      ...placeOf(endpointId),
    },
  );

/** Agents hold on to what they resolved and to open connections: a change reaches them with a restart. */
export const restartAgents: Fix = step(
  "Delete the agents' pods (ama-metrics, ama-logs in kube-system), for they keep old connections and names; their configuration comes two to three minutes later.",
);
