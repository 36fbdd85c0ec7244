/** Enabling logs against the control plane in memory: what is made, kept, shared with metrics, and closed; and what a crash leaves. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { at, stringAt } from "../../src/arm/index.ts";
import type { Graph, JsonObject } from "../../src/arm/index.ts";
import { CodedError } from "../../src/core/index.ts";
import { writesOf } from "../../src/onboard/index.ts";
import {
  configurationAssociation,
  dceOf,
  lawOf,
  pathToHost,
  scopedResourcesIn,
  scopeOf,
} from "../../src/rules/index.ts";
import { subscriptionId } from "./control-plane.ts";
import { bothHalves, logsApplied, logsPlanOf, logsSceneOf, metricsApplied } from "./logs-scene.ts";
import { access, dceId as metricsDceId, endState, group, insights, scopeId } from "./scene.ts";

const vnetId = `${group}/providers/Microsoft.Network/virtualNetworks/vnet-aks`;
const configurationDce = `${insights}/dataCollectionEndpoints/MSCI-config-westeurope-aks-prod`;
const linksIn = (graph: Graph): readonly string[] =>
  scopedResourcesIn(graph, scopeId).map(({ name }) => name);
const way = (graph: Graph, host: string | undefined): string | undefined =>
  pathToHost(graph, { host: host ?? "", vnetId }).origin?.kind;

test("existing cluster, existing workspace: all is made, data is waited for, and both public flags close", async () => {
  const scene = await logsSceneOf(bothHalves({ closeShared: true, closeQuery: true }));
  const outcome = await logsApplied(scene);
  assert.deepEqual([outcome.kind, outcome.exit], ["done", 0], outcome.says);
  const graph = scene.plane.graph();
  const law = lawOf(graph, scene.request.workspaceId ?? "");
  assert.deepEqual([law?.publicIngestion, law?.publicQuery], ["Disabled", "Disabled"]);
  assert.equal(scopeOf(graph, scopeId)?.ingestionAccessMode, "PrivateOnly");
  assert.deepEqual(linksIn(graph), [
    "MSCI-config-westeurope-aks-prod-connection",
    "law-logs-connection",
  ]);
  assert.equal(access(graph, configurationDce), "Disabled");
  for (const host of [law?.hosts.ods, dceOf(graph, configurationDce)?.configurationHost]) {
    assert.equal(way(graph, host), "private", host);
  }
  const cluster = graph.get(scene.request.clusterId);
  const omsagent = at(cluster?.properties, "addonProfiles", "omsagent");
  assert.equal(at(omsagent, "enabled"), true);
  assert.equal(stringAt(omsagent, "config", "useAADAuth"), "true");
  const again = await logsApplied(scene, {
    dataArrived: () => Promise.reject(new Error("nobody asks")),
  });
  assert.equal(again.kind, "unchanged", "a second run changes nothing");
});

test("without the close flags the workspace's public flags stay as they are", async () => {
  const scene = await logsSceneOf();
  await logsApplied(scene);
  const law = lawOf(scene.plane.graph(), scene.request.workspaceId ?? "");
  assert.deepEqual([law?.publicIngestion, law?.publicQuery], ["Enabled", "Enabled"]);
});

test("default workspace: made in the region of the cluster's group, and found again", async () => {
  const scene = await logsSceneOf(bothHalves({ workspace: undefined }, { group: "northeurope" }));
  await logsApplied(scene);
  const workspaceId = `/subscriptions/${subscriptionId}/resourceGroups/DefaultResourceGroup-NEU/providers/Microsoft.OperationalInsights/workspaces/DefaultWorkspace-${subscriptionId}-NEU`;
  const graph = scene.plane.graph();
  assert.equal(lawOf(graph, workspaceId)?.region, "northeurope");
  assert.equal(
    graph.get(`${insights}/dataCollectionRules/MSCI-northeurope-aks-prod`)?.location,
    "northeurope",
  );
  assert.equal((await logsApplied(scene)).kind, "unchanged");
});

test("a new cluster is made with its logs on the private link, in one go", async () => {
  const scene = await logsSceneOf();
  const nodeSubnetId = `${vnetId}/subnets/snet-nodes`;
  const clusterId = `${group}/providers/Microsoft.ContainerService/managedClusters/aks-new`;
  const fresh = { ...scene, request: { ...scene.request, clusterId, nodeSubnetId } };
  const outcome = await logsApplied(fresh);
  assert.deepEqual([outcome.kind, outcome.exit], ["done", 0], outcome.says);
  const made = scene.plane.graph().get(clusterId)?.properties;
  assert.equal(at(made, "apiServerAccessProfile", "enablePrivateCluster"), true);
  assert.equal(at(made, "addonProfiles", "omsagent", "enabled"), true);
  assert.equal((await logsApplied(fresh)).kind, "unchanged");
});

test("the legacy order: nothing is sent before the workspace and the scope are closed", async () => {
  const scene = await logsSceneOf(
    bothHalves({ auth: "legacy", closeShared: true, closeQuery: true }),
  );
  const outcome = await logsApplied(scene);
  assert.deepEqual([outcome.kind, outcome.exit], ["done", 0], outcome.says);
  const written = outcome.written.map((id) => id.split("/").at(-1) ?? "");
  const order = ["law-logs", "ampls", "law-logs-connection", "pe-ampls-vnet-aks", "aks-prod"];
  assert.deepEqual(
    written.filter((name, index) => order.includes(name) && written.indexOf(name) === index),
    order,
  );
  assert.ok(written.lastIndexOf("ampls") > written.indexOf("pe-ampls-vnet-aks"));
  assert.ok(written.lastIndexOf("ampls") < written.indexOf("aks-prod"));
  const graph = scene.plane.graph();
  const law = lawOf(graph, scene.request.workspaceId ?? "");
  assert.deepEqual([law?.publicIngestion, law?.publicQuery], ["Disabled", "Disabled"]);
  const [endpoint] = graph.ofType("Microsoft.Network/privateEndpoints");
  assert.equal(endpoint?.location, graph.get(scene.request.clusterId)?.location);
  assert.equal((await logsApplied(scene)).kind, "unchanged");
});

test("high log scale: an ingestion endpoint in the workspace's region, linked beside the workspace", async () => {
  const scene = await logsSceneOf(
    bothHalves({ highLogScale: true, syslog: true }, { workspace: "northeurope" }),
  );
  await logsApplied(scene);
  const graph = scene.plane.graph();
  const ingestion = `${insights}/dataCollectionEndpoints/MSCI-ingest-northeurope-aks-prod`;
  assert.equal(dceOf(graph, ingestion)?.region, "northeurope");
  assert.equal(dceOf(graph, configurationDce)?.region, "westeurope");
  assert.equal(way(graph, dceOf(graph, ingestion)?.logsHost), "private");
  assert.deepEqual(linksIn(graph), [
    "MSCI-config-westeurope-aks-prod-connection",
    "law-logs-connection",
    "MSCI-ingest-northeurope-aks-prod-connection",
  ]);
});

test("metrics then logs: one endpoint for configuration, that of the metrics", async () => {
  const scene = await logsSceneOf(bothHalves({ closeShared: true }));
  await metricsApplied(scene);
  await logsApplied(scene);
  const graph = scene.plane.graph();
  assert.equal(configurationAssociation(graph, scene.request.clusterId)?.dceId, metricsDceId);
  assert.equal(dceOf(graph, configurationDce), undefined, "no second one is made");
  assert.equal(way(graph, lawOf(graph, scene.request.workspaceId ?? "")?.hosts.ods), "private");
  assert.equal((await metricsApplied(scene)).kind, "unchanged", "and metrics are as they were");
});

test("what another has done by then is not done again, and is counted", async () => {
  const scene = await logsSceneOf(bothHalves({ closeShared: true, closeQuery: true }));
  const outcome = await logsApplied(scene, {
    dataArrived: async () => {
      const properties = {
        sku: { name: "PerGB2018" },
        publicNetworkAccessForIngestion: "Disabled",
        publicNetworkAccessForQuery: "Disabled",
      };
      const body = { location: "westeurope", properties };
      const workspaceId = scene.request.workspaceId ?? "";
      await scene.plane.arm.put(workspaceId, { apiVersion: "2023-09-01", body });
      return { arrived: true, says: "it came." };
    },
  });
  assert.match(outcome.says, /^\d+ changes were made; 1 stood by then\.$/);
});

test("logs then metrics: one endpoint for configuration, that of the logs, linked for both", async () => {
  const scene = await logsSceneOf(bothHalves({ closeShared: true }));
  await logsApplied(scene);
  await metricsApplied(scene);
  const graph = scene.plane.graph();
  assert.equal(configurationAssociation(graph, scene.request.clusterId)?.dceId, configurationDce);
  for (const host of [
    dceOf(graph, metricsDceId)?.metricsHost,
    dceOf(graph, configurationDce)?.configurationHost,
    lawOf(graph, scene.request.workspaceId ?? "")?.hosts.ods,
  ]) {
    assert.equal(way(graph, host), "private", host);
  }
  assert.equal((await logsApplied(scene)).kind, "unchanged", "and logs are as they were");
});

test("killed after any write, a rerun ends as one run would have", async () => {
  const whole = await logsSceneOf(
    bothHalves({ workspace: undefined, closeShared: true, closeQuery: true }),
  );
  await logsApplied(whole);
  const expected = endState(whole.plane.graph());
  const writes = (await logsSceneOf()).plane.writes.length;
  const count = whole.plane.writes.length - writes;
  for (let kill = 0; kill < count; kill += 3) {
    const scene = await logsSceneOf(
      bothHalves({ workspace: undefined, closeShared: true, closeQuery: true }),
    );
    let left = kill;
    scene.plane.beforeWrite = () => {
      left -= 1;
      if (left < 0) throw new CodedError("Killed", "The process was killed.", { status: 0 });
    };
    assert.equal((await logsApplied(scene)).kind, "failed");
    scene.plane.beforeWrite = () => undefined;
    await logsApplied(scene);
    assert.deepEqual(endState(scene.plane.graph()), expected, `after ${kill} writes`);
  }
});

test("nothing closes before a record has come; a rerun resumes", async () => {
  const scene = await logsSceneOf(bothHalves({ closeShared: true, closeQuery: true }));
  const waits = () => Promise.resolve({ arrived: false, says: "no record came yet." });
  const open = await logsApplied(scene, { waitMs: 20_000, dataArrived: waits });
  assert.deepEqual([open.kind, open.exit], ["open", 3]);
  const graph = scene.plane.graph();
  const law = lawOf(graph, scene.request.workspaceId ?? "");
  assert.deepEqual([law?.publicIngestion, law?.publicQuery], ["Enabled", "Enabled"]);
  assert.equal((await logsApplied(scene)).kind, "done");
});

test("who else sends to the workspace is named before its ingestion closes", async () => {
  const scene = await logsSceneOf(bothHalves({ closeShared: true }));
  const other = { ...scene.request, clusterId: `${scene.request.clusterId}-2` };
  const nodeSubnetId = `${vnetId}/subnets/snet-nodes`;
  await logsApplied({ ...scene, request: { ...other, nodeSubnetId, closeShared: false } });
  const plan = await logsPlanOf(scene);
  const closing = plan.changes.find(
    ({ id, action }) => id === scene.request.workspaceId && action !== "none",
  );
  assert.deepEqual(
    closing?.affects.map(({ says }) => says),
    ["aks-prod-2 sends its logs there, by the rule MSCI-westeurope-aks-prod-2"],
  );
});

test("what az made is found as it is: rule, endpoint, associations, links and add-on stay, and the rest is added", async () => {
  const scene = await logsSceneOf(bothHalves({ closeShared: true, closeQuery: true }));
  const { clusterId, workspaceId = "" } = scene.request;
  const put = (id: string, apiVersion: string, body: JsonObject) =>
    scene.plane.arm.put(id, { apiVersion, body });
  const ruleId = `${insights}/dataCollectionRules/MSCI-westeurope-aks-prod`;
  const streams = ["Microsoft-ContainerInsights-Group-Default"];
  const associations = `${clusterId}/providers/Microsoft.Insights/dataCollectionRuleAssociations`;
  await put(scopeId, "2021-09-01", {
    location: "global",
    properties: { accessModeSettings: { ingestionAccessMode: "Open", queryAccessMode: "Open" } },
  });
  // As the requests of `az aks enable-addons -a monitoring --ampls-resource-id` go, in their order.
  await put(configurationDce, "2022-06-01", {
    location: "westeurope",
    kind: "Linux",
    properties: { networkAcls: { publicNetworkAccess: "Disabled" } },
  });
  await put(ruleId, "2022-06-01", {
    location: "westeurope",
    kind: "Linux",
    properties: {
      dataSources: {
        extensions: [
          {
            name: "ContainerInsightsExtension",
            streams,
            extensionName: "ContainerInsights",
            extensionSettings: { dataCollectionSettings: { enableContainerLogV2: true } },
          },
        ],
      },
      dataFlows: [{ streams, destinations: ["la-workspace"] }],
      destinations: {
        logAnalytics: [{ workspaceResourceId: workspaceId, name: "la-workspace" }],
      },
    },
  });
  await put(`${associations}/ContainerInsightsExtension`, "2022-06-01", {
    properties: {
      dataCollectionRuleId: ruleId,
      description: "associates dataCollectionRule to the AKS",
    },
  });
  await put(`${associations}/configurationAccessEndpoint`, "2022-06-01", {
    properties: { dataCollectionEndpointId: configurationDce },
  });
  for (const linkedResourceId of [configurationDce, workspaceId]) {
    const name = `${linkedResourceId.split("/").at(-1)}-connection`;
    await put(`${scopeId}/scopedResources/${name}`, "2021-07-01-preview", {
      properties: { linkedResourceId },
    });
  }
  const config = { logAnalyticsWorkspaceResourceID: workspaceId, useAADAuth: "true" };
  await put(clusterId, "2023-01-01", {
    location: "westeurope",
    properties: { addonProfiles: { omsagent: { enabled: true, config } } },
  });
  const steps = writesOf(await logsPlanOf(scene)).map(({ step }) => step);
  assert.deepEqual([...new Set(steps)], ["network", "close"]);
});
