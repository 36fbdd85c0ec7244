/** The paths of every cluster's telemetry and of the outside, with the verdict that the rules give and its reasons. */
import { idKey, listAt, stringAt } from "../arm/index.ts";
import type { ArmResource, Graph, ResourceId } from "../arm/index.ts";
import { cloud } from "../azure/index.ts";
import type { Outcome, Reason, Verdict } from "../core/index.ts";
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
import type { DcrView, Origin } from "../rules/index.ts";
import type { Flow, FlowPath, FlowVerdict } from "./topology.ts";

/** The box that every client outside of the networks stands in. */
export const outsideId = "outside";

/** The stream by which Managed Prometheus sends. @see learn.microsoft.com/azure/azure-monitor/essentials/data-collection-rule-structure */
const prometheusStream = "Microsoft-PrometheusMetrics";

/** Every flow of the graph: each cluster's paths, then the outside's way to each door. */
export function flowsOf(graph: Graph): readonly Flow[] {
  const flows = [
    ...graph.ofType(types.cluster).flatMap((cluster) => clusterFlows(graph, cluster)),
    ...outsideFlows(graph),
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
  ];
  return questions.map((question) => clusterFlow(graph, cluster, question));
}

/** One request that a cluster makes, and how the rules answer it for an origin. */
interface Question {
  readonly path: FlowPath;
  readonly kinds: readonly string[];
  readonly host: string;
  /** The door's resource. */
  readonly targetId: ResourceId | undefined;
  readonly beyond: readonly ResourceId[];
  readonly access: (origin: Origin) => Verdict;
  /** Names that must lead into the private link as well. */
  readonly alsoNames: readonly string[];
}

function configurationQuestion(graph: Graph, cluster: ArmResource): readonly Question[] {
  const association = configurationAssociation(graph, cluster.id);
  if (association === undefined && prometheusRulesOf(graph, cluster.id).length === 0) return [];
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
  const way = wayFrom(graph, vnetId, question);
  const outside = question.access(publicOrigin);
  const strays = question.alsoNames
    .map((host) => pathToHost(graph, { host, vnetId }))
    .filter(({ origin }) => origin?.kind !== "private");
  const isWhole = strays.length === 0;
  const from = idKey(cluster.id);
  const { origin } = way;
  return {
    id: `${question.path} ${from} ${idKey(question.targetId ?? question.host)}`,
    path: question.path,
    title: `${cluster.name}: ${question.path}`,
    verdict: verdictOf({ way, outside: outside.outcome, isWhole }),
    stops: unrepeated([from, ...stopsOf(way, question)]),
    ...(question.targetId === undefined ? {} : { targetId: idKey(question.targetId) }),
    ...(origin === undefined ? {} : countedAt(question, origin)),
    host: question.host,
    reasons: [...way.reasons, ...strays.flatMap(({ reasons }) => reasons)],
    outsideReasons: outside.reasons,
  };
}

interface Way {
  readonly origin: Origin | undefined;
  /** The firewalls that it came to, the last of which may have stopped it. */
  readonly firewalls: readonly ResourceId[];
  /** The firewall or the endpoint that lets it go no further. */
  readonly stoppedAt?: ResourceId;
  readonly outcome: Outcome;
  readonly reasons: readonly Reason[];
}

/** A request from a network: its name, its address, the endpoint, and then the door's own word. */
function wayFrom(graph: Graph, vnetId: ResourceId | undefined, question: Question): Way {
  if (vnetId === undefined) {
    const says = "The cluster's pools name no subnet, so its requests leave from no known network.";
    const reason: Reason = { rule: "cluster.no-network", says, source: "inferred: AKS manages it" };
    const access = question.access(publicOrigin);
    return {
      origin: publicOrigin,
      firewalls: [],
      outcome: access.outcome,
      reasons: [reason, ...access.reasons],
    };
  }
  const { host } = question;
  const { origin, reasons, resolution } = pathToHost(graph, { host, vnetId });
  const stations = stationsOf(graph, { host, vnetId, address: resolution.addresses[0] });
  if (origin === undefined) return { origin, outcome: "deny", reasons, ...stations };
  const access = question.access(origin);
  const { firewalls } = stations;
  return { origin, firewalls, outcome: access.outcome, reasons: [...reasons, ...access.reasons] };
}

/** What a connection to an address comes by, and where it ends if it does not arrive. */
function stationsOf(
  graph: Graph,
  asked: {
    readonly host: string;
    readonly vnetId: ResourceId;
    readonly address: string | undefined;
  },
): Pick<Way, "firewalls" | "stoppedAt"> {
  const { address, host: fqdn, vnetId } = asked;
  if (address === undefined) return { firewalls: [] };
  const reach = reachAddress(graph, { from: { vnetId }, address, fqdn });
  const firewalls = reach.hops.filter(({ kind }) => kind === "firewall").map(({ at }) => at);
  if (reach.kind === "endpoint") return { firewalls, stoppedAt: reach.endpointId };
  const last = reach.hops.at(-1);
  return last?.kind === "firewall" && !last.passes
    ? { firewalls: firewalls.slice(0, -1), stoppedAt: last.at }
    : { firewalls };
}

function verdictOf({
  way,
  outside,
  isWhole,
}: {
  readonly way: Way;
  readonly outside: Outcome;
  readonly isWhole: boolean;
}): FlowVerdict {
  if (way.outcome === "unknown") return "unknown";
  if (way.outcome === "deny") {
    return way.origin !== undefined && outside === "deny" ? refusedVerdict(way.origin) : "broken";
  }
  if (way.origin?.kind === "public") return "public";
  if (outside === "unknown") return "unknown";
  return outside === "allow" || !isWhole ? "both" : "private";
}

/** Refused by a flag on the public way, a path is closed; refused inside the private link, something is missing. */
const refusedVerdict = (origin: Origin): FlowVerdict =>
  origin.kind === "public" ? "closed" : "broken";

function stopsOf(way: Way, question: Question): readonly string[] {
  const { origin, stoppedAt } = way;
  const by = way.firewalls.map(idKey);
  if (origin === undefined && stoppedAt !== undefined) return [...by, idKey(stoppedAt)];
  const target = targetStops(question);
  if (origin === undefined) return [...by, ...target];
  if (origin.kind === "public") return [...by, outsideId, ...target];
  return [...by, idKey(origin.endpointId), idKey(origin.targetId), ...target];
}

/** An endpoint of a workspace leads to the very door: there is no step between. */
const unrepeated = (stops: readonly string[]): readonly string[] =>
  stops.filter((stop, index) => stop !== stops[index - 1]);

const targetStops = ({ targetId, beyond }: Question): readonly string[] =>
  targetId === undefined ? [] : [idKey(targetId), ...beyond.slice(0, 1).map(idKey)];

const countedAt = (
  { kinds, targetId }: Question,
  origin: Origin,
): Pick<Flow, "counted"> | undefined =>
  targetId === undefined
    ? undefined
    : {
        counted: {
          kinds,
          resourceId: idKey(targetId),
          way: origin.kind === "public" ? "public" : idKey(origin.endpointId),
        },
      };

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
