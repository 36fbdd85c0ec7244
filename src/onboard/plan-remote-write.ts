/** The plan for remote write over a private link: the article's steps, as changes. Pure. */
import { createHash } from "node:crypto";
import { idKey, sameId } from "../arm/index.ts";
import type { Graph, ResourceId } from "../arm/index.ts";
import { dataActions, roleDefinitions } from "../azure/index.ts";
import {
  dceOf,
  dcrOf,
  forwardedSuffixes,
  forwarderTag,
  inboundEndpointsOf,
  networkTypes,
  onPremisesNetwork,
  roleAccess,
  types,
  workspaceOf,
  zoneLinksOf,
} from "../rules/index.ts";
import type { DceView, DcrView, WorkspaceView } from "../rules/index.ts";
import { apiVersions, subscriptionOf } from "./arm-access.ts";
import { ensure, keep } from "./change.ts";
import { nameOf } from "./desired-collection.ts";
import { desiredPlace } from "./desired-network.ts";
import type { DesiredPlace } from "./desired-network.ts";
import { networkName } from "./names.ts";
import { endpointVnet, isVnet, sendingVnets } from "./observe-remote-write.ts";
import type { Observed } from "./observe.ts";
import { planLinks, planOpenScope } from "./plan-collection.ts";
import {
  awaitsApproval,
  networkBlockers,
  networkNotes,
  planEndpoint,
  planSubnet,
  planZone,
} from "./plan-network.ts";
import type { Blocker, Change, Note, Plan } from "./plan-types.ts";
import { remoteWriteRequestProblems } from "./remote-write-request.ts";
import type { RemoteWriteRequest } from "./remote-write-request.ts";

/** The role that lets a sender write metrics by a rule. */
const publisherRole = "Monitoring Metrics Publisher";

interface Facts {
  readonly graph: Graph;
  readonly request: RemoteWriteRequest;
  readonly workspace: WorkspaceView;
  readonly dce: DceView;
  readonly dcr: DcrView;
  readonly place: DesiredPlace;
}

/**
 * Plans what lets a network's Prometheus write into a workspace over a private link: the scope, its endpoint with zones,
 * the workspace's default endpoint in the scope, and the sender's role. Nothing is closed: others write there too.
 *
 * @see learn.microsoft.com/azure/azure-monitor/containers/kubernetes-monitoring-private-link, "Private link ingestion for remote write"
 */
export function planRemoteWrite(request: RemoteWriteRequest, observed: Observed): Plan {
  const invalid = remoteWriteRequestProblems(request);
  if (invalid.length > 0) return blockedPlan(request, invalid);
  const facts = factsOf(request, observed);
  if ("blockers" in facts) return blockedPlan(request, facts.blockers);
  const { graph, place, dce } = facts;
  const { scopeId, networkId } = request;
  const { scopeEndpoint } = place;
  return {
    format: "linkscope-plan/1",
    request,
    changes: [
      ...planOpenScope(graph, {
        scopeId,
        madeForId: networkId,
        until: "for whoever shares its zones",
      }),
      ...planLinks({ graph, request, collection: { linkedIds: [dce.id] } }),
      ...planSubnet(facts, place),
      ...planEndpoint(facts, place, {
        endpoint: scopeEndpoint,
        step: "network",
        dependsOn: [scopeId],
      }),
      ...planResolverLinks(facts),
      planRole(facts),
    ],
    waits: awaitsApproval(graph, scopeEndpoint)
      ? [
          {
            kind: "approval",
            endpointId: scopeEndpoint.id,
            targetId: scopeId,
            after: "network",
          },
        ]
      : [],
    notes: [...notesOf(facts, observed), ...networkNotes(facts, place)],
    blockers: networkBlockers(facts, place),
    staysPublic: [],
  };
}

const blockedPlan = (request: RemoteWriteRequest, blockers: readonly Blocker[]): Plan => ({
  format: "linkscope-plan/1",
  request,
  changes: [],
  waits: [],
  notes: [],
  blockers,
  staysPublic: [],
});

function factsOf(
  request: RemoteWriteRequest,
  { graph, unreadable }: Observed,
): Facts | { readonly blockers: readonly Blocker[] } {
  const blockers: Blocker[] = [];
  const need = (id: ResourceId | undefined, what: string): void => {
    if (id !== undefined && graph.get(id) !== undefined) return;
    const refused = unreadable.find(({ path }) => id !== undefined && sameId(path, id));
    blockers.push(
      refused === undefined
        ? {
            code: "ResourceMissing",
            id: id ?? request.workspaceId,
            says: `There is no ${what}${id === undefined ? "" : ` ${id}`}.`,
          }
        : {
            code: "ResourceUnreadable",
            id: id ?? "",
            says: `The ${what} ${id} cannot be read: ${refused.code}: ${refused.message}`,
          },
    );
  };
  need(request.networkId, "network");
  need(request.workspaceId, "workspace");
  const workspace = workspaceOf(graph, request.workspaceId);
  const dce = dceOf(graph, workspace?.defaultDceId ?? "");
  const dcr = dcrOf(graph, workspace?.defaultDcrId ?? "");
  if (workspace !== undefined) {
    need(workspace.defaultDceId, `default data collection endpoint of ${workspace.name}`);
    need(workspace.defaultDcrId, `default data collection rule of ${workspace.name}`);
  }
  const vnetId = endpointVnet(graph, request);
  if (vnetId === undefined && graph.get(request.networkId) !== undefined) {
    const says = `${nameOf(request.networkId)} is connected to no virtual network. Connect it by a VPN gateway, or by ExpressRoute with private peering.`;
    blockers.push({ code: "NetworkNotConnected", id: request.networkId, says });
  } else need(vnetId, "virtual network");
  const place =
    vnetId === undefined || dce === undefined
      ? undefined
      : desiredPlace(graph, {
          vnetId,
          besideId: vnetId,
          subnetName: request.subnetName,
          scopeId: request.scopeId,
          linkedIds: [dce.id],
        });
  if (workspace === undefined || dce === undefined || dcr === undefined || place === undefined) {
    return { blockers };
  }
  return blockers.length > 0 ? { blockers } : { graph, request, workspace, dce, dcr, place };
}

