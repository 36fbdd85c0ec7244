/** Role access: scopes, patterns, exclusions, and what is not known. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Graph } from "../arm/index.ts";
import { dataActions, roleDefinitions } from "../azure/index.ts";
import { matchesPattern, roleAccess } from "./index.ts";
import { graphOf, group, subscription } from "./test-graph.ts";

const me = "11111111-1111-4111-8111-111111111111";
const dcr = `${group}/providers/Microsoft.Insights/dataCollectionRules/dcr`;
const write = "Microsoft.Insights/dataCollectionRules/write";

const roleId = (roleName: string): string => {
  const found = roleDefinitions.find((role) => role.roleName === roleName);
  return `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${found?.id ?? roleName}`;
};
const assigned = (
  scope: string,
  roleName: string,
  more: { readonly condition?: string } = {},
): Graph =>
  graphOf({
    [`${scope === "/" ? "" : scope}/providers/Microsoft.Authorization/roleAssignments/22222222-2222-4222-8222-222222222222`]:
      { principalId: me.toUpperCase(), roleDefinitionId: roleId(roleName), ...more },
  });
const rules = (graph: Graph, question: Parameters<typeof roleAccess>[1]): string => {
  const { outcome, reasons } = roleAccess(graph, question);
  return [outcome, ...reasons.map(({ rule }) => rule)].join(" ");
};

test("a role holds at its scope and at everything below it, in any case", () => {
  for (const scope of ["/", subscription, group, dcr]) {
    const graph = assigned(scope, "Contributor");
    const question = { principalId: me, action: write, scope: dcr.toUpperCase() };
    assert.equal(rules(graph, question), "allow role.granted", scope);
  }
});

test("a role does not hold beside its scope, nor above it", () => {
  const question = { principalId: me, action: write };
  assert.equal(
    rules(assigned(`${group}2`, "Owner"), { ...question, scope: dcr }),
    "deny role.none",
  );
  assert.equal(
    rules(assigned(group, "Owner"), { ...question, scope: `${group}2` }),
    "deny role.none",
  );
  assert.equal(rules(assigned(dcr, "Owner"), { ...question, scope: group }), "deny role.none");
});

test("nobody else has the role", () => {
  const other = "33333333-3333-4333-8333-333333333333";
  const question = { principalId: other, action: write, scope: dcr };
  assert.equal(rules(assigned(group, "Owner"), question), "deny role.none");
});

test("what a role excludes it does not grant, whatever it grants otherwise", () => {
  const action = "Microsoft.Authorization/roleAssignments/write";
  const question = { principalId: me, action, scope: group };
  assert.equal(rules(assigned(group, "Contributor"), question), "deny role.excluded role.none");
  assert.equal(rules(assigned(group, "Owner"), question), "allow role.granted");
  assert.equal(rules(assigned(group, "User Access Administrator"), question), "allow role.granted");
});

test("a reader reads, and writes nothing", () => {
  const graph = assigned(group, "Reader");
  const question = { principalId: me, scope: dcr };
  assert.equal(
    rules(graph, { ...question, action: "Microsoft.Insights/dataCollectionRules/read" }),
    "allow role.granted",
  );
  assert.equal(rules(graph, { ...question, action: write }), "deny role.none");
});

test("control-plane roles grant no data action, and data roles grant no writing in ARM", () => {
  const dataAction = dataActions.writeMetrics;
  const question = { principalId: me, scope: dcr };
  assert.equal(rules(assigned(group, "Owner"), { ...question, dataAction }), "deny role.none");
  const publisher = assigned(dcr, "Monitoring Metrics Publisher");
  assert.equal(rules(publisher, { ...question, dataAction }), "allow role.granted");
  assert.equal(rules(publisher, { ...question, action: write }), "deny role.none");
  assert.equal(
    rules(publisher, { ...question, dataAction: dataActions.readMetrics }),
    "deny role.none",
  );
});

test("an unknown role and a conditional assignment grant nothing, and say so", () => {
  const question = { principalId: me, action: write, scope: dcr };
  assert.equal(
    rules(assigned(group, "Janitor"), question),
    "deny role.unknown-definition role.none",
  );
  assert.equal(
    rules(assigned(group, "Owner", { condition: "@Resource…" }), question),
    "deny role.conditional role.none",
  );
});

test("a star in a pattern stands for any characters, and the match is linear", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["*", "Microsoft.Insights/metrics/read", true],
    ["*/read", "Microsoft.Insights/metrics/READ", true],
    ["Microsoft.Insights/*/read", "microsoft.insights/a/b/read", true],
    ["Microsoft.Insights/*/read", "Microsoft.Insights/read", false],
    ["a*a", "a", false],
    ["a*b*c", "a-b-c", true],
    ["a*b*c", "a-c", false],
    ["a*bc*c", "abc", false],
    ["Microsoft.Insights/read", "Microsoft.Insights/reader", false],
  ];
  for (const [pattern, action, matches] of cases) {
    assert.equal(matchesPattern(pattern, action), matches, `${pattern} ${action}`);
  }
  assert.equal(matchesPattern("*a".repeat(5000), "a".repeat(4999)), false);
});
