/** LS0605: Grafana reaches a closed metrics workspace by a managed private endpoint that somebody approved. */
import { idKey, sameId } from "../../arm/index.ts";
import type { ResourceId } from "../../arm/index.ts";
import {
  connectionsTo,
  grafanasOf,
  inventoryTypes,
  publicOrigin,
  workspaceQueryAccess,
} from "../../rules/index.ts";
import type { GrafanaView } from "../../rules/index.ts";
import { fail, pass, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { listing } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import { waysOf } from "../way/cluster-way.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { az, nameOf, placeOf } from "../way/words.ts";

/** The Grafana workspaces whose data sources the clusters send to, and the clusters of each. */
export function grafanaSources(facts: CheckFacts): readonly {
  readonly grafana: GrafanaView;
  readonly workspaceId: ResourceId;
  readonly ways: readonly ClusterWay[];
}[] {
  const ways = waysOf(facts);
  return grafanasOf(facts.graph).flatMap((grafana) =>
    grafana.workspaceIds.flatMap((workspaceId) => {
      const senders = ways.filter(({ workspaceIds }) =>
        workspaceIds.some((id) => idKey(id) === idKey(workspaceId)),
      );
      return senders.length === 0 ? [] : [{ grafana, workspaceId, ways: senders }];
    }),
  );
}

function look(
  facts: CheckFacts,
  { grafana, workspaceId, ways }: ReturnType<typeof grafanaSources>[number],
): Finding {
  const { graph } = facts;
  const chain = [workspaceId, ...ways.map(({ id }) => id)];
  const query = workspaceQueryAccess(graph, { origin: publicOrigin, workspaceId });
  const what = `${grafana.name} and ${nameOf(workspaceId)}`;
  if (query.outcome === "allow") {
    return pass(
      grafana.id,
      `${nameOf(workspaceId)} is open to queries, ${grafana.name}'s among them.`,
      { chain },
    );
  }
  const own = grafana.managedEndpoints.find(({ targetId }) => sameId(targetId, workspaceId));
  const why = listing(facts, grafana.id, inventoryTypes.managedEndpoint);
  if (own === undefined && why !== undefined) return unknown(grafana.id, why, { chain });
  if (own === undefined) {
    const says = `${nameOf(workspaceId)} refuses public networks, and ${grafana.name}, which shows it, has no managed private endpoint to it.`;
    return fail(grafana.id, says, {
      chain,
      reasons: query.reasons,
      fixes: [creation(grafana, workspaceId)],
    });
  }
  if (own.status === "Approved")
    return pass(grafana.id, `${what} are tied by ${own.name}.`, { chain });
  const theirs = connectionsTo(graph, workspaceId).filter(({ name }) => name.startsWith(own.name));
  const pending = theirs.find(({ status }) => status === "Pending");
  const says = `The managed private endpoint ${own.name} of ${grafana.name} to ${nameOf(workspaceId)} is ${own.status}: the workspace's owner has to approve it, and Grafana to refresh.`;
  const fixes = [
    ...(pending === undefined
      ? []
      : [
          az("Approve it at the workspace.", "network private-endpoint-connection approve", {
            "--id": pending.id,
          }),
        ]),
    az("Refresh in Grafana.", "grafana mpe refresh", {
      "--workspace-name": grafana.name,
      ...placeOf(grafana.id),
    }),
  ];
  return fail(grafana.id, says, {
    chain: [...chain, own.id, ...theirs.map(({ id }) => id)],
    fixes,
  });
}

const creation = (grafana: GrafanaView, workspaceId: ResourceId) =>
  az("Make one; then approve it at the workspace.", "grafana mpe create", {
    "--workspace-name": grafana.name,
    "--name": `${nameOf(workspaceId)}-mpe`,
    "--private-link-resource-id": workspaceId,
    "--group-ids": "prometheusMetrics",
    ...placeOf(grafana.id),
  });

export const grafanaEndpoint: Check = {
  id: "LS0605",
  title: "Grafana reaches the closed metrics workspace by an approved endpoint",
  severity: "error",
  phase: "data",
  dependsOn: ["LS0101"],
  failureModes: ["F16"],
  retryMs: 5 * 60 * 1000,
  run: (facts) => grafanaSources(facts).map((source) => look(facts, source)),
};