/** The virtual network in which the sender's questions are answered; undefined where its resolver forwards to nobody reached. */
function resolverVnet({ graph, request }: Facts): ResourceId | undefined {
  if (isVnet(request.networkId)) return request.networkId;
  const forwarder = onPremisesNetwork(graph, request.networkId)?.forwarder;
  const reached = sendingVnets(graph, request.networkId).map(idKey);
  return inboundEndpointsOf(graph).find(
    ({ address, vnetId }) => address === forwarder && reached.includes(idKey(vnetId)),
  )?.vnetId;
}

/** Where the sender's questions are answered in another network than the endpoint's, the zones hold there too. */
function planResolverLinks(facts: Facts): readonly Change[] {
  const { graph, place } = facts;
  const vnetId = resolverVnet(facts);
  if (vnetId === undefined || sameId(vnetId, place.vnetId)) return [];
  const linkName = networkName("link", nameOf(vnetId));
  return place.scopeEndpoint.zones.flatMap((zone) => {
    const standing = zoneLinksOf(graph, vnetId).find(({ zoneName }) => zoneName === zone.name);
    const linkId = standing?.id ?? `${zone.id}/virtualNetworkLinks/${linkName}`;
    return planZone(graph, { zone: { ...zone, linkId }, vnetId, step: "network" }).slice(1);
  });
}

function planRole({ graph, request, dcr }: Facts): Change {
  const { principalId, clientId } = request.sender;
  const at = { step: "access", apiVersion: apiVersions.roleAssignment } as const;
  const definition = roleDefinitions.find(({ roleName }) => roleName === publisherRole);
  const roleDefinitionId = `${subscriptionOf(dcr.id)}/providers/${types.roleAssignment.replace("Assignments", "Definitions")}/${definition?.id}`;
  const id = `${dcr.id}/providers/${types.roleAssignment}/${assignmentName(dcr.id, principalId)}`;
  const verdict = roleAccess(graph, {
    principalId,
    scope: dcr.id,
    dataAction: dataActions.writeMetrics,
  });
  if (verdict.outcome === "allow") {
    return keep({ ...at, id }, "asWanted", `${clientId} may write metrics by ${dcr.name}.`);
  }
  return ensure({
    ...at,
    id,
    current: graph.get(id),
    body: { properties: { principalId, roleDefinitionId, principalType: "ServicePrincipal" } },
    says: `Let ${clientId} write metrics by the rule ${dcr.name} (${publisherRole}).`,
    dependsOn: [dcr.id],
  });
}

/** A GUID that is a function of the rule and the principal, so that a rerun finds what an earlier run made. */
function assignmentName(dcrId: ResourceId, principalId: string): string {
  const hex = createHash("sha256").update(`${dcrId}\n${principalId}`.toLowerCase()).digest("hex");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`];
  return [...parts, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join("-");
}

function notesOf(facts: Facts, { unreadable }: Observed): readonly Note[] {
  const { dce, workspace } = facts;
  const notes: Note[] = [...resolverNotes(facts)];
  if (dce.name.toLowerCase() !== workspace.name.toLowerCase()) {
    const says = `The workspace's default endpoint is ${dce.name}, not one of the workspace's own name.`;
    notes.push({ id: dce.id, says });
  }
  if (dce.publicNetworkAccess === "Enabled") {
    const says = `${dce.name} stays open to public networks, for others who write there: set its publicNetworkAccess to Disabled once every sender comes by the private link.`;
    notes.push({
      id: dce.id,
      says,
      source: "learn.microsoft.com/azure/azure-monitor/fundamentals/private-link-configure",
    });
  }
  notes.push({
    says: "A new role takes up to 30 minutes in Azure; a sender gets 403 until then, and Prometheus drops what is refused so. Start it afterwards.",
    source: "learn.microsoft.com/azure/azure-monitor/containers/prometheus-remote-write",
  });
  for (const { path, code, message } of unreadable) {
    if (path.includes(networkTypes.dnsResolver)) continue;
    notes.push({ says: `${path} cannot be read (${code}: ${message}).` });
  }
  return notes;
}

/** How names are resolved on-premises: there are no private zones. */
function resolverNotes(facts: Facts): readonly Note[] {
  const { graph, request, dce } = facts;
  const network = onPremisesNetwork(graph, request.networkId);
  if (network === undefined) return [];
  const { id, name, forwarder } = network;
  const source = "learn.microsoft.com/azure/private-link/private-endpoint-dns-integration";
  const wanted = `Have its DNS servers forward ${forwardedSuffixes.join(", ")} (not the privatelink names) to the inbound endpoint of a DNS private resolver in a network that it reaches`;
  if (forwarder === undefined) {
    const says = `${name} has no private zones, and its resolver forwards nothing: ${dce.metricsHost} resolves publicly there. ${wanted}, and say so with the tag ${forwarderTag}.`;
    return [{ id, says, source }];
  }
  if (resolverVnet(facts) !== undefined) return [];
  const says = `${name} forwards to ${forwarder}, which is no inbound endpoint that it reaches: names of Azure Monitor do not resolve there. ${wanted}.`;
  return [{ id, says, source }];
}
