/** The closing changes: modes of the scope, public access of endpoints and workspace. Done last, once data has come. */
import { sameId } from "../arm/index.ts";
import type { Graph, JsonObject, ResourceId } from "../arm/index.ts";
import { dceOf, scopeOf } from "../rules/index.ts";
import { apiVersions } from "./arm-access.ts";
import { change, keep } from "./change.ts";
import { nameOf } from "./desired-collection.ts";
import type { DesiredNetwork } from "./desired-network.ts";
import type { MetricsRequest } from "./request.ts";
import { bodyOf, merged } from "./matching.ts";
import type { PathId } from "./paths.ts";
import { dceRegion, openDceBody, openScopeBody, scopeIsOurs } from "./plan-collection.ts";
import type { PlanContext } from "./plan-collection.ts";
import type { Change, StaysPublic, Step } from "./plan-types.ts";
import { usersOfDce, usersOfScope, usersOfWorkspace } from "./users.ts";

const closed: JsonObject = { properties: { networkAcls: { publicNetworkAccess: "Disabled" } } };

/** All closing changes, in order: the scope's modes, each endpoint, the workspace. */
export const planClosing = (context: PlanContext, network: DesiredNetwork): readonly Change[] => [
  closeScope(context, { endpointId: network.scopeEndpoint.id, step: "close" }),
  ...context.collection.linkedIds.map((dceId) =>
    closeDce(context, { dceId, made: openDceBody(dceRegion(context, dceId)) }),
  ),
  closeWorkspace(context),
];

/** What closing asks of metrics and of logs alike. */
export interface ClosingContext {
  readonly graph: Graph;
  readonly request: Pick<
    MetricsRequest,
    "clusterId" | "scopeId" | "ingestionAccessMode" | "queryAccessMode" | "closeShared"
  >;
  readonly collection: { readonly linkedIds: readonly ResourceId[] };
}

/** The scope's modes: of one that was made for the cluster, or where closing what is shared is asked for. */
export function closeScope(
  context: ClosingContext,
  { endpointId, step }: { readonly endpointId: ResourceId; readonly step: Step },
): Change {
  const { graph, request, collection } = context;
  const { scopeId: id, ingestionAccessMode, queryAccessMode } = request;
  const at = { id, step, apiVersion: apiVersions.scope, lock: id } as const;
  const scope = scopeOf(graph, id);
  const modes = `ingestion ${ingestionAccessMode}, query ${queryAccessMode}`;
  if (
    (scope?.ingestionAccessMode ?? "Open") === ingestionAccessMode &&
    (scope?.queryAccessMode ?? "Open") === queryAccessMode
  ) {
    return keep(at, "asWanted", `The scope's modes are ${modes}.`);
  }
  if (!scopeIsOurs(context) && !request.closeShared) {
    const says = `The scope was there before, so its modes stay (ingestion ${scope?.ingestionAccessMode}, query ${scope?.queryAccessMode}); --close-shared changes them to ${modes}.`;
    return keep(at, "notAsked", says);
  }
  const standing = graph.get(id);
  const before = standing === undefined ? openScopeBody(request.clusterId) : bodyOf(standing);
  const after = merged(before, {
    properties: { accessModeSettings: { ingestionAccessMode, queryAccessMode } },
  });
  const affects = usersOfScope(graph, {
    scopeId: id,
    endpointId,
    ours: collection.linkedIds,
  });
  return change(
    { ...at, says: `Set the scope's modes: ${modes}.`, dependsOn: [id] },
    { action: "update", because: "dataArrived", before, after, affects },
  );
}

/** An endpoint's public door, unless others use it and closing what is shared is not asked for. */
export function closeDce(
  { graph, request }: ClosingContext,
  { dceId, made }: { readonly dceId: ResourceId; readonly made: JsonObject },
): Change {
  const at = { id: dceId, step: "close", apiVersion: apiVersions.dataCollection } as const;
  const dce = dceOf(graph, dceId);
  if (dce?.publicNetworkAccess === "Disabled") {
    return keep(at, "asWanted", `The endpoint ${nameOf(dceId)} refuses public traffic.`);
  }
  const affects = usersOfDce(graph, { dceId, clusterId: request.clusterId });
  if (affects.length > 0 && !request.closeShared) {
    const says = `The endpoint ${nameOf(dceId)} stays public, since others use it: ${affects.map((one) => one.says).join("; ")}. --close-shared closes it.`;
    return { ...keep(at, "shared", says), affects };
  }
  const standing = graph.get(dceId);
  const before = standing === undefined ? made : bodyOf(standing);
  return change(
    { ...at, says: `Close the endpoint ${nameOf(dceId)} to public traffic.`, dependsOn: [dceId] },
    { action: "update", because: "dataArrived", before, after: merged(before, closed), affects },
  );
}

function closeWorkspace({ graph, request, workspace, cluster }: PlanContext): Change {
  const { id } = workspace;
  const at = { id, step: "close", apiVersion: apiVersions.workspace } as const;
  if (workspace.publicNetworkAccess === "Disabled") {
    return keep(at, "asWanted", `The workspace ${workspace.name} refuses public queries.`);
  }
  if (!request.closeQuery) {
    const says = `The workspace ${workspace.name} answers public queries; --close-query closes them.`;
    return keep(at, "notAsked", says);
  }
  const standing = graph.get(id);
  const before = standing === undefined ? {} : bodyOf(standing);
  const after = merged(before, { properties: { publicNetworkAccess: "Disabled" } });
  const affects = usersOfWorkspace(graph, { workspaceId: id, clusterId: cluster.id });
  return change(
    { ...at, says: `Close the workspace ${workspace.name} to public queries.`, dependsOn: [id] },
    { action: "update", because: "dataArrived", before, after, affects },
  );
}

/** The paths that stay public after the closing changes, and the flag that would close each. */
export function staysPublic(
  { collection, workspace }: PlanContext,
  closing: readonly Change[],
): readonly StaysPublic[] {
  const isOpen = (id: ResourceId): boolean =>
    closing.some(
      (one) => sameId(one.id, id) && (one.because === "shared" || one.because === "notAsked"),
    );
  const line = (path: PathId, id: ResourceId, flag: StaysPublic["flag"]): readonly StaysPublic[] =>
    isOpen(id)
      ? [{ path, id, flag, says: `${path} stays public at ${nameOf(id)}; ${flag} closes it.` }]
      : [];
  return [
    ...line("configuration", collection.configurationDceId, "--close-shared"),
    ...line("metrics-ingestion", collection.ingestionDceId, "--close-shared"),
    ...line("metrics-query", workspace.id, "--close-query"),
  ];
}
