/** LS0502: who may publish has the role at a rule: at an endpoint or a workspace it grants nothing. */
import { idKey, parseId, stringAt } from "../../arm/index.ts";
import type { ArmResource } from "../../arm/index.ts";
import { dataActions, roleDefinitionOf } from "../../azure/index.ts";
import { associationsWith, dcrsOf, roleAccess, types } from "../../rules/index.ts";
import { fail, pass, skipped, unknown, waiting } from "../check.ts";
import type { Check, Finding } from "../check.ts";
import { listing } from "../facts.ts";
import type { CheckFacts } from "../facts.ts";
import { waysOf } from "../way/cluster-way.ts";
import { az, nameOf } from "../way/words.ts";

/** A role is in force within thirty minutes. @see learn.microsoft.com/azure/azure-monitor/containers/prometheus-remote-write-troubleshooting */
const roleDelayMs = 30 * 60 * 1000;

const publishers = (facts: CheckFacts): readonly ArmResource[] =>
  facts.graph
    .ofType(types.roleAssignment)
    .filter(({ properties }) =>
      roleDefinitionOf(stringAt(properties, "roleDefinitionId") ?? "")?.dataActions.includes(
        dataActions.writeMetrics,
      ),
    );

/** Types on which the role grants nothing, though people assign it there. */
const wrongTypes: ReadonlySet<string> = new Set(
  [types.dce, types.workspace, types.law, types.cluster].map((type) => type.toLowerCase()),
);

function judge(facts: CheckFacts, assignment: ArmResource): readonly Finding[] {
  const scope = parseId(assignment.id)?.parentId ?? "/";
  const principalId = stringAt(assignment.properties, "principalId") ?? "";
  const isWrong = wrongTypes.has((parseId(scope)?.type ?? "").toLowerCase());
  if (!isWrong) return [inForce(facts, assignment, scope)];
  const rules = dcrsOf(facts.graph);
  const dataAction = dataActions.writeMetrics;
  const elsewhere = rules.find(
    ({ id }) => roleAccess(facts.graph, { principalId, dataAction, scope: id }).outcome === "allow",
  );
  if (elsewhere !== undefined) {
    return [
      pass(
        assignment.id,
        `${principalId} may publish through ${elsewhere.name}; its role at ${nameOf(scope)} adds nothing.`,
      ),
    ];
  }
  const near = rules.find(
    ({ workspaceIds, dceId }) =>
      workspaceIds.some((id) => idKey(id) === idKey(scope)) || idKey(dceId ?? "") === idKey(scope),
  );
  const unread = near === undefined ? undefined : listing(facts, near.id, types.roleAssignment);
  if (unread !== undefined) return [unknown(assignment.id, unread, { chain: [scope] })];
  const says = `${principalId} has Monitoring Metrics Publisher at ${nameOf(scope)} and at no data collection rule: its writes are refused with 403.`;
  const fixes = [
    az("Assign the role at the rule, and allow thirty minutes.", "role assignment create", {
      "--assignee-object-id": principalId,
      "--role": "Monitoring Metrics Publisher",
      "--scope": near?.id ?? associatedRule(facts, scope) ?? "RULE_ID",
    }),
  ];
  return [
    fail(assignment.id, says, { chain: [scope, ...(near === undefined ? [] : [near.id])], fixes }),
  ];
}

const associatedRule = ({ graph }: CheckFacts, scope: string): string | undefined =>
  associationsWith(graph, scope).find(({ dcrId }) => dcrId !== undefined)?.dcrId;

/** A young assignment is still on its way. */
function inForce(facts: CheckFacts, { id, properties }: ArmResource, scope: string): Finding {
  const createdMs = Date.parse(
    stringAt(properties, "updatedOn") ?? stringAt(properties, "createdOn") ?? "",
  );
  const ageMs = facts.takenAtMs - createdMs;
  if (ageMs >= 0 && ageMs < roleDelayMs) {
    const says = `The role at ${nameOf(scope)} is ${Math.floor(ageMs / 60_000)} minutes old; it is in force within ${roleDelayMs / 60_000}, and writes get 403 until then.`;
    return waiting(id, says, { chain: [scope] });
  }
  return pass(id, `Monitoring Metrics Publisher is assigned at ${nameOf(scope)}.`, {
    chain: [scope],
  });
}

export const publisherRole: Check = {
  id: "LS0502",
  title: "who publishes has the role at the data collection rule",
  severity: "error",
  phase: "agent",
  dependsOn: [],
  failureModes: ["F34"],
  retryMs: roleDelayMs,
  run: (facts) => {
    const found = publishers(facts).flatMap((assignment) => judge(facts, assignment));
    if (found.length > 0) return found;
    return waysOf(facts)
      .slice(0, 1)
      .map(({ id }) =>
        skipped(
          id,
          "Nobody has the role Monitoring Metrics Publisher; the agents of the addons need none.",
        ),
      );
  },
};
