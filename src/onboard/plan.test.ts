/** The planner on plain data: what blocks, what is noted, what is named. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { onboardErrors, planMetrics } from "./index.ts";
import type { Observed, OnboardCode } from "./index.ts";
import { metricsNames, networkName } from "./names.ts";
import { dce, dcr, endpointTo, group, ids, observedOf, request } from "./testing/plain-estate.ts";

const blockersOf = (observed: Observed, asked = request): readonly OnboardCode[] =>
  planMetrics(asked, observed).blockers.map(({ code }) => code);
const refused = (path: string) => [{ path, code: "AuthorizationFailed", message: "No right." }];
const subnet = (addressPrefix: string, used = 0) => ({
  addressPrefix,
  ipConfigurations: Array.from({ length: used }, () => ({})),
});

test("the plain estate is not blocked", () => {
  assert.deepEqual(blockersOf(observedOf()), []);
});

test("the same facts give the same plan", () => {
  assert.deepEqual(planMetrics(request, observedOf()), planMetrics(request, observedOf()));
});

test("ids with blanks and of other types are refused, all at once", () => {
  const asked = {
    ...request,
    clusterId: "/subscriptions/my-subscription /resourceGroups/ rg",
    scopeId: ids.vnet,
  };
  const { blockers } = planMetrics(asked, observedOf());
  assert.deepEqual(
    blockers.map(({ code }) => code),
    ["InvalidId", "InvalidId"],
  );
  assert.match(blockers[0]?.says ?? "", /has a blank at character 31/);
  assert.match(
    blockers[1]?.says ?? "",
    /names a Microsoft.Network\/virtualNetworks, not a Microsoft.Insights/,
  );
});

test("a missing cluster and a missing workspace are both named", () => {
  const observed = observedOf({ [ids.cluster]: undefined, [ids.workspace]: undefined });
  assert.deepEqual(blockersOf(observed), ["ResourceMissing", "ResourceMissing"]);
});

test("what decides whether something is kept or overwritten must be readable", () => {
  const associations = ids.association("x").replace("/x", "");
  for (const path of [ids.scope, `${ids.scope}/scopedResources`, associations, ids.workspace]) {
    const more = path === ids.workspace ? { [ids.workspace]: undefined } : {};
    assert.deepEqual(blockersOf(observedOf(more, refused(path))), ["ResourceUnreadable"], path);
  }
  const kept = {
    [ids.association("configurationAccessEndpoint")]: { dataCollectionEndpointId: ids.dce },
  };
  assert.deepEqual(blockersOf(observedOf(kept, refused(ids.dce))), ["ResourceUnreadable"]);
});

test("what only widens the blast radius is noted when it cannot be read", () => {
  const path = `${group}/providers/Microsoft.Insights/dataCollectionRules/x/associations`;
  const plan = planMetrics(request, observedOf({}, refused(path)));
  assert.deepEqual(plan.blockers, []);
  assert.ok(plan.notes.some(({ says }) => says.includes("AuthorizationFailed")));
});

test("a cluster that names no subnet has an unknown network", () => {
  const without = { location: "westeurope", agentPoolProfiles: [{ name: "system" }] };
  assert.deepEqual(blockersOf(observedOf({ [ids.cluster]: without })), ["NetworkUnknown"]);
  assert.deepEqual(blockersOf(observedOf({ [ids.vnet]: undefined })), ["NetworkUnknown"]);
});

test("a network has one endpoint to one scope", () => {
  assert.deepEqual(blockersOf(observedOf(endpointTo(ids.otherScope))), ["NetworkHasOtherScope"]);
  assert.deepEqual(blockersOf(observedOf(endpointTo(ids.otherScope, { status: "Rejected" }))), []);
});

test("an endpoint whose connection was rejected or removed blocks, a pending one is waited for", () => {
  for (const status of ["Rejected", "Disconnected"]) {
    assert.deepEqual(blockersOf(observedOf(endpointTo(ids.scope, { status }))), [
      "ConnectionRefused",
    ]);
  }
  const plan = planMetrics(request, observedOf(endpointTo(ids.scope, { status: "Pending" })));
  assert.deepEqual(plan.blockers, []);
  assert.ok(
    plan.waits.some((wait) => wait.kind === "approval" && wait.endpointId === ids.endpoint),
  );
});

test("a zone that leads to another network's endpoint is not taken over", () => {
  const elsewhere = endpointTo(ids.otherScope, { addresses: ["10.2.0.4"] });
  const observed = observedOf({
    ...elsewhere,
    [ids.endpoint]: { ...elsewhere[ids.endpoint], subnet: { id: `${ids.vnet}2/subnets/s` } },
    [ids.zone]: { location: "global" },
    [`${ids.zone}/A/api`]: { ttl: 10, aRecords: [{ ipv4Address: "10.2.0.4" }] },
  });
  assert.deepEqual(blockersOf(observed), ["ZoneLeadsElsewhere"]);
});

test("a subnet with exactly the addresses that are needed is enough, and one less is not", () => {
  // Eight shared names, three for the one endpoint, one for the workspace: 12. A /28 has 11 usable addresses, a /27 27.
  assert.deepEqual(blockersOf(observedOf({ [ids.subnet]: subnet("10.1.9.0/28") })), [
    "SubnetTooSmall",
  ]);
  assert.deepEqual(blockersOf(observedOf({ [ids.subnet]: subnet("10.1.9.0/27", 15) })), []);
  const tight = planMetrics(request, observedOf({ [ids.subnet]: subnet("10.1.9.0/27", 16) }));
  assert.match(tight.blockers[0]?.says ?? "", /has 11 free addresses; 12 are needed/);
});

test("a new subnet takes the first free prefix, smaller where there is less room", () => {
  const prefixOf = (spaces: readonly string[]): unknown => {
    const vnet = {
      location: "westeurope",
      addressSpace: { addressPrefixes: spaces },
      subnets: [{ id: `${ids.vnet}/subnets/nodes`, properties: { addressPrefix: "10.1.0.0/24" } }],
    };
    const plan = planMetrics(request, observedOf({ [ids.vnet]: vnet }));
    const change = plan.changes.find(({ id }) => id === ids.subnet);
    return change?.after?.["properties"] ?? plan.blockers.map(({ code }) => code);
  };
  assert.deepEqual(prefixOf(["10.1.0.0/16"]), { addressPrefix: "10.1.1.0/26" });
  assert.deepEqual(prefixOf(["10.1.0.0/24", "10.9.0.0/27"]), { addressPrefix: "10.9.0.0/27" });
  assert.deepEqual(prefixOf(["10.1.0.0/24"]), ["NetworkFull"]);
  assert.deepEqual(prefixOf(["10.0.0.0/8"]), { addressPrefix: "10.0.0.0/26" });
});

test("a perimeter, a rule without endpoint and a rule of another workspace are refused by name", () => {
  const perimeter = observedOf({ [ids.dce]: dce("MSProm-westeurope-aks", "SecuredByPerimeter") });
  assert.deepEqual(blockersOf(perimeter), ["PerimeterUnsupported"]);
  const bare = observedOf({
    [ids.dcr]: dcr(ids.workspace),
    [ids.association("x")]: { dataCollectionRuleId: ids.dcr },
  });
  assert.deepEqual(blockersOf(bare), ["RuleWithoutEndpoint"]);
  assert.deepEqual(blockersOf(observedOf({ [ids.dcr]: dcr(`${ids.workspace}2`, ids.dce) })), [
    "RuleOfOtherWorkspace",
  ]);
});

test("an association with an endpoint that is gone is mended", () => {
  const at = ids.association("configurationAccessEndpoint");
  const plan = planMetrics(
    request,
    observedOf({ [at]: { dataCollectionEndpointId: `${ids.dce}-gone` } }),
  );
  const change = plan.changes.find(({ id }) => id === at);
  assert.deepEqual([change?.action, change?.because], ["update", "broken"]);
});

test("a kept endpoint for configuration in another region is pointed out", () => {
  const other = `${group}/providers/Microsoft.Insights/dataCollectionEndpoints/far`;
  const plan = planMetrics(
    request,
    observedOf({
      [other]: { ...dce("far"), location: "eastus" },
      [ids.association("configurationAccessEndpoint")]: { dataCollectionEndpointId: other },
    }),
  );
  assert.ok(
    plan.notes.some(
      ({ id, says }) =>
        id === other && says.includes("from eastus, but the cluster is in westeurope"),
    ),
  );
});

test("a cluster with a public API server is noted, and not refused", () => {
  const open = {
    location: "westeurope",
    agentPoolProfiles: [{ vnetSubnetID: `${ids.vnet}/subnets/nodes` }],
  };
  const plan = planMetrics(request, observedOf({ [ids.cluster]: open }));
  assert.deepEqual(plan.blockers, []);
  assert.ok(plan.notes.some(({ says }) => says.includes("is not a private cluster")));
});

test("a link that redirects is pointed out", () => {
  const plan = planMetrics(
    request,
    observedOf({
      [ids.zone]: { location: "global" },
      [`${ids.zone}/virtualNetworkLinks/l`]: {
        virtualNetwork: { id: ids.vnet },
        resolutionPolicy: "NxDomainRedirect",
      },
    }),
  );
  assert.ok(plan.notes.some(({ says }) => says.includes("redirects unknown names to public DNS")));
});

test("what stands unlike it is wanted is updated, with the rest of it kept", () => {
  const standing = { ...dcr(ids.workspace, `${ids.dce}-old`), description: "mine" };
  const plan = planMetrics(request, observedOf({ [ids.dcr]: standing }));
  const change = plan.changes.find(({ id }) => id === ids.dcr);
  assert.deepEqual([change?.action, change?.because], ["update", "differs"]);
  const properties = change?.after?.["properties"] as Record<string, unknown>;
  assert.equal(properties["description"], "mine");
  assert.equal(properties["dataCollectionEndpointId"], ids.dce);
  assert.equal(properties["immutableId"], undefined);
});

test("the article's contradiction is said in one line", () => {
  const notes = planMetrics(request, observedOf()).notes.filter(({ says }) =>
    says.includes("step 3"),
  );
  assert.equal(notes.length, 1);
});

test("names are cut and trimmed as az does", () => {
  const clusterName = `a${"b".repeat(40)}`;
  const names = metricsNames({
    clusterName,
    clusterRegion: "westeurope",
    workspaceRegion: "westeurope",
  });
  assert.equal(names.dce.length, 44);
  assert.equal(names.dcr, `MSProm-westeurope-${clusterName}`.slice(0, 64));
  assert.equal(names.ruleAssociation, "ContainerInsightsMetricsExtension");
  // The cut falls behind the '-' at character 44, which does not stay; '_' never does.
  const awkward = metricsNames({
    clusterName: `${"c".repeat(25)}-tail`,
    clusterRegion: "eastus",
    workspaceRegion: "westeurope",
  });
  assert.equal(awkward.dce, `MSProm-westeurope-${"c".repeat(25)}`);
  const plain = metricsNames({
    clusterName: "my_aks",
    clusterRegion: "eastus",
    workspaceRegion: "westus",
  });
  assert.deepEqual(
    [plain.dce, plain.dcr, plain.configurationDce],
    ["MSProm-westus-myaks", "MSProm-westus-my_aks", "MSProm-PL-eastus-myaks"],
  );
  assert.equal(networkName("pe", "x".repeat(76), "vnet").length, 79);
});

test("every code of onboarding says what it means and what to do", () => {
  for (const [code, { means, remedy }] of Object.entries(onboardErrors)) {
    assert.ok(means.endsWith(".") && remedy.endsWith("."), code);
  }
});
