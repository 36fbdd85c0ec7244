/** The plan for logs: Container insights of a cluster on a private link. Pure; complete as data. */
import { sameId } from "../../arm/index.ts";
import { apiVersions } from "../arm-access.ts";
import { ensure } from "../change.ts";
import { desiredPlace } from "../desired-network.ts";
import type { DesiredPlace } from "../desired-network.ts";
import { vnetOf } from "../observe-network.ts";
import type { Observed } from "../observe.ts";
import { planConfiguration, planLinks, planOpenScope } from "../plan-collection.ts";
import { networkBlockers, networkNotes, planEndpoint, planSubnet } from "../plan-network.ts";
import { approvalWaits, configurationNotes, regionNotes, unreadableNotes } from "../plan-notes.ts";
import type { Blocker, Change, Note, Plan, Wait } from "../plan-types.ts";
import { logsBlockers } from "./logs-blockers.ts";
import { logsContext } from "./logs-context.ts";
import type { LogsContext } from "./logs-context.ts";
import { logsAddonOf } from "./log-workspace.ts";
import { legacyEnded, logsRequestProblems } from "./logs-request.ts";
import type { LogsRequest } from "./logs-request.ts";
import {
  closeQuery,
  isolateWorkspace,
  logsStayPublic,
  planLogsClosing,
} from "./plan-logs-closing.ts";
import { planLogsCollection, planLogsRuleAssociation } from "./plan-logs-collection.ts";
import { planResources } from "./planned-resources.ts";

/**
 * Plans the changes that put a cluster's Container insights on a private link. What cannot be planned around is a
 * blocker, all of them at once; a plan with blockers may lack changes.
 *
 * @see Azure/azure-cli acs/addonconfiguration.py for names, places and the rule; the order of legacy authentication is
 * learn.microsoft.com/azure/azure-monitor/containers/kubernetes-monitoring-private-link's
 */
export function planLogs(request: LogsRequest, observed: Observed): Plan {
  const invalid = logsRequestProblems(request);
  if (invalid.length > 0) return blockedPlan(request, invalid);
  const planned = planResources(observed.graph, request);
  const context = logsContext(request, observed, planned);
  if ("blockers" in context) return blockedPlan(request, context.blockers);
  const place = placeOf(context);
  if (place === undefined) {
    return blockedPlan(request, [...logsBlockers(context), networkUnknown(context)]);
  }
  const parts = { context, place };
  const ordered = request.auth === "legacy" ? legacyOrder(parts) : identityOrder(parts);
  return {
    format: "linkscope-plan/1",
    request,
    changes: [...planned.changes, ...ordered],
    waits: waitsOf(context, place, ordered),
    notes: [
      ...notesOf(context, observed),
      // Of a network that is connected already, by the metrics perhaps, nothing new is to be said.
      ...(connects(ordered) ? networkNotes(context, place) : []),
    ],
    blockers: [...logsBlockers(context), ...networkBlockers(context, place)],
    staysPublic: logsStayPublic(context, ordered),
  };
}

const connects = (changes: readonly Change[]): boolean =>
  changes.some(({ step, action }) => step === "network" && action !== "none");

interface Parts {
  readonly context: LogsContext;
  readonly place: DesiredPlace;
}

/** Everything is there before the addon is enabled; the public ways close once data has come. */
function identityOrder({ context, place }: Parts): readonly Change[] {
  const { graph, logs, cluster } = context;
  if (logs === undefined) return [];
  return [
    ...planScope(context),
    ...planLogsCollection(context, logs),
    ...planLinks(context),
    ...connect({ context, place }),
    planLogsRuleAssociation(context, logs),
    planConfiguration({ graph, cluster, collection: logs }),
    planAddon(context),
    ...planLogsClosing(context, { endpointId: place.scopeEndpoint.id }),
  ];
}

/**
 * The article's order: the workspace closes to public ingestion, the scope is open until the network is connected, then
 * private, and the addon comes last. Queries close once data has come.
 */
function legacyOrder({ context, place }: Parts): readonly Change[] {
  const [isolated, scope] = isolateWorkspace(context, { endpointId: place.scopeEndpoint.id });
  return [
    isolated,
    ...planScope(context),
    ...planLinks(context),
    ...connect({ context, place }),
    scope,
    planAddon(context),
    closeQuery(context, { before: isolated }),
  ];
}

