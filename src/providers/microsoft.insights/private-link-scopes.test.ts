/** Private link scopes and scoped resources: shapes, versions, refusals and limits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ArmResource, JsonObject } from "../../arm/index.ts";
import { limits } from "../../core/index.ts";
import {
  dceBody,
  dceId,
  group,
  insights,
  linkedEstate,
  openEstate,
  scopeBody,
  scopeId,
  workspaceId,
} from "../testing/estate.ts";

const scoped = (name: string): string => `${scopeId}/scopedResources/${name}`;
const linking = (linkedResourceId: string): JsonObject => ({ properties: { linkedResourceId } });

test("a scope has the shape of its specification", () => {
  const estate = openEstate();
  const exclusion = { privateEndpointConnectionName: "pe.1", queryAccessMode: "PrivateOnly" };
  const scope = estate.put(scopeId, {
    location: "Global",
    properties: {
      accessModeSettings: {
        queryAccessMode: "open",
        ingestionAccessMode: "PrivateOnly",
        exclusions: [exclusion],
      },
    },
  });
  assert.deepEqual(scope.properties, {
    accessModeSettings: {
      queryAccessMode: "Open",
      ingestionAccessMode: "PrivateOnly",
      exclusions: [{ ...exclusion, ingestionAccessMode: "Open" }],
    },
    privateEndpointConnections: [],
    provisioningState: "Succeeded",
  });
});

test("the oldest version has no access modes: a new scope queries Open and ingests PrivateOnly, and an old one keeps its modes", () => {
  const estate = openEstate();
  const old = "2019-10-17-preview";
  const modes = () => estate.get(scopeId).properties["accessModeSettings"] as JsonObject;
  estate.put(scopeId, { location: "Global" }, old);
  assert.equal(modes()["queryAccessMode"], "Open");
  assert.equal(modes()["ingestionAccessMode"], "PrivateOnly");
  estate.put(scopeId, scopeBody);
  estate.put(scopeId, { location: "Global" }, old);
  assert.equal(modes()["ingestionAccessMode"], "Open");
  const other = { accessModeSettings: { queryAccessMode: "PrivateOnly" } };
  assert.match(
    estate.refusal(scopeId, { location: "global", properties: other }, old)[0] ?? "",
    /2019-10-17-preview has no 'properties.accessModeSettings'/,
  );
});

test("later versions demand access modes, and a mode that is not given is Open", () => {
  const estate = openEstate();
  for (const version of ["2021-07-01-preview", "2021-09-01", "2023-06-01-preview"]) {
    assert.match(
      estate.refusal(scopeId, { location: "global", properties: {} }, version)[0] ?? "",
      /'properties.accessModeSettings' is required/,
    );
  }
  const scope = estate.put(scopeId, {
    location: "global",
    properties: { accessModeSettings: { queryAccessMode: "PrivateOnly" } },
  });
  assert.deepEqual(scope.properties["accessModeSettings"], {
    queryAccessMode: "PrivateOnly",
    ingestionAccessMode: "Open",
    exclusions: [],
  });
});

test("a mode that Azure does not know, and a connection excluded twice, are refused", () => {
  const estate = openEstate();
  const refusal = (accessModeSettings: JsonObject) =>
    estate.refusal(scopeId, { location: "global", properties: { accessModeSettings } })[0] ?? "";
  assert.match(refusal({ queryAccessMode: "Private Only" }), /takes 'Open', 'PrivateOnly'/);
  const exclusion = { privateEndpointConnectionName: "a" };
  assert.match(refusal({ exclusions: [exclusion, { ...exclusion }] }), /more than one exclusion/);
});

test("a scoped resource has the shape of its specification, and tells its kind in the version that has it", () => {
  const estate = linkedEstate();
  const id = scoped("dce1-connection");
  assert.deepEqual(estate.view(id, "2021-09-01").properties, {
    linkedResourceId: dceId,
    provisioningState: "Succeeded",
  });
  assert.equal(estate.view(id, "2023-06-01-preview").properties["kind"], "Resource");
});

test("what cannot be linked is refused, each with its reason", () => {
  const estate = linkedEstate();
  estate.put(workspaceId, { location: "eastus" });
  const refusal = (id: string) => estate.refusal(scoped("x"), linking(id))[0] ?? "";
  assert.match(
    refusal(workspaceId),
    /^InvalidLinkedResource: An Azure Monitor workspace cannot be linked/,
  );
  assert.match(refusal(scopeId), /^InvalidLinkedResource: A resource of type/);
  assert.match(
    refusal(`${group}/providers/Microsoft.OperationalInsights/workspaces/law1`),
    /^LinkedResourceNotFound/,
  );
  assert.match(refusal(`${insights}/dataCollectionEndpoints/none`), /^LinkedResourceNotFound/);
  assert.match(refusal(`${dceId} `), /has a blank/);
  assert.match(refusal("dce1"), /does not begin with '\/'/);
  const kinds = { linkedResourceId: dceId, kind: "Metrics" };
  assert.match(estate.refusal(scoped("x"), { properties: kinds })[0] ?? "", /^FeatureNotEmulated/);
});

test("linking needs write access to what is linked", () => {
  const estate = linkedEstate();
  const second = `${insights}/dataCollectionEndpoints/dce2`;
  estate.put(second, dceBody);
  estate.denied.add(`microsoft.insights/datacollectionendpoints/write ${second.toLowerCase()}`);
  const [problem] = estate.problems(scoped("x"), linking(second));
  assert.equal(problem?.code, "LinkedAuthorizationFailed");
  assert.equal(problem?.status, 403);
  assert.match(problem?.message ?? "", /does not have permission to perform action\(s\)/);
});

test("a resource is linked once by a scope, under whatever name; the same name is put again", () => {
  const estate = linkedEstate();
  const [problem] = estate.problems(
    scoped("other"),
    linking(dceId.toUpperCase().replace("/SUBSCRIPTIONS", "/subscriptions")),
  );
  assert.equal(problem?.code, "Conflict");
  assert.equal(problem?.status, 409);
  assert.equal(
    problem?.message,
    "Scoped resource with same linked resource id already exists in this private link scope",
  );
  estate.put(scoped("dce1-connection"), linking(dceId));
});

test("a scoped resource that is put with another id links that and frees the first", () => {
  const estate = linkedEstate();
  const second = `${insights}/dataCollectionEndpoints/dce2`;
  estate.put(second, dceBody);
  estate.put(scoped("dce1-connection"), linking(second));
  assert.deepEqual(estate.get(dceId).properties["privateLinkScopedResources"], []);
  assert.deepEqual(estate.deleteRefusal(dceId), []);
});

test("a resource is in as many scopes as the limit and not one more", () => {
  const estate = linkedEstate();
  const seeded = Array.from(
    { length: limits.scopesPerResourceMax - 2 },
    (_, index): ArmResource => {
      const id = `${insights}/privateLinkScopes/s${index}/scopedResources/a`;
      const properties = { linkedResourceId: dceId, provisioningState: "Succeeded" };
      return {
        id,
        name: "a",
        type: "Microsoft.Insights/privateLinkScopes/scopedResources",
        properties,
      };
    },
  );
  estate.seed(seeded);
  for (const name of ["last", "more"])
    estate.put(`${insights}/privateLinkScopes/${name}`, scopeBody);
  estate.put(`${insights}/privateLinkScopes/last/scopedResources/a`, linking(dceId));
  const past = estate.refusal(
    `${insights}/privateLinkScopes/more/scopedResources/a`,
    linking(dceId),
  );
  assert.match(past[0] ?? "", /^ScopeLimitExceeded: .*100 private link scopes; the limit is 100/);
});

test("names of scopes follow ARM's general rule", () => {
  const estate = openEstate();
  const refused = (name: string) =>
    estate.refusal(`${insights}/privateLinkScopes/${name}`, scopeBody)[0] ?? "";
  assert.match(refused("a."), /^InvalidResourceName/);
  assert.match(refused("a b"), /^InvalidResourceName/);
  assert.match(refused("a".repeat(256)), /^InvalidResourceName/);
  assert.equal(refused("a".repeat(255)), "");
  estate.put(`${insights}/privateLinkScopes/__proto__`, scopeBody);
  assert.equal(estate.get(`${insights}/privateLinkScopes/__proto__`).name, "__proto__");
});
