/** The plan: pure. The same observation and the same request give the same plan, complete as data. */
import { at, regionKey, sameId } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { associationsWith, types, workspaceOf } from "../rules/index.ts";
import { apiVersions } from "./arm-access.ts";
import { ensure } from "./change.ts";
import { desiredCollection } from "./desired-collection.ts";
import { desiredNetwork } from "./desired-network.ts";
import type { DesiredNetwork } from "./desired-network.ts";
import type { Observed } from "./observe.ts";
import { planClosing, staysPublic } from "./plan-closing.ts";
import {
  collectionBlockers,
  planAssociations,
  planCollection,
  planLinks,
  planScope,
} from "./plan-collection.ts";
import type { PlanContext } from "./plan-collection.ts";
import { networkBlockers, networkNotes, planEndpoint, planSubnet } from "./plan-network.ts";
import { approvalWaits, configurationNotes, regionNotes, unreadableNotes } from "./plan-notes.ts";
import type { Blocker, Change, Note, Plan, Wait } from "./plan-types.ts";
import { requestProblems } from "./request.ts";
import type { MetricsRequest } from "./request.ts";

/**
 * Plans the changes that put a cluster's metrics on a private link. What cannot be planned around is a blocker, all of
 * them at once; a plan with blockers may lack changes.
 */
export function planMetrics(request: MetricsRequest, observed: Observed): Plan {
  const invalid = requestProblems(request);
  if (invalid.length > 0) return blockedPlan(request, invalid);
  const context = contextOf(request, observed);
  if ("blockers" in context) return blockedPlan(request, context.blockers);
  const network = desiredNetwork(context);
  if (network === undefined) {
    return blockedPlan(request, [...collectionBlockers(context), networkUnknown(context)]);
  }
  const closing = planClosing(context, network);
  return {
    format: "linkscope-plan/1",
    request,
    changes: [
      ...planScope(context),
      ...planCollection(context),
      ...planLinks(context),
      ...planSubnet(context, network),
      ...planEndpoint(context, network, {
        endpoint: network.scopeEndpoint,
        step: "network",
        dependsOn: [request.scopeId],
      }),
      ...planAssociations(context),
      planCluster(context),
      ...planEndpoint(context, network, {
        endpoint: network.queryEndpoint,
        step: "query",
        dependsOn: [],
      }),
      ...closing,
    ],
    waits: waitsOf(context, network, closing),
    notes: [...notesOf(context, observed), ...networkNotes(context, network)],
    blockers: [...collectionBlockers(context), ...networkBlockers(context, network)],
    staysPublic: staysPublic(context, closing),
  };
}

const blockedPlan = (request: MetricsRequest, blockers: readonly Blocker[]): Plan => ({
  format: "linkscope-plan/1",
  request,
  changes: [],
  waits: [],
  notes: [],
  blockers,
  staysPublic: [],
});

/** The facts that all of planning stands on, or what is missing of them. */
function contextOf(
  request: MetricsRequest,
  { graph, unreadable }: Observed,
): PlanContext | { readonly blockers: readonly Blocker[] } {
  const blockers: Blocker[] = [];
  const need = (id: ResourceId, what: string): void => {
    if (graph.get(id) !== undefined) return;
    const refused = unreadable.find(({ path }) => path.toLowerCase() === id.toLowerCase());
    if (refused === undefined) {
      blockers.push({ code: "ResourceMissing", id, says: `There is no ${what} ${id}.` });
    } else {
      const says = `The ${what} ${id} cannot be read: ${refused.code}: ${refused.message}`;
      blockers.push({ code: "ResourceUnreadable", id, says });
    }
  };
  need(request.clusterId, "cluster");
  need(request.workspaceId, "workspace");
  for (const id of decisive(request, graph)) {
    if (unreadable.some(({ path }) => sameId(path, id))) need(id, "resource");
  }
  const resource = graph.get(request.clusterId);
  const workspace = workspaceOf(graph, request.workspaceId);
  if (resource === undefined || workspace === undefined || blockers.length > 0) return { blockers };
  const cluster = {
    id: resource.id,
    name: resource.name,
    region: regionKey(resource.location ?? ""),
  };
  const collection = desiredCollection(graph, { cluster, workspace });
  return { graph, request, cluster, workspace, collection };
}