function planScope({ graph, request: { scopeId, clusterId, auth } }: LogsContext) {
  const until = auth === "legacy" ? "until the network is connected" : "until data has come";
  return planOpenScope(graph, { scopeId, madeForId: clusterId, until });
}

const connect = ({ context, place }: Parts): readonly Change[] => [
  ...planSubnet(context, place),
  ...planEndpoint(context, place, {
    endpoint: place.scopeEndpoint,
    step: "network",
    dependsOn: [context.request.scopeId],
  }),
];

function placeOf({ graph, request, cluster, collection }: LogsContext): DesiredPlace | undefined {
  const vnetId = vnetOf(graph, cluster.id);
  if (vnetId === undefined) return undefined;
  return desiredPlace(graph, {
    vnetId,
    besideId: cluster.id,
    subnetName: request.subnetName,
    scopeId: request.scopeId,
    linkedIds: collection.linkedIds,
  });
}

/** The addon, last of all: its agent finds everything in place. */
function planAddon({ graph, request, cluster, workspace, logs }: LogsContext): Change {
  const usesIdentity = request.auth === "managed-identity";
  const current = graph.get(cluster.id);
  const addon = logsAddonOf(current);
  const stands =
    addon?.enabled === true &&
    sameId(addon.workspaceId, workspace.id) &&
    addon.usesIdentity === usesIdentity;
  const config = {
    logAnalyticsWorkspaceResourceID: workspace.id,
    useAADAuth: String(usesIdentity),
  };
  return ensure({
    id: cluster.id,
    step: "cluster",
    apiVersion: apiVersions.cluster,
    current,
    putMerges: true,
    // Its config's keys and values are spelled in several ways: one that says the same stays as it is.
    body: {
      location: cluster.region,
      ...(stands ? {} : { properties: { addonProfiles: { omsagent: { enabled: true, config } } } }),
    },
    says: `Enable Container insights on ${cluster.name}, into ${workspace.name}, by ${usesIdentity ? "its managed identity" : "the workspace's key"}.`,
    standsSays: `Container insights is enabled on ${cluster.name}.`,
    dependsOn: [
      workspace.id,
      ...(logs === undefined ? [] : [logs.ruleAssociationId, logs.configurationAssociationId]),
    ],
  });
}

const blockedPlan = (request: LogsRequest, blockers: readonly Blocker[]): Plan => ({
  format: "linkscope-plan/1",
  request,
  changes: [],
  waits: [],
  notes: [],
  blockers,
  staysPublic: [],
});

const networkUnknown = ({ cluster }: LogsContext): Blocker => ({
  code: "NetworkUnknown",
  id: cluster.id,
  says: `${cluster.name}'s agent pools name no subnet that can be read (vnetSubnetID). A network that AKS manages is not supported; use one of your own.`,
});

function waitsOf(
  { graph }: LogsContext,
  { scopeEndpoint }: DesiredPlace,
  changes: readonly Change[],
): readonly Wait[] {
  const approvals = approvalWaits(graph, [{ endpoint: scopeEndpoint, after: "network" }]);
  const closes = changes.some(({ step, action }) => step === "close" && action !== "none");
  if (!closes) return approvals;
  const says =
    "Before anything closes: a write probe through the private endpoint passes, and a record is queried that is newer than the endpoint's approval.";
  return [...approvals, { kind: "data", says }];
}

function notesOf(context: LogsContext, { unreadable }: Observed): readonly Note[] {
  const { graph, request, cluster, workspace, logs } = context;
  const notes: Note[] = [];
  if (request.auth === "legacy") {
    notes.push({
      says: `Azure takes nothing from agents with legacy authentication since ${legacyEnded}; this platform does.`,
      source:
        "learn.microsoft.com/azure/azure-monitor/containers/container-insights-authentication",
    });
  }
  if (request.closeQuery) {
    notes.push({
      id: workspace.id,
      says: `With public queries closed, queries by ARM are refused too: the portal's Container insights pages ask that way, and no private link carries them.`,
      source: "learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-security",
    });
  }
  return [
    ...notes,
    ...(logs === undefined
      ? []
      : configurationNotes(graph, { cluster, dceId: logs.configurationDceId })),
    ...regionNotes([cluster, workspace]),
    ...unreadableNotes(unreadable),
  ];
}
