/** The paths of every cluster's telemetry and of the outside, with the verdict that the rules give and its reasons. */
import { idKey, listAt, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, ResourceId } from "../arm/index.ts";
import { cloud } from "../azure/index.ts";
import type { Outcome, Reason } from "../core/index.ts";
import {
  associationsWith,
  configurationAccess,
  configurationAssociation,
  dceOf,
  dcesOf,
  dcrOf,
  ingestionAccess,
  pathToHost,
  publicOrigin,
  reachAddress,
  servedHosts,
  types,
  workspaceOf,
  workspaceQueryAccess,
  workspacesOf,
} from "../rules/index.ts";
import type { DcrView } from "../rules/index.ts";
import { arrived, flowOf, outsideId, stationsOf } from "./flow-of.ts";
import type { Question, Way } from "./flow-of.ts";
import { logsQuestions, logsWaysOf, outsideLogsFlows } from "./logs-flows.ts";
import { onPremisesFlows } from "./on-premises-flows.ts";
import type { Flow, FlowVerdict } from "./topology.ts";

/** The stream by which Managed Prometheus sends. @see learn.microsoft.com/azure/azure-monitor/essentials/data-collection-rule-structure */
const prometheusStream = "Microsoft-PrometheusMetrics";

/** Every flow of the graph: each cluster's paths, on-premises networks' writes, then the outside's way to each door. */
export function flowsOf(graph: Graph): readonly Flow[] {
  const flows = [
    ...graph.ofType(types.cluster).flatMap((cluster) => clusterFlows(graph, cluster)),
    ...onPremisesFlows(graph),
    ...outsideFlows(graph),
    ...outsideLogsFlows(graph),
  ];
  // Two rules of a cluster by one endpoint are one way.
  return [...new Map(flows.map((flow) => [flow.id, flow])).values()];
}

/** The network of a cluster, by the first of its pools that names a subnet. */
export function vnetOfCluster(cluster: ArmResource): ResourceId | undefined {
  const subnetId = subnetOfCluster(cluster);
  return subnetId?.split("/").slice(0, -2).join("/");
}

export const subnetOfCluster = (cluster: ArmResource): ResourceId | undefined =>
  listAt(cluster.properties, "agentPoolProfiles").flatMap(
    (pool) => stringAt(pool, "vnetSubnetID") ?? [],
  )[0];

/** The Prometheus rules that a cluster is associated with. */
export const prometheusRulesOf = (graph: Graph, clusterId: ResourceId): readonly DcrView[] =>
  associationsWith(graph, clusterId)
    .flatMap(({ dcrId }) => (dcrId === undefined ? [] : (dcrOf(graph, dcrId) ?? [])))
    .filter(({ streams }) => streams.includes(prometheusStream));

function clusterFlows(graph: Graph, cluster: ArmResource): readonly Flow[] {
  const rules = prometheusRulesOf(graph, cluster.id);
  const questions = [
    ...configurationQuestion(graph, cluster),
    ...rules.flatMap((rule) => ingestionQuestion(graph, rule)),
    ...workspaceIdsOf(rules).flatMap((id) => queryQuestion(graph, id)),
    ...logsQuestions(graph, cluster),
  ];
  return questions.map((question) => clusterFlow(graph, cluster, question));
}

function configurationQuestion(graph: Graph, cluster: ArmResource): readonly Question[] {
  const association = configurationAssociation(graph, cluster.id);
  const collects =
    prometheusRulesOf(graph, cluster.id).length > 0 ||
    logsWaysOf(graph, cluster).some(({ rule }) => rule !== undefined);
  if (association === undefined && !collects) return [];
  const dce = association?.dceId === undefined ? undefined : dceOf(graph, association.dceId);
  const host = dce?.configurationHost ?? cloud.globalHandlerHost;
  const served = servedHosts(graph).get(host);
  if (served === undefined) return [];
  return [
    {
      path: "configuration",
      kinds: ["configuration"],
      host,
      targetId: dce?.id,
      beyond: [],
      alsoNames: dce === undefined ? [] : [cloud.globalHandlerHost],
      access: (origin) => {
        const access = configurationAccess(graph, { origin, host: served, clusterId: cluster.id });
        return { outcome: access.kind === "serve" ? "allow" : "deny", reasons: access.reasons };
      },
    },
  ];
}

