/** Role definitions and assignments: how they are listed, and what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stringAt } from "../../arm/index.ts";
import type { ArmResource, JsonObject, ListFilter } from "../../arm/index.ts";
import { limits } from "../../core/index.ts";
import { roleDefinitionResources } from "../index.ts";
import { group, openEstate, subscription, typeOf, vnetBody, vnetId } from "../testing/estate.ts";
import type { Estate } from "../testing/estate.ts";

const reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const someone = "44444444-4444-4444-8444-444444444444";
const other = "55555555-5555-4555-8555-555555555555";
const definition = (id: string): string =>
  `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${id}`;
const assignment = (scope: string, digit: number): string =>
  `${scope}/providers/Microsoft.Authorization/roleAssignments/${String(digit).repeat(8)}-1111-4111-8111-111111111111`;
const grant = (principalId = someone, role = reader): JsonObject => ({
  properties: {
    roleDefinitionId: definition(role),
    principalId,
    principalType: "ServicePrincipal",
  },
});

function listed(
  estate: Estate,
  id: string,
  asked: { readonly scopeId: string; readonly equals?: object; readonly calls?: object },
): readonly ArmResource[] {
  const filter: ListFilter = {
    equals: new Map(Object.entries(asked.equals ?? {})),
    calls: new Map(Object.entries(asked.calls ?? {})),
  };
  const list = typeOf(id).list;
  assert.ok(list);
  return list({
    graph: estate.graph(),
    scopeId: asked.scopeId,
    filter,
    apiVersion: "2022-04-01",
    principalId: someone,
  });
}

test("an assignment shows its scope and its role under the subscription", () => {
  const estate = openEstate();
  estate.put(vnetId, vnetBody("10.1.0.0/16", {}));
  for (const scope of [group, vnetId]) {
    const { properties } = estate.put(assignment(scope, 1), {
      properties: {
        roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${reader.toUpperCase()}`,
        principalId: someone,
      },
    });
    assert.equal(properties["scope"], scope);
    assert.equal(properties["roleDefinitionId"], definition(reader));
    assert.equal(properties["principalType"], "ServicePrincipal");
  }
});

test("a role that a principal has at a scope is not assigned again under another name", () => {
  const estate = openEstate();
  estate.put(assignment(group, 1), grant());
  const [problem] = estate.problems(assignment(group, 2), grant());
  assert.equal(problem?.code, "RoleAssignmentExists");
  assert.equal(problem?.status, 409);
  assert.equal(problem?.message, "The role assignment already exists.");
  estate.put(assignment(group, 1), grant());
  assert.deepEqual(estate.refusal(assignment(group, 2), grant(other)), []);
});

test("an assignment's principal and role stay; unknown roles, conditions and names that are no GUID are refused", () => {
  const estate = openEstate();
  estate.put(assignment(group, 1), grant());
  assert.match(
    estate.refusal(assignment(group, 1), grant(other))[0] ?? "",
    /^RoleAssignmentUpdateNotPermitted/,
  );
  const unknown = estate.problems(assignment(group, 2), grant(someone, other))[0];
  assert.equal(unknown?.code, "RoleDefinitionDoesNotExist");
  const conditional = { properties: { ...(grant()["properties"] as JsonObject), condition: "x" } };
  assert.match(estate.refusal(assignment(group, 2), conditional)[0] ?? "", /^FeatureNotEmulated/);
  const named = `${group}/providers/Microsoft.Authorization/roleAssignments/mine`;
  assert.match(estate.refusal(named, grant())[0] ?? "", /^InvalidResourceName/);
  const principal = { properties: { roleDefinitionId: definition(reader), principalId: "me" } };
  assert.match(estate.refusal(assignment(group, 2), principal)[0] ?? "", /it is a GUID/);
});

test("a subscription takes as many assignments as the limit and not one more", () => {
  const estate = openEstate();
  estate.seed(
    Array.from(
      { length: limits.roleAssignmentsPerSubscriptionMax - 1 },
      (_, index): ArmResource => ({
        id: `${group}/providers/Microsoft.Authorization/roleAssignments/${index}`,
        name: String(index),
        type: "Microsoft.Authorization/roleAssignments",
        properties: {},
      }),
    ),
  );
  estate.put(assignment(group, 1), grant());
  const past = estate.refusal(assignment(group, 2), grant(other));
  assert.match(past[0] ?? "", /^RoleAssignmentLimitExceeded: .*4000 role assignments/);
});

test("assignments are listed at a scope, above and below it, or at and above it, or of one principal", () => {
  const estate = openEstate();
  estate.put(vnetId, vnetBody("10.1.0.0/16", {}));
  const above = assignment(subscription, 1);
  const at = assignment(group, 2);
  const below = assignment(vnetId, 3);
  estate.put(above, grant(someone, owner));
  estate.put(at, grant(other));
  estate.put(below, grant());
  const ids = (asked: object) =>
    listed(estate, at, { scopeId: group, ...asked }).map(({ id }) => id);
  assert.deepEqual(ids({}), [above, at, below]);
  assert.deepEqual(ids({ calls: { atscope: "" } }), [above, at]);
  assert.deepEqual(ids({ equals: { principalid: someone } }), [above, below]);
  assert.deepEqual(ids({ calls: { assignedto: other } }), [at]);
});

test("role definitions are the same at every scope, found by name, under the subscription's ids", () => {
  const estate = openEstate();
  const all = listed(estate, definition(reader), { scopeId: vnetId });
  assert.deepEqual(all, roleDefinitionResources(subscription));
  const [found] = listed(estate, definition(reader), {
    scopeId: group,
    equals: { rolename: "monitoring metrics publisher" },
  });
  assert.equal(found?.id, definition("3913510d-42f4-4e42-8a64-420c390055eb"));
  assert.equal(
    stringAt(found?.properties, "permissions", 0, "dataActions", 0),
    "Microsoft.Insights/Metrics/Write",
  );
});
