/** The article's own commands for Container insights, as az sends them: the private link first, by the user's hand; then the cluster's logs flow by it and by nothing else. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { at, listAt, stringAt } from "../../src/arm/index.ts";
import type { Json } from "../../src/arm/index.ts";
import { audiences } from "../../src/azure/index.ts";
import { armOf } from "../support/arm.ts";
import type { TestArm } from "../support/arm.ts";
import {
  createMonitored,
  createCluster,
  disableAddons,
  clusterPath,
  enableAddons,
  enableLegacy,
} from "../support/az-aks.ts";
import { azClient } from "../support/az-client.ts";
import type { AzClient } from "../support/az-client.ts";
import {
  closeWorkspace,
  createEndpoint,
  createNetwork,
  createScope,
  createWorkspace,
  linkResource,
  scopePath,
  vnetPath,
} from "../support/az-network.ts";
import type { AzPlace } from "../support/az-network.ts";
import { askArm } from "../support/wire.ts";
import { removeFolder, startPlatform } from "../support/command.ts";
import type { TestPlatform } from "../support/command.ts";
import { flowsByOds, flowsByCertificate } from "../support/logs-flow.ts";

let platform: TestPlatform;
let access: TestArm;

before(async () => {
  platform = await startPlatform();
  access = armOf(platform.ready);
});
after(async () => {
  for (const client of clients) client.close();
  access.close();
  await platform.stop();
  removeFolder(platform.data);
});

const privateIngestion = { queryAccessMode: "Open", ingestionAccessMode: "PrivateOnly" };
const closed = { publicNetworkAccessForIngestion: "Disabled" };

const clients: AzClient[] = [];

function placeOf(group: string, location: string, prefix: string): AzPlace {
  const az = azClient(platform.ready, { ...access, command: "aks enable-addons" });
  clients.push(az);
  return { az, group, location, prefix };
}

/** The user's part, before az aks: network, scope, endpoint and zones. */
async function buildLink(place: AzPlace): Promise<void> {
  await createNetwork(place);
  await createScope(place, privateIngestion);
  await createEndpoint(place);
}

/** What az left linked, and that the cluster's logs flow privately and are refused from outside. */
async function flows(place: AzPlace, workspace: string): Promise<void> {
  const properties = (await access.arm.get(workspace, "2023-09-01"))?.["properties"];
  const scoped = listAt(properties, "privateLinkScopedResources").map((one) =>
    (stringAt(one, "resourceId") ?? "").toLowerCase(),
  );
  const link = `${scopePath(place)}/scopedresources/${workspace.split("/").at(-1)}-connection`;
  assert.ok(scoped.includes(link.toLowerCase()), scoped.join());
  await flowsByOds(platform.ready, {
    vnet: vnetPath(place),
    cluster: clusterPath(place),
    region: place.location,
    customerId: stringAt(properties, "customerId") ?? "",
  });
}

test("enable-addons of 2.61 and of today, with an existing workspace, on existing private clusters", async () => {
  for (const [generation, prefix] of [
    ["B", "10.41"],
    ["C", "10.42"],
  ] as const) {
    const place = placeOf(`exist-${generation}`, "eastus", prefix);
    await buildLink(place);
    await createCluster(place);
    const workspace = await createWorkspace(place, "law-exist", closed);
    assert.equal(await enableAddons(place, { generation, workspace }), workspace);
    await flows(place, workspace);
  }
});

test("enable-addons with the default workspace, made by the region table and then found", async () => {
  const first = placeOf("default-c", "westindia", "10.43");
  await buildLink(first);
  await createCluster(first);
  const workspace = await enableAddons(first, { generation: "C" });
  assert.match(workspace, /\/DefaultResourceGroup-CID\/.*\/DefaultWorkspace-[\da-f-]{36}-CID$/);
  assert.equal(stringAt(await access.arm.get(workspace, "2023-09-01"), "location"), "centralindia");
  const shown = await closeWorkspace(first, workspace, closed);
  assert.equal(stringAt(shown, "properties", "publicNetworkAccessForIngestion"), "Disabled");
  await flows(first, workspace);
  const found = placeOf("default-b", "westindia", "10.44");
  await buildLink(found);
  await createCluster(found);
  const asked = found.az.sent.length;
  assert.equal(await enableAddons(found, { generation: "B" }), workspace);
  assert.ok(
    found.az.sent
      .slice(asked)
      .some((line) => /^HEAD .*resourcegroups\/DefaultResourceGroup-CID$/.test(line)),
  );
  assert.ok(!found.az.sent.slice(asked).some((line) => /^PUT .*DefaultResourceGroup/.test(line)));
  await flows(found, workspace);
});

