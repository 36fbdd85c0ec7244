/** LS0603: somebody can query the Log Analytics workspaces. */
import type { ResourceId } from "../../arm/index.ts";
import {
  connectionsTo,
  logsQueryAccess,
  publicOrigin,
  scopedResourcesOf,
} from "../../rules/index.ts";
import { listAt, sameId, stringAt } from "../../arm/index.ts";
import { fail, pass, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { listing, presence } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { az, eachCluster, nameOf, placeOf } from "../way/words.ts";

const connectionType = "Microsoft.Insights/privateLinkScopes/privateEndpointConnections";

function look(facts: CheckFacts, way: ClusterWay, id: ResourceId): readonly Finding[] {
  const { graph } = facts;
  const chain = [way.id];
  if (graph.get(id) === undefined) return [];
  const ask = { origin: publicOrigin, workspaceId: id, way: "direct" } as const;
  const { outcome, reasons } = logsQueryAccess(graph, ask);
  if (outcome === "allow") {
    return [pass(id, `${nameOf(id)} answers queries from public networks.`, { chain, reasons })];
  }
  const links = scopedResourcesOf(graph).filter(({ linkedId }) => sameId(linkedId, id));
  const through = links
    .flatMap(({ scopeId }) => connectionsTo(graph, scopeId))
    .filter(({ status }) => status === "Approved");
  if (through.length > 0) {
    return [
      pass(
        id,
        `${nameOf(id)} is queried through ${through.length} private endpoints of its scope.`,
        { chain, reasons },
      ),
    ];
  }
  const hidden =
    unreadLink(facts, id) ??
    links.map(({ scopeId }) => listing(facts, scopeId, connectionType)).find(Boolean);
  if (outcome === "unknown" || hidden !== undefined) {
    return [unknown(id, hidden ?? reasons.at(-1)?.says ?? "", { chain, reasons })];
  }
  const says = `Nobody can query ${nameOf(id)}: it refuses queries from public networks, and no scope with an approved private endpoint links it.`;
  const fixes = [
    az(
      "Open it to queries, or link it to a scope that has a private endpoint.",
      "monitor log-analytics workspace update",
      {
        "--workspace-name": nameOf(id),
        "--query-access": "Enabled",
        ...placeOf(id),
      },
    ),
  ];
  return [fail(id, says, { chain, reasons, fixes })];
}

/** Why a scope that the workspace says links it was not read. */
function unreadLink(facts: CheckFacts, id: ResourceId): string | undefined {
  const shown = listAt(facts.graph.get(id)?.properties, "privateLinkScopedResources");
  const found = shown
    .flatMap((link) => stringAt(link, "resourceId") ?? [])
    .map((link) => presence(facts, link))
    .find(({ kind }) => kind === "unknown");
  return found?.kind === "unknown" ? found.why : undefined;
}

export const logsQuery: Check = {
  id: "LS0603",
  title: "somebody can query the Log Analytics workspace",
  severity: "error",
  phase: "data",
  dependsOn: ["LS0101", "LS0206", "LS0207", "LS0208"],
  failureModes: ["F13"],
  run: (facts) => eachCluster(facts, (way) => way.lawIds.flatMap((id) => look(facts, way, id))),
};
