/** The article's half of Container insights with managed identity, one test a variant: enabled, spoken, refused outside, asked back, proven. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { at, listAt, stringAt } from "../../src/arm/index.ts";
import type { Json, JsonObject } from "../../src/arm/index.ts";
import { armOf } from "../support/arm.ts";
import type { TestArm } from "../support/arm.ts";
import { removeFolder, startPlatform } from "../support/command.ts";
import type { CommandResult, TestPlatform } from "../support/command.ts";
import { runHere } from "../support/in-process.ts";
import {
  converse,
  enableWhile,
  registered,
  startLogsAgent,
  startMetricsAgent,
} from "../support/logs-agent.ts";
import type { Registered, RunningAgent } from "../support/logs-agent.ts";
import { logsEstate } from "../support/logs-estate.ts";
import type { LogsEstate } from "../support/logs-estate.ts";
import { wireAt } from "../support/wire.ts";

let platform: TestPlatform;
let access: TestArm;

before(async () => {
  platform = await startPlatform();
  access = armOf(platform.ready);
});
after(async () => {
  access.close();
  await platform.stop();
  removeFolder(platform.data);
});

const linkscope = (words: readonly string[]): Promise<CommandResult> =>
  runHere(platform.data, words);
const nameOf = (id: string): string => id.split("/").at(-1) ?? "";
const odsPath = "/OperationalData.svc/PostJsonDataItems?api-version=2016-04-01";

/** Enables logs of a cluster with both close flags, its agent beside, and proves it. */
async function enabled(
  estate: LogsEstate,
  more: readonly string[],
  afterwards: (words: readonly string[]) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const cluster = nameOf(estate.cluster);
  const words = ["logs", "--cluster", cluster, "--scope", nameOf(estate.scope), ...more];
  const closing = [...words, "--close-shared", "--close-query", "--wait", "60s"];
  let agent: RunningAgent | undefined;
  try {
    const done = await enableWhile(platform, closing, () => {
      agent = startLogsAgent(platform, { cluster, line: `a line of ${cluster}` });
    });
    assert.equal(done.code, 0, done.note);
    await proven(cluster);
    await afterwards(closing);
  } finally {
    await agent?.stop();
  }
}

/** Every path holds: private, and queries by ARM closed. */
async function proven(cluster: string, ids: readonly string[] = logsPaths): Promise<void> {
  const proof = await linkscope(["prove", "--cluster", cluster, "-o", "json"]);
  assert.equal(proof.code, 0, proof.out);
  const paths = listAt(JSON.parse(proof.out) as Json, "paths");
  for (const path of paths) {
    const expected = stringAt(path, "id") === "logs-query-arm" ? "closed" : "private";
    assert.equal(stringAt(path, "verdict"), expected, stringAt(path, "id"));
  }
  assert.deepEqual(
    paths.map((path) => stringAt(path, "id")),
    ids,
  );
}

const logsPaths = ["configuration", "logs-ingestion", "logs-query", "logs-query-arm"];

/** The conversation of the agent, one record inside, the same refused outside, and the record asked back. */
async function spoken(estate: LogsEstate, workspace: JsonObject): Promise<void> {
  const { vnet, cluster, region } = estate;
  const customerId = stringAt(workspace, "properties", "customerId") ?? "";
  const ods = `${customerId}.ods.opinsights.azure.com`;
  const agent = await converse(platform.ready, { vnet, cluster, region });
  const outside = await wireAt(platform.ready, { kind: "public" });
  try {
    assert.equal(agent.channel.channelId, `ods-${customerId}`);
    const item = {
      TimeGenerated: new Date().toISOString(),
      Computer: "node-2",
      PodNamespace: "shop",
      LogMessage: `said in ${nameOf(cluster)}`,
    };
    const taken = await agent.send("CONTAINERINSIGHTS_CONTAINERLOGV2", [item]);
    assert.equal(taken.kind, "taken", taken.response.body.toString());
    const body = {
      DataType: "CONTAINERINSIGHTS_CONTAINERLOGV2",
      IPName: "ContainerInsights",
      DataItems: [{ ...item, LogMessage: "said outside" }],
    };
    const refused = await outside.ask(ods, {
      method: "POST",
      path: odsPath,
      token: agent.token,
      body,
    });
    assert.deepEqual([refused.status, refused.body], [403, ""]);
  } finally {
    await outside.close();
    await agent.close();
  }
  const kql = "ContainerLogV2 | where Computer == 'node-2' | project LogMessage, _ResourceId";
  const asking = ["query", "logs", kql, "--workspace", stringAt(workspace, "id") ?? ""];
  const answer = await linkscope([...asking, "-o", "json"]);
  assert.equal(answer.code, 0, answer.note);
  assert.match(answer.out, new RegExp(`said in ${nameOf(cluster)}`));
  assert.ok(answer.out.includes(cluster.toLowerCase()));
  assert.doesNotMatch(answer.out, /said outside/);
}

