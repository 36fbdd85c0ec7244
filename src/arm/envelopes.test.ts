/** Envelopes: errors, etags, system data and canonical ids. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits, seededRandom } from "../core/index.ts";
import { canonicalId } from "./canonical-id.ts";
import { cloudError, problemsError, schemaProblems } from "./cloud-error.ts";
import { etagMatches, newEtag, systemDataOf } from "./kept-fields.ts";
import { idProblem, parseId, regionKey, sameId } from "./resource-id.ts";
import type { ParsedId } from "./resource-id.ts";

const parsed = (id: string): ParsedId => {
  const read = parseId(id);
  assert.ok(read, id);
  return read;
};

test("one problem is the error; of several the first is, and each is a detail", () => {
  assert.deepEqual(cloudError("A", "a"), { error: { code: "A", message: "a" } });
  const one = { code: "A", message: "a", status: 409, target: "x" };
  assert.deepEqual(problemsError([one]), {
    status: 409,
    body: { error: { code: "A", message: "a", target: "x" } },
  });
  const { status, body } = problemsError([{ code: "B", message: "b" }, one]);
  assert.equal(status, 400);
  assert.deepEqual(body, {
    error: {
      code: "B",
      message: "b",
      details: [
        { code: "B", message: "b" },
        { code: "A", message: "a", target: "x" },
      ],
    },
  });
});

test("what the schema refuses has a code of its own", () => {
  const found = schemaProblems([
    { kind: "invalid", target: "a", message: "m" },
    { kind: "refused", target: "b", message: "n" },
  ]);
  assert.deepEqual(
    found.map(({ code, target }) => [code, target]),
    [
      ["InvalidRequestContent", "a"],
      ["FeatureNotEmulated", "b"],
    ],
  );
});

test("canonical ids have the declared keywords and the names as they were given", () => {
  const group = "/subscriptions/S/resourceGroups/Rg";
  const scope = `${group}/providers/Microsoft.Insights/privateLinkScopes/A`;
  const cases: readonly (readonly [string, string, string, string])[] = [
    [
      "/SUBSCRIPTIONS/S/resourcegroups/New",
      "Microsoft.Resources/resourceGroups",
      "/subscriptions/S",
      "/subscriptions/S/resourceGroups/New",
    ],
    [
      scope.toLowerCase(),
      "Microsoft.Insights/privateLinkScopes",
      group,
      `${group}/providers/Microsoft.Insights/privateLinkScopes/a`,
    ],
    [
      `${scope}/scopedresources/R`,
      "Microsoft.Insights/privateLinkScopes/scopedResources",
      scope,
      `${scope}/scopedResources/R`,
    ],
    [
      `${scope}/providers/microsoft.authorization/roleassignments/x`,
      "Microsoft.Authorization/roleAssignments",
      scope,
      `${scope}/providers/Microsoft.Authorization/roleAssignments/x`,
    ],
    [
      "/providers/microsoft.authorization/roledefinitions/x",
      "Microsoft.Authorization/roleDefinitions",
      "",
      "/providers/Microsoft.Authorization/roleDefinitions/x",
    ],
  ];
  for (const [asked, type, parentId, id] of cases) {
    assert.equal(canonicalId(parsed(asked), type, parentId), id);
  }
});

test("systemData keeps who created and renews who changed", () => {
  const first = systemDataOf({ previous: undefined, principalId: "p1", now: "t1" });
  const previous = { id: "/x", name: "x", type: "t", properties: {}, systemData: first };
  const second = systemDataOf({ previous, principalId: "p2", now: "t2" });
  assert.deepEqual(second, {
    createdBy: "p1",
    createdByType: "Application",
    createdAt: "t1",
    lastModifiedBy: "p2",
    lastModifiedByType: "Application",
    lastModifiedAt: "t2",
  });
});

test("etags match in weak and strong form, in a list, and by a star", () => {
  const etag = newEtag(seededRandom(1));
  assert.match(etag, /^"[0-9a-f-]{36}"$/);
  for (const header of [etag, `W/${etag}`, `"x", ${etag}`, "*"])
    assert.ok(etagMatches(header, etag));
  assert.ok(!etagMatches('"x"', etag));
  assert.ok(!etagMatches('""', undefined));
  assert.ok(etagMatches("*", undefined));
});

test("an id is taken at its limit and refused one past it, and without a name", () => {
  const prefix =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Insights/privateLinkScopes/";
  const longest = prefix + "x".repeat(limits.armIdCharsMax - prefix.length);
  assert.equal(idProblem(longest), undefined);
  assert.match(idProblem(`${longest}x`) ?? "", /the limit is 2048/);
  assert.equal(parseId(`${longest}x`), undefined);
  assert.match(idProblem(prefix) ?? "", /is not a resource id/);
  assert.match(idProblem("subscriptions/s") ?? "", /does not begin with/);
});

test("regions and ids are compared as ARM does", () => {
  assert.equal(regionKey("East US 2"), "eastus2");
  assert.ok(sameId("/Subscriptions/S", "/subscriptions/s"));
  assert.ok(!sameId(undefined, undefined));
});
