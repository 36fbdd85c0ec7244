/** Resource ids: taken apart without regard to case, and refused with a sentence. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../core/index.ts";
import { idKey, idProblem, parseId, regionKey, sameId } from "./index.ts";

const group = "/subscriptions/s/resourceGroups/g";

test("a nested resource has its type, its names and its parent", () => {
  const parsed = parseId(
    `${group}/providers/Microsoft.Insights/privateLinkScopes/S/scopedResources/R`,
  );
  assert.equal(parsed?.type, "Microsoft.Insights/privateLinkScopes/scopedResources");
  assert.deepEqual(parsed?.names, ["S", "R"]);
  assert.equal(parsed?.parentId, `${group}/providers/Microsoft.Insights/privateLinkScopes/S`);
  assert.deepEqual([parsed?.subscriptionId, parsed?.resourceGroup], ["s", "g"]);
});

test("an extension resource names what it is put on", () => {
  const cluster = `${group}/providers/Microsoft.ContainerService/managedClusters/aks`;
  const parsed = parseId(
    `${cluster}/providers/Microsoft.Insights/dataCollectionRuleAssociations/a`,
  );
  assert.equal(parsed?.type, "Microsoft.Insights/dataCollectionRuleAssociations");
  assert.equal(parsed?.extendedId, cluster);
  assert.equal(parsed?.resourceGroup, "g");
});

test("groups and subscriptions are ids as well, and keywords have any case", () => {
  assert.equal(
    parseId("/SUBSCRIPTIONS/s/resourcegroups/G")?.type,
    "Microsoft.Resources/resourceGroups",
  );
  assert.equal(parseId("/subscriptions/s")?.type, "Microsoft.Resources/subscriptions");
  assert.equal(
    parseId("/providers/Microsoft.Authorization/roleDefinitions/r")?.parentId,
    undefined,
  );
});

test("duplicate slashes are one, and dots are no segment", () => {
  assert.equal(parseId(`/${group}//providers//Microsoft.Monitor/accounts/a`)?.name, "a");
  assert.equal(parseId(`${group}/providers/Microsoft.Monitor/accounts/..`), undefined);
  assert.equal(parseId(`${group}/./providers/Microsoft.Monitor/accounts/a`), undefined);
});

test("what is no id is undefined", () => {
  for (const text of [
    "",
    "/",
    "x",
    "/subscriptions",
    `${group}/providers`,
    `${group}/providers/A/b`,
    "/other/x",
  ]) {
    assert.equal(parseId(text), undefined, text);
  }
});

test("an id with a blank is named with the place of the blank, as in the article's own examples", () => {
  const problem = idProblem("/subscriptions/my-subscription /resourceGroups/g");
  assert.match(problem ?? "", /has a blank at character 31; resource ids have none/);
});

test("other mistakes have sentences too, and a good id has none", () => {
  assert.match(idProblem(7) ?? "", /must be a string/);
  assert.match(idProblem("subscriptions/s") ?? "", /does not begin with/);
  assert.match(idProblem("/nonsense") ?? "", /is not a resource id/);
  assert.equal(idProblem(group), undefined);
});

test("an id at the limit is read and one past it is not", () => {
  const at = `${group}/providers/Microsoft.Monitor/accounts/`;
  const name = "a".repeat(limits.armIdCharsMax - at.length);
  assert.equal(parseId(at + name)?.name, name);
  assert.equal(parseId(`${at}${name}a`), undefined);
  assert.match(idProblem(`${at}${name}a`) ?? "", /the limit is/);
});

test("ids and regions compare without case, regions without blanks", () => {
  assert.equal(sameId("/A/b", "/a/B"), true);
  assert.equal(sameId(undefined, undefined), false);
  assert.equal(idKey("/A"), "/a");
  assert.equal(regionKey("East US"), "eastus");
});