const addonOf = async ({ cluster }: LogsEstate): Promise<Json | undefined> =>
  at(await access.arm.get(cluster, "2023-01-01"), "properties", "addonProfiles", "omsagent");

describe("Container insights (Log Analytics workspace)", { concurrency: true }, () => {
  test("Existing AKS cluster with default Log Analytics workspace: made in the default group of the region", async () => {
    const place = { name: "default", region: "northeurope", prefix: "10.61" };
    const estate = await logsEstate(access, place);
    await estate.makeCluster();
    await enabled(estate, []);
    const name = `DefaultWorkspace-${access.subscription.split("/").at(-1)}-NEU`;
    const id = `${access.subscription}/resourceGroups/DefaultResourceGroup-NEU/providers/Microsoft.OperationalInsights/workspaces/${name}`;
    const workspace = await access.arm.get(id, "2023-09-01");
    assert.equal(stringAt(workspace, "location"), "northeurope");
    await spoken(estate, workspace ?? {});
    assert.equal(stringAt(await addonOf(estate), "config", "logAnalyticsWorkspaceResourceID"), id);
  });

  test("Existing AKS cluster with existing Log Analytics workspace: linked, closed both ways, and asked through the link", async () => {
    const estate = await logsEstate(access, {
      name: "standing",
      region: "eastus",
      prefix: "10.62",
    });
    const workspace = await estate.makeWorkspace();
    await estate.makeCluster();
    await enabled(estate, ["--workspace", nameOf(estate.law)], async (words) => {
      const again = await linkscope(["enable", ...words]);
      assert.equal(again.code, 0, again.note);
      assert.match(again.note, /Nothing to change/);
    });
    await spoken(estate, workspace);
    const publicly = ["query", "logs", "Heartbeat", "--workspace", nameOf(estate.law), "--public"];
    assert.equal((await linkscope(publicly)).code, 1, "refused from outside");
    const shown = await linkscope(["show", "--workspace", nameOf(estate.law)]);
    assert.match(shown.out, /public query +Disabled\nscopes +ampls-standing\n/);
    assert.match(shown.out, /MSCI-eastus-aks-standing +none +Microsoft-ContainerInsights-Group/);
    assert.equal(stringAt(await addonOf(estate), "config", "useAADAuth"), "true");
    const links = await access.arm.list(`${estate.scope}/scopedResources`, "2021-07-01-preview");
    assert.deepEqual(
      links.map((link) => stringAt(link, "name")),
      ["MSCI-config-eastus-aks-standing-connection", "law-standing-connection"],
    );
  });

  test("New AKS cluster: made private, with its logs on the private link, in one go", async () => {
    const estate = await logsEstate(access, { name: "new", region: "westus2", prefix: "10.63" });
    const workspace = await estate.makeWorkspace();
    const making = ["--create-cluster", "--node-subnet", "vnet-new/nodes"];
    await enabled(estate, ["--workspace", nameOf(estate.law), ...making]);
    await spoken(estate, workspace);
    const cluster = await access.arm.get(estate.cluster, "2023-01-01");
    const isPrivate = at(cluster, "properties", "apiServerAccessProfile", "enablePrivateCluster");
    assert.equal(isPrivate, true);
  });
  test("Cluster using legacy authentication: closed first, connected, scope private, then enabled by the workspace's key", async () => {
    const place = { name: "legacy", region: "westeurope", prefix: "10.64" };
    const estate = await logsEstate(access, place);
    const workspace = await estate.makeWorkspace();
    await estate.makeCluster();
    const { law, cluster, vnet } = estate;
    const keys = await access.arm.post(`${law}/sharedKeys`, { apiVersion: "2020-08-01" });
    const sharedKey = stringAt(keys, "primarySharedKey") ?? "";
    const customerId = stringAt(workspace, "properties", "customerId") ?? "";
    let agent: Promise<Registered> | undefined;
    const line = (LogEntry: string) => ({ LogEntry, Computer: "node-1", LogEntrySource: "stdout" });
    const words = [
      "logs",
      "--cluster",
      "aks-legacy",
      "--workspace",
      "law-legacy",
      "--auth",
      "legacy",
    ];
    const closing = ["--scope", "ampls-legacy", "--close-shared", "--close-query", "--wait", "60s"];
    const enabling = enableWhile(platform, [...words, ...closing], () => {
      agent = registered(platform.ready, { vnet, cluster, customerId, sharedKey }).then(
        async (one) => {
          assert.equal((await one.post("inside", [line("said inside")])).status, 200);
          return one;
        },
      );
    });
    const { code, note } = await enabling;
    const one = await agent;
    try {
      assert.equal(code, 0, note);
      const order = [
        "~ Close the workspace law-legacy to public ingestion.",
        "+ Make the private endpoint",
        "~ Set the scope's modes: ingestion PrivateOnly",
        "~ Enable Container insights on aks-legacy, into law-legacy, by the workspace's key.",
        "~ Close the workspace law-legacy to public queries.",
      ].map((says) => note.indexOf(says));
      assert.deepEqual(
        order.toSorted((a, b) => a - b),
        order,
        note,
      );
      assert.ok(!order.includes(-1), note);
      const refused = await one?.post("outside", [line("said outside")]);
      assert.deepEqual([refused?.status, refused?.body.toString()], [403, ""]);
    } finally {
      await one?.close();
    }
    const kql = "ContainerLog | project LogEntry";
    const asked = await linkscope([
      "query",
      "logs",
      kql,
      "--workspace",
      "law-legacy",
      "-o",
      "json",
    ]);
    assert.match(asked.out, /said inside/);
    assert.doesNotMatch(asked.out, /said outside/);
    await proven("aks-legacy", logsPaths.slice(1));
    const [endpoint] = await access.arm.list(
      `${estate.group}/providers/Microsoft.Network/privateEndpoints`,
      "2023-05-01",
    );
    const region = stringAt(await access.arm.get(cluster, "2023-01-01"), "location");
    assert.equal(stringAt(endpoint, "location"), region, "the endpoint is in the cluster's region");
  });
});