function ingestionQuestion(graph: Graph, rule: DcrView): readonly Question[] {
  const dce = rule.dceId === undefined ? undefined : dceOf(graph, rule.dceId);
  if (dce?.metricsHost === undefined) return [];
  return [
    {
      path: "metrics-ingestion",
      kinds: ["metrics-ingestion"],
      host: dce.metricsHost,
      targetId: dce.id,
      beyond: rule.workspaceIds.filter((id) => workspaceOf(graph, id) !== undefined),
      alsoNames: [],
      access: (origin) => ingestionAccess(graph, { origin, dceId: dce.id }),
    },
  ];
}

function queryQuestion(graph: Graph, workspaceId: ResourceId): readonly Question[] {
  const workspace = workspaceOf(graph, workspaceId);
  if (workspace?.queryHost === undefined) return [];
  return [
    {
      path: "metrics-query",
      kinds: ["metrics-query"],
      host: workspace.queryHost,
      targetId: workspace.id,
      beyond: [],
      alsoNames: [],
      access: (origin) => workspaceQueryAccess(graph, { origin, workspaceId }),
    },
  ];
}

function workspaceIdsOf(rules: readonly DcrView[]): readonly ResourceId[] {
  const byKey = new Map<string, ResourceId>();
  for (const id of rules.flatMap((rule) => rule.workspaceIds)) byKey.set(idKey(id), id);
  return [...byKey.values()];
}

function clusterFlow(graph: Graph, cluster: ArmResource, question: Question): Flow {
  const vnetId = vnetOfCluster(cluster);
  const strays = question.alsoNames
    .map((host) => pathToHost(graph, { host, vnetId }))
    .filter(({ origin }) => origin?.kind !== "private");
  const way = wayFrom(graph, vnetId, question);
  return flowOf(cluster, question, {
    ...way,
    isWhole: strays.length === 0,
    reasons: [...way.reasons, ...strays.flatMap(({ reasons }) => reasons)],
  });
}

/** A request from a network: its name, its address, the endpoint, and then the door's own word. */
function wayFrom(graph: Graph, vnetId: ResourceId | undefined, question: Question): Way {
  if (vnetId === undefined) {
    const says = "The cluster's pools name no subnet, so its requests leave from no known network.";
    const reason: Reason = { rule: "cluster.no-network", says, source: "inferred: AKS manages it" };
    return arrived(question, { origin: publicOrigin, reasons: [reason], by: [] });
  }
  const { host } = question;
  const { origin, reasons, resolution } = pathToHost(graph, { host, vnetId });
  const [address] = resolution.addresses;
  const stations =
    address === undefined
      ? { by: [] }
      : stationsOf(reachAddress(graph, { from: { vnetId }, address, fqdn: host }));
  return arrived(question, { origin, reasons, ...stations });
}

/** What a client outside of every network meets at each door. */
function outsideFlows(graph: Graph): readonly Flow[] {
  const doors = [
    ...dcesOf(graph).map(({ id, name }) => ({
      id,
      name,
      kinds: ["configuration", "metrics-ingestion", "logs-ingestion"],
      access: ingestionAccess(graph, { origin: publicOrigin, dceId: id }),
    })),
    ...workspacesOf(graph).map(({ id, name }) => ({
      id,
      name,
      kinds: ["metrics-query"],
      access: workspaceQueryAccess(graph, { origin: publicOrigin, workspaceId: id }),
    })),
  ];
  return doors.map(({ id, name, kinds, access }) => ({
    id: `outside ${idKey(id)}`,
    path: "outside",
    title: `outside: ${name}`,
    verdict: outsideVerdicts[access.outcome],
    stops: [outsideId, idKey(id)],
    counted: { kinds, resourceId: idKey(id), way: "public" },
    reasons: access.reasons,
    outsideReasons: [],
  }));
}

const outsideVerdicts: Readonly<Record<Outcome, FlowVerdict>> = {
  allow: "public",
  deny: "closed",
  unknown: "unknown",
};
