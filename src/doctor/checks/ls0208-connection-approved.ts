/** LS0208: the connection between the private endpoint and the scope is approved. */
import { connectionOf, originOfEndpoint } from "../../rules/index.ts";
import { fail, pass, unknown } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { listing } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import { step } from "../fix.ts";
import type { ClusterWay } from "../way/cluster-way.ts";
import { az, eachPrivateCluster, nameOf } from "../way/words.ts";

const connectionType = "Microsoft.Insights/privateLinkScopes/privateEndpointConnections";

function look(facts: CheckFacts, way: ClusterWay): readonly Finding[] {
  const endpoint = way.scope?.endpoint;
  const scopeId = way.scope?.id ?? "";
  if (endpoint === undefined) return [];
  const chain = [way.id, scopeId];
  const { verdict } = originOfEndpoint(facts.graph, endpoint.id);
  const { reasons } = verdict;
  if (verdict.outcome === "allow") {
    return [
      pass(endpoint.id, `${nameOf(scopeId)} has approved ${endpoint.name}.`, { chain, reasons }),
    ];
  }
  const connection = connectionOf(facts.graph, endpoint);
  const why = connection === undefined ? listing(facts, scopeId, connectionType) : undefined;
  if (why !== undefined) return [unknown(endpoint.id, why, { chain })];
  if (connection === undefined) {
    const says = `${nameOf(scopeId)} has no connection to ${endpoint.name}: its owner removed it. The endpoint carries nothing and does not recover.`;
    const fixes = [step("Delete the private endpoint and make it again.")];
    return [fail(endpoint.id, says, { chain, reasons, fixes })];
  }
  const says = `The connection of ${endpoint.name} is ${connection.status}: only an approved one carries traffic.`;
  const fixes = [
    az(
      `Approve it, as an owner of ${nameOf(scopeId)}.`,
      "network private-endpoint-connection approve",
      {
        "--id": connection.id,
      },
    ),
  ];
  return [fail(endpoint.id, says, { chain, reasons, fixes })];
}

export const connectionApproved: Check = {
  id: "LS0208",
  title: "the scope has approved the private endpoint's connection",
  severity: "error",
  phase: "control",
  dependsOn: ["LS0207"],
  failureModes: ["F30"],
  retryMs: 5 * 60 * 1000,
  run: (facts) => eachPrivateCluster(facts, (way) => look(facts, way)),
};
