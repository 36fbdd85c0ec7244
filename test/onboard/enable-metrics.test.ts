/** Enabling metrics against the control plane in memory: what is made, kept, and closed, and what others are told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseId } from "../../src/arm/index.ts";
import { writesOf } from "../../src/onboard/index.ts";
import type { ApplyEvent } from "../../src/onboard/index.ts";
import {
  configurationAssociation,
  dceOf,
  pathToHost,
  scopedResourcesIn,
  scopeOf,
  workspaceOf,
} from "../../src/rules/index.ts";
import {
  access,
  applied,
  dceId,
  estateOf,
  group,
  insights,
  planOf,
  sceneOf,
  scopeId,
} from "./scene.ts";

test("from nothing, everything is made, data is waited for, and then the public way closes", async () => {
  const scene = await sceneOf(estateOf({ closeShared: true, closeQuery: true }));
  const events: ApplyEvent[] = [];
  const outcome = await applied(scene, { onEvent: (event) => void events.push(event) });
  assert.equal(outcome.kind, "done");
  assert.equal(outcome.exit, 0);
  const graph = scene.plane.graph();
  assert.equal(scopeOf(graph, scopeId)?.ingestionAccessMode, "PrivateOnly");
  assert.equal(scopeOf(graph, scopeId)?.queryAccessMode, "Open");
  assert.equal(access(graph, dceId), "Disabled");
  const workspace = workspaceOf(graph, scene.request.workspaceId);
  assert.equal(access(graph, workspace?.defaultDceId ?? ""), "Disabled");
  assert.equal(workspace?.publicNetworkAccess, "Disabled");
  const vnetId = `${group}/providers/Microsoft.Network/virtualNetworks/vnet-aks`;
  for (const host of [
    dceOf(graph, dceId)?.metricsHost,
    dceOf(graph, dceId)?.configurationHost,
    workspace?.queryHost,
  ]) {
    const { origin } = pathToHost(graph, { host: host ?? "", vnetId });
    assert.equal(origin?.kind, "private", host);
  }
  const stepsSeen = events.flatMap((event) => (event.kind === "step" ? [event.step] : []));
  assert.deepEqual(stepsSeen, [
    "scope",
    "collection",
    "links",
    "network",
    "associations",
    "cluster",
    "query",
    "close",
  ]);
});

test("a second run changes nothing and says so", async () => {
  const scene = await sceneOf(estateOf({ closeShared: true, closeQuery: true }));
  await applied(scene);
  const before = scene.plane.writes.length;
  const outcome = await applied(scene, {
    dataArrived: () => Promise.reject(new Error("nobody asks")),
  });
  assert.deepEqual([outcome.kind, outcome.exit], ["unchanged", 0]);
  assert.equal(outcome.says, "Nothing to change: all is as wanted.");
  assert.equal(scene.plane.writes.length, before);
});

test("without the close flags what others use stays open, and the plan says which paths stay public", async () => {
  const scene = await sceneOf();
  const plan = await planOf(scene);
  assert.deepEqual(
    plan.staysPublic.map(({ path, flag }) => [path, flag]),
    [["metrics-query", "--close-query"]],
  );
  await applied(scene);
  const graph = scene.plane.graph();
  const workspace = workspaceOf(graph, scene.request.workspaceId);
  assert.equal(access(graph, dceId), "Disabled");
  assert.equal(access(graph, workspace?.defaultDceId ?? ""), "Enabled");
  assert.equal(workspace?.publicNetworkAccess, "Enabled");
});

test("where the regions differ, the configuration comes from an endpoint in the cluster's region", async () => {
  const scene = await sceneOf(estateOf({}, { workspace: "northeurope" }));
  await applied(scene);
  const graph = scene.plane.graph();
  const own = `${insights}/dataCollectionEndpoints/MSProm-PL-westeurope-aks-prod`;
  assert.equal(dceOf(graph, own)?.region, "westeurope");
  assert.equal(
    dceOf(graph, `${insights}/dataCollectionEndpoints/MSProm-northeurope-aks-prod`)?.region,
    "northeurope",
  );
  assert.equal(configurationAssociation(graph, scene.request.clusterId)?.dceId, own);
  assert.deepEqual(
    scopedResourcesIn(graph, scopeId).map(({ name }) => name),
    [
      "MSProm-northeurope-aks-prod-connection",
      "MSProm-PL-westeurope-aks-prod-connection",
      "amw-metrics-connection",
    ],
  );
});

const associations = (clusterId: string): string =>
  `${clusterId}/providers/Microsoft.Insights/dataCollectionRuleAssociations`;

test("an association for configuration that stands is kept, and its endpoint is linked", async () => {
  const scene = await sceneOf();
  const other = `${insights}/dataCollectionEndpoints/MSCI-config-westeurope-aks-prod`;
  await scene.plane.arm.put(other, { apiVersion: "2022-06-01", body: { location: "westeurope" } });
  const body = { properties: { dataCollectionEndpointId: other } };
  const at = `${associations(scene.request.clusterId)}/configurationAccessEndpoint`;
  await scene.plane.arm.put(at, { apiVersion: "2022-06-01", body });
  await applied(scene);
  const graph = scene.plane.graph();
  assert.equal(configurationAssociation(graph, scene.request.clusterId)?.dceId, other);
  assert.ok(scopedResourcesIn(graph, scopeId).some(({ linkedId }) => linkedId === other));
  assert.equal(access(graph, other), "Disabled");
});

test("a Prometheus rule association that stands is kept, and no second one is made", async () => {
  const scene = await sceneOf();
  const { defaultDcrId, defaultDceId } =
    workspaceOf(scene.plane.graph(), scene.request.workspaceId) ?? {};
  const body = { properties: { dataCollectionRuleId: defaultDcrId ?? "" } };
  const path = associations(scene.request.clusterId);
  await scene.plane.arm.put(`${path}/mine`, { apiVersion: "2022-06-01", body });
  await applied(scene);
  const names = (await scene.plane.arm.list(path, "2022-06-01")).map(({ name }) => name);
  assert.deepEqual(names, ["mine", "configurationAccessEndpoint"]);
  const graph = scene.plane.graph();
  assert.equal(dceOf(graph, dceId), undefined);
  assert.equal(configurationAssociation(graph, scene.request.clusterId)?.dceId, defaultDceId);
});

test("a scope that was there keeps its modes, unless the flag says otherwise; who else stands under them is listed", async () => {
  const scene = await sceneOf();
  const body = {
    location: "global",
    properties: {
      accessModeSettings: { ingestionAccessMode: "Open", queryAccessMode: "PrivateOnly" },
    },
  };
  await scene.plane.arm.put(scopeId, { apiVersion: "2021-09-01", body });
  const other = `${insights}/dataCollectionEndpoints/other`;
  await scene.plane.arm.put(other, { apiVersion: "2022-06-01", body: { location: "eastus" } });
  const link = { properties: { linkedResourceId: other } };
  await scene.plane.arm.put(`${scopeId}/scopedResources/other-connection`, {
    apiVersion: "2021-09-01",
    body: link,
  });
  await applied(scene);
  assert.equal(scopeOf(scene.plane.graph(), scopeId)?.queryAccessMode, "PrivateOnly");
  const asked = { ...scene, request: { ...scene.request, closeShared: true } };
  const closing = (await planOf(asked)).changes.find(
    ({ id, step }) => id === scopeId && step === "close",
  );
  assert.deepEqual(
    closing?.affects.map(({ id }) => parseId(id)?.name),
    ["other"],
  );
  await applied(asked);
  assert.equal(scopeOf(scene.plane.graph(), scopeId)?.ingestionAccessMode, "PrivateOnly");
  assert.equal(scopeOf(scene.plane.graph(), scopeId)?.queryAccessMode, "Open");
});

test("an endpoint that another cluster uses stays open until that is asked for, and the other is named", async () => {
  const scene = await sceneOf();
  await applied(scene, {
    waitMs: 0,
    dataArrived: () => Promise.resolve({ arrived: false, says: "no." }),
  });
  const otherCluster = `${group}/providers/Microsoft.ContainerService/managedClusters/aks-test`;
  const cluster = {
    location: "westeurope",
    identity: { type: "SystemAssigned" },
    properties: { dnsPrefix: "t", agentPoolProfiles: [{ name: "p" }] },
  };
  await scene.plane.arm.put(otherCluster, { apiVersion: "2023-01-01", body: cluster });
  const body = { properties: { dataCollectionEndpointId: dceId } };
  const at = `${associations(otherCluster)}/configurationAccessEndpoint`;
  await scene.plane.arm.put(at, { apiVersion: "2022-06-01", body });
  const plan = await planOf(scene);
  const closing = plan.changes.find(({ id, step }) => id === dceId && step === "close");
  assert.equal(closing?.because, "shared");
  assert.match(closing?.says ?? "", /aks-test takes its configuration there/);
  assert.deepEqual(
    plan.staysPublic.map(({ path }) => path),
    ["configuration", "metrics-ingestion", "metrics-query"],
  );
  await applied(scene);
  assert.equal(access(scene.plane.graph(), dceId), "Enabled");
});

test("every write depends on what was written before it, or was there", async () => {
  const scene = await sceneOf();
  const plan = await planOf(scene);
  const there = new Set([...scene.plane.graph().all()].map(({ id }) => id.toLowerCase()));
  for (const { id, dependsOn } of writesOf(plan)) {
    for (const on of dependsOn) assert.ok(there.has(on.toLowerCase()), `${id} needs ${on}`);
    there.add(id.toLowerCase());
  }
});