test("Managed Prometheus of a cluster that has Container insights already: both share one endpoint for configuration, and both hold", async () => {
  const group = `${access.subscription}/resourceGroups/standing`;
  const metrics = `${group}/providers/Microsoft.Monitor/accounts/amw-standing`;
  await access.arm.put(metrics, { apiVersion: "2023-04-03", body: { location: "eastus" } });
  const words = ["metrics", "--cluster", "aks-standing", "--workspace", "amw-standing"];
  const closing = ["--scope", "ampls-standing", "--close-shared", "--close-query", "--wait", "60s"];
  let agent: RunningAgent | undefined;
  try {
    const done = await enableWhile(platform, [...words, ...closing], () => {
      agent = startMetricsAgent(platform, "aks-standing");
    });
    assert.equal(done.code, 0, done.note);
    await proven("aks-standing", [
      "configuration",
      "metrics-ingestion",
      "metrics-query",
      "logs-ingestion",
      "logs-query",
      "logs-query-arm",
    ]);
  } finally {
    await agent?.stop();
  }
  const cluster = `${group}/providers/Microsoft.ContainerService/managedClusters/aks-standing`;
  const associations = `${cluster}/providers/Microsoft.Insights/dataCollectionRuleAssociations`;
  const kept = await access.arm.get(`${associations}/configurationAccessEndpoint`, "2022-06-01");
  const dceId = stringAt(kept, "properties", "dataCollectionEndpointId") ?? "";
  assert.equal(nameOf(dceId), "MSCI-config-eastus-aks-standing", "that of the logs is kept");
});