/** What must be readable where it is there: what is kept or overwritten depends on it. */
function decisive(request: MetricsRequest, graph: Graph): readonly ResourceId[] {
  const { clusterId, scopeId } = request;
  return [
    scopeId,
    `${scopeId}/scopedResources`,
    `${clusterId}/providers/${types.association}`,
    ...associationsWith(graph, clusterId).flatMap(({ dcrId, dceId }) =>
      [dcrId ?? [], dceId ?? []].flat(),
    ),
  ];
}

function networkUnknown({ graph, cluster }: PlanContext): Blocker {
  const says =
    graph.get(cluster.id)?.properties["agentPoolProfiles"] === undefined
      ? `${cluster.name} shows no agent pools, so its virtual network is not known.`
      : `${cluster.name}'s agent pools name no subnet that can be read (vnetSubnetID). A network that AKS manages is not supported; use one of your own.`;
  return { code: "NetworkUnknown", id: cluster.id, says };
}

function planCluster({ graph, cluster, collection }: PlanContext): Change {
  const current = graph.get(cluster.id);
  const metrics = at(current?.properties, "azureMonitorProfile", "metrics");
  const lists = { metricLabelsAllowlist: "", metricAnnotationsAllowList: "" };
  return ensure({
    id: cluster.id,
    step: "cluster",
    apiVersion: apiVersions.cluster,
    current,
    // The PUT is a merge, as first-party templates use it: only what is wanted is sent.
    putMerges: true,
    body: {
      location: cluster.region,
      properties: {
        azureMonitorProfile: {
          metrics: {
            enabled: true,
            ...(at(metrics, "kubeStateMetrics") === undefined ? { kubeStateMetrics: lists } : {}),
          },
        },
      },
    },
    says: `Enable Managed Prometheus on ${cluster.name}.`,
    standsSays: `Managed Prometheus is enabled on ${cluster.name}.`,
    dependsOn: [collection.ruleAssociationId, collection.configurationAssociationId],
  });
}

function waitsOf(
  { graph }: PlanContext,
  { scopeEndpoint, queryEndpoint }: DesiredNetwork,
  closing: readonly Change[],
): readonly Wait[] {
  const approvals = approvalWaits(graph, [
    { endpoint: scopeEndpoint, after: "network" },
    { endpoint: queryEndpoint, after: "query" },
  ]);
  if (closing.every(({ action }) => action === "none")) return approvals;
  const says =
    "Before anything closes: a write probe through the private endpoint passes, and a sample is queried that is newer than the endpoint's approval.";
  return [...approvals, { kind: "data", says }];
}

function notesOf(context: PlanContext, { unreadable }: Observed): readonly Note[] {
  const { graph, cluster, workspace, collection } = context;
  const notes: Note[] = [
    {
      says: "The article's step 3 picks the workspace's endpoint (prometheusMetrics) for ingestion; that one carries queries only. Ingestion goes by the scope's endpoint (azuremonitor); both are made.",
      source: "learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-vm-kubernetes",
    },
  ];
  notes.push(...configurationNotes(graph, { cluster, dceId: collection.configurationDceId }));
  const isPrivate = at(
    graph.get(cluster.id)?.properties,
    "apiServerAccessProfile",
    "enablePrivateCluster",
  );
  if (isPrivate !== true) {
    const says = `${cluster.name} is not a private cluster. Its telemetry can be private all the same; its API server is not.`;
    notes.push({ id: cluster.id, says });
  }
  return [...notes, ...regionNotes([cluster, workspace]), ...unreadableNotes(unreadable)];
}