test("az aks create with monitoring on a private link makes the cluster between its rule and its associations", async () => {
  const place = placeOf("create-c", "eastus", "10.45");
  await buildLink(place);
  const workspace = await createWorkspace(place, "law-create");
  await closeWorkspace(place, workspace, closed);
  await createMonitored(place, { generation: "C", workspace });
  const order = place.az.sent
    .filter((line) => line.startsWith("PUT "))
    .map((line) => line.split("/").at(-1) ?? "");
  const at = (name: string): number => order.indexOf(name);
  assert.ok(at("MSCI-eastus-aks-create-c") < at("aks-create-c"));
  assert.ok(at("aks-create-c") < at("configurationAccessEndpoint"));
  await flows(place, workspace);
});

test("legacy: the workspace closed, the scope open until its endpoint stands, and then the add-on without a managed identity", async () => {
  const place = placeOf("legacy", "eastus", "10.46");
  await createNetwork(place);
  await createCluster(place);
  const workspace = await createWorkspace(place, "law-legacy", closed);
  await createScope(place, { queryAccessMode: "Open", ingestionAccessMode: "Open" });
  await linkResource(place, workspace);
  await createEndpoint(place);
  await createScope(place, privateIngestion);
  await enableLegacy(place, workspace);
  const cluster = await access.arm.get(clusterPath(place), "2024-02-01");
  const config = at(cluster?.["properties"], "addonProfiles", "omsagent", "config") as Json;
  assert.equal(stringAt(config, "useAADAuth"), "False");
  const keys = await place.az.sdk("POST", `${workspace}/sharedKeys`, "2020-08-01");
  const properties = (await access.arm.get(workspace, "2023-09-01"))?.["properties"];
  await flowsByCertificate(platform.ready, {
    vnet: vnetPath(place),
    cluster: clusterPath(place),
    customerId: stringAt(properties, "customerId") ?? "",
    sharedKey: stringAt(keys, "primarySharedKey") ?? "",
  });
});

test("prove holds for every cluster: ingestion is private, and queries are as open as az leaves them", async () => {
  const { code, out, note } = await platform.linkscope([
    "prove",
    "--expect",
    "logs-query=public,logs-query-arm=public",
    "-o",
    "json",
  ]);
  assert.equal(code, 0, `${out}${note}`);
});

test("disable-addons leaves rule, endpoint and links where they are, and enable-addons finds them", async () => {
  const place = placeOf("exist-C", "eastus", "10.42");
  const off = await disableAddons(place);
  assert.deepEqual(at(off, "properties", "addonProfiles"), { omsagent: { enabled: false } });
  const group = `${place.az.subscription}/resourceGroups/${place.group}/providers`;
  const workspace = `${group}/Microsoft.OperationalInsights/workspaces/law-exist`;
  const before = place.az.sent.length;
  await enableAddons(place, { generation: "C", workspace });
  const linked = place.az.sent.slice(before).filter((line) => /^PUT .*scopedresources/.test(line));
  assert.deepEqual(linked, []);
  await flows(place, workspace);
});

test("a rule's transformation is read when the rule is written: what is wrong or not emulated is refused then, by name", async () => {
  const place = placeOf("exist-C", "eastus", "");
  const group = `${place.az.subscription}/resourceGroups/${place.group}/providers`;
  const workspace = `${group}/Microsoft.OperationalInsights/workspaces/law-exist`;
  const rule = (transformKql: string) => ({
    location: "eastus",
    properties: {
      destinations: { logAnalytics: [{ workspaceResourceId: workspace, name: "la" }] },
      dataFlows: [{ streams: ["Microsoft-ContainerLogV2"], destinations: ["la"], transformKql }],
    },
  });
  const put = async (kql: string): Promise<string> => {
    const path = `${group}/Microsoft.Insights/dataCollectionRules/transformed`;
    const answer = await askArm(platform.ready, {
      method: "PUT",
      path: `${path}?api-version=2022-06-01`,
      token: await access.token(audiences.arm),
      body: rule(kql),
    });
    const error = at(JSON.parse(answer.body) as Json, "error") ?? null;
    const codes = listAt(error, "details").map((detail) => stringAt(detail, "code"));
    return [answer.status, stringAt(error, "code"), ...codes].join(" ").trim();
  };
  assert.equal(
    await put("source | where LogLevel != 'DEBUG' | extend Computer = toupper(Computer)"),
    "201",
  );
  assert.match(
    await put("source | where Nope == 1"),
    /^400 InvalidPayload .*InvalidTransformQuery/,
  );
  assert.match(
    await put("source | join kind=inner (source) on Computer"),
    /^400 InvalidPayload .*(FeatureNotEmulated|InvalidTransformQuery)/,
  );
  assert.match(await put("source | project Computer"), /^400 InvalidPayload .*InvalidTransform/);
  assert.match(
    await put("source | extend Computer = 1"),
    /^400 InvalidPayload .*InvalidTransformOutput/,
  );
});
