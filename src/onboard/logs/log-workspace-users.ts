/** The blast radius of a Log Analytics workspace: who else writes into it, and who else asks it. */
import { sameId } from "../../arm/index.ts";
import type { Graph, ResourceId } from "../../arm/index.ts";
import { associationsOf, types } from "../../rules/index.ts";
import { nameOf } from "../desired-collection.ts";
import type { Affected } from "../plan-types.ts";
import { ruleLogWorkspaces } from "./log-workspace.ts";

/** Who else than `clusterId` loses something when a workspace's public flag closes, as far as resources tell. */
export function usersOfLogWorkspace(
  graph: Graph,
  asked: {
    readonly workspaceId: ResourceId;
    readonly clusterId: ResourceId;
    readonly flag: "ingestion" | "query";
  },
): readonly Affected[] {
  const { workspaceId, clusterId, flag } = asked;
  if (flag === "query") {
    return [
      {
        id: workspaceId,
        says: "everyone who queries it from a public network, and everyone who queries it by ARM: the portal's Container insights pages and logic apps",
      },
    ];
  }
  const rules = graph
    .ofType(types.dcr)
    .filter((rule) => ruleLogWorkspaces(rule).some((id) => sameId(id, workspaceId)));
  const users = new Map<string, Affected>();
  for (const { resourceId, dcrId } of associationsOf(graph)) {
    const rule = rules.find(({ id }) => sameId(id, dcrId));
    if (rule === undefined || sameId(resourceId, clusterId)) continue;
    const says = `${nameOf(resourceId)} sends its logs there, by the rule ${rule.name}`;
    users.set(resourceId.toLowerCase(), { id: resourceId, says });
  }
  return [...users.values()];
}
