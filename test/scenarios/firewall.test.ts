/** The article's two ways behind an Azure Firewall: open to two patterns, or closed with a private link; and a hub with spokes. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { listAt, stringAt } from "../../src/arm/index.ts";
import type { Json, JsonObject, ResourceId } from "../../src/arm/index.ts";
import { articleEstate, armOf } from "../support/arm.ts";
import type { TestArm } from "../support/arm.ts";
import { projectRoot, removeFolder, startPlatform } from "../support/command.ts";
import type { CommandResult, TestPlatform } from "../support/command.ts";

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

type Estate = Awaited<ReturnType<typeof articleEstate>>;
const version = "2023-05-01";

interface Hub {
  readonly vnet: ResourceId;
  readonly firewall: ResourceId;
  /** Puts the firewall with rule collections and settings, and nothing else. */
  readonly putFirewall: (properties: JsonObject) => Promise<JsonObject>;
}

/** A hub with a firewall without rules, peered with the cluster's network, whose nodes are routed to it. */
async function behindFirewall(estate: Estate, prefix: string): Promise<Hub> {
  const { put, id, vnet } = estate;
  const network = (type: string, name: string) => id(`Microsoft.Network/${type}`, name);
  const hub = network("virtualNetworks", `hub-${prefix.replace(".", "-")}`);
  await put(hub, version, {
    location: "eastus",
    properties: {
      addressSpace: { addressPrefixes: [`${prefix}.0.0/16`] },
      subnets: [
        { name: "AzureFirewallSubnet", properties: { addressPrefix: `${prefix}.0.0/26` } },
        { name: "endpoints", properties: { addressPrefix: `${prefix}.8.0/26` } },
      ],
    },
  });
  for (const [from, to] of [
    [hub, vnet],
    [vnet, hub],
  ] as const) {
    await put(`${from}/virtualNetworkPeerings/other`, version, {
      properties: { remoteVirtualNetwork: { id: to }, allowForwardedTraffic: true },
    });
  }
  const firewall = network("azureFirewalls", "fw");
  const putFirewall = (properties: JsonObject): Promise<JsonObject> =>
    put(firewall, version, {
      location: "eastus",
      properties: {
        ipConfigurations: [
          { name: "one", properties: { subnet: { id: `${hub}/subnets/AzureFirewallSubnet` } } },
        ],
        ...properties,
      },
    });
  const made = await putFirewall({});
  const address = stringAt(
    made,
    "properties",
    "ipConfigurations",
    0,
    "properties",
    "privateIPAddress",
  );
  const table = network("routeTables", "to-firewall");
  const route = {
    addressPrefix: "0.0.0.0/0",
    nextHopType: "VirtualAppliance",
    nextHopIpAddress: address ?? "",
  };
  await put(table, version, {
    location: "eastus",
    properties: { routes: [{ name: "all", properties: route }] },
  });
  const nodes = (await access.arm.get(`${vnet}/subnets/nodes`, version)) ?? {};
  await put(`${vnet}/subnets/nodes`, version, {
    properties: {
      addressPrefix: stringAt(nodes, "properties", "addressPrefix") ?? "",
      routeTable: { id: table },
    },
  });
  return { vnet: hub, firewall, putFirewall };
}

const hostAt = (resource: Json | undefined, ...path: readonly string[]): string =>
  new URL(stringAt(resource, "properties", ...path) ?? "").hostname;

const trace = async (
  from: string,
  to: string,
): Promise<{ readonly code: number | null; readonly outcome: string; readonly last: string }> => {
  const { code, out } = await platform.linkscope([
    "trace",
    "--from",
    from,
    "--to",
    to,
    "-o",
    "json",
  ]);
  const path = JSON.parse(out) as Json;
  const reasons = listAt(path, "hops").flatMap((hop) => listAt(hop, "reasons"));
  const last = stringAt(reasons.at(-1), "rule") ?? "";
  return { code, outcome: stringAt(path, "outcome") ?? "", last };
};

const exported = async (words: readonly string[]): Promise<JsonObject> =>
  JSON.parse(
    (await platform.linkscope(["export", "firewall", ...words, "-o", "arm"])).out,
  ) as JsonObject;

const fqdnsOf = (rules: JsonObject): readonly string[] =>
  listAt(rules, "applicationRuleCollections").flatMap((collection) =>
    listAt(collection, "properties", "rules").flatMap((rule) =>
      listAt(rule, "targetFqdns").map(String),
    ),
  );

/** Runs an agent for a cluster while `during` runs. */
async function withAgent(cluster: string, during: () => Promise<void>): Promise<void> {
  const words = ["agent", "--cluster", cluster, "--interval", "1s", "--data", platform.data];
  const agent = spawn(process.execPath, [`${projectRoot}/src/bin/linkscope.ts`, ...words], {
    stdio: "ignore",
  });
  try {
    await during();
  } finally {
    agent.kill("SIGTERM");
  }
}

/** Asks until samples are there; each question is a program of its own, which takes its time. */
async function queryUntilData(workspace: string): Promise<CommandResult> {
  const words = ["query", "metrics", "up", "--workspace", workspace, "--public", "-o", "json"];
  for (let question = 0; ; question++) {
    const answer = await platform.linkscope(words);
    if (answer.out.includes('"cluster"') || question === 60) return answer;
  }
}

/** Ties the cluster to the workspace's own rule and endpoint, as the article's steps 2 and 2a do, without a scope. */
async function associate({ put, cluster, workspaceBody }: Estate): Promise<Json | undefined> {
  const settings = (key: string): string =>
    stringAt(workspaceBody, "properties", "defaultIngestionSettings", key) ?? "";
  const dce = settings("dataCollectionEndpointResourceId");
  const associations = `${cluster}/providers/Microsoft.Insights/dataCollectionRuleAssociations`;
  await put(`${associations}/rule`, "2022-06-01", {
    properties: { dataCollectionRuleId: settings("dataCollectionRuleResourceId") },
  });
  await put(`${associations}/configurationAccessEndpoint`, "2022-06-01", {
    properties: { dataCollectionEndpointId: dce },
  });
  return access.arm.get(dce, "2022-06-01");
}

test("Open a path to the public ingestion endpoint: the two patterns let the agent through, and nothing else", async () => {
  const options = { name: "fwo", region: "eastus", workspaceRegion: "eastus", prefix: "10.31" };
  const estate = await articleEstate(access, options);
  const dce = await associate(estate);
  const metrics = hostAt(dce, "metricsIngestion", "endpoint");
  const query = hostAt(estate.workspaceBody, "metrics", "prometheusQueryEndpoint");
  assert.equal((await trace("vnet-fwo", metrics)).outcome, "public");
  const hub = await behindFirewall(estate, "10.131");
  assert.deepEqual(await trace("vnet-fwo", metrics), {
    code: 1,
    outcome: "stopped",
    last: "firewall.no-rule",
  });
  const rules = await exported(["--cluster", "aks-fwo", "--for", "metrics"]);
  assert.deepEqual(fqdnsOf(rules), [
    "*.handler.control.monitor.azure.com",
    "*.ingest.monitor.azure.com",
  ]);
  await hub.putFirewall(rules);
  assert.equal((await trace("vnet-fwo", metrics)).outcome, "public");
  await withAgent("aks-fwo", async () => {
    const answer = await queryUntilData("amw-fwo");
    assert.match(answer.out, /"cluster":"aks-fwo"/, answer.note);
  });
  assert.equal((await trace("vnet-fwo", query)).last, "firewall.no-rule");
  // Any answer of the host's own shows that the way is open; who asks without a token gets 401.
  const program =
    "const r = await fetch(process.argv[1]); process.stdout.write(`status ${r.status}`)";
  const asked = (host: string, ...way: readonly string[]): Promise<CommandResult> =>
    platform.linkscope([
      "exec",
      "--quiet",
      ...way,
      "--vnet",
      "vnet-fwo",
      "--",
      process.execPath,
      "--input-type=module",
      "-e",
      program,
      `https://${host}/`,
    ]);
  for (const way of [[], ["--gateway"]]) {
    const through = await asked(metrics, ...way);
    assert.match(through.out, /^status 4\d\d$/, through.note);
    const cut = await asked(query, ...way);
    assert.notEqual(cut.code, 0);
    assert.doesNotMatch(cut.out, /status/);
  }
});

test("access the Azure Monitor Private Link scope and DCE: egress closed, the agent needs no rule, and the path is private", async () => {
  const options = { name: "fwc", region: "eastus", workspaceRegion: "eastus", prefix: "10.32" };
  const estate = await articleEstate(access, options);
  const hub = await behindFirewall(estate, "10.132");
  const words = ["--cluster", "aks-fwc", "--workspace", "amw-fwc", "--scope", "ampls-fwc"];
  const closing = ["--close-shared", "--close-query", "--wait", "90s"];
  await withAgent("aks-fwc", async () => {
    const enabled = await platform.linkscope(["enable", "metrics", ...words, ...closing]);
    assert.equal(enabled.code, 0, enabled.note);
    // Exactly the rules that are left with a private link: no name, and the endpoints' own addresses.
    const rules = await exported(["--cluster", "aks-fwc", "--for", "metrics", "--private-link"]);
    assert.deepEqual(fqdnsOf(rules), []);
    const [collection] = listAt(rules, "networkRuleCollections");
    const addresses = listAt(collection, "properties", "rules", 0, "destinationAddresses");
    assert.ok(addresses.length > 8 && addresses.every((one) => String(one).startsWith("10.32.")));
    await hub.putFirewall(rules);
    const proof = await platform.linkscope(["prove", "--cluster", "aks-fwc", "-o", "json"]);
    assert.equal(proof.code, 0, proof.out);
    const verdicts = listAt(JSON.parse(proof.out) as Json, "paths").map((path) =>
      stringAt(path, "verdict"),
    );
    assert.deepEqual(verdicts, ["private", "private", "private"]);
  });
  assert.equal((await trace("vnet-fwc", "login.microsoftonline.com")).last, "firewall.no-rule");
  assert.deepEqual(await trace("vnet-fwc", "global.handler.control.monitor.azure.com"), {
    code: 0,
    outcome: "private",
    last: "access.open",
  });
});

test("a spoke's names resolve in the hub by the firewall's DNS proxy, and its traffic reaches the hub's endpoint", async () => {
  const options = { name: "hs", region: "eastus", workspaceRegion: "eastus", prefix: "10.33" };
  const estate = await articleEstate(access, options);
  const { put, id, workspace } = estate;
  const dce = await associate(estate);
  const metrics = hostAt(dce, "metricsIngestion", "endpoint");
  const hub = await behindFirewall(estate, "10.133");
  const scope = id("Microsoft.Insights/privateLinkScopes", "ampls-hs");
  await put(scope, "2021-09-01", {
    location: "global",
    properties: { accessModeSettings: { queryAccessMode: "Open", ingestionAccessMode: "Open" } },
  });
  await put(`${scope}/scopedResources/dce-connection`, "2021-09-01", {
    properties: { linkedResourceId: stringAt(dce, "id") ?? "" },
  });
  const endpoint = id("Microsoft.Network/privateEndpoints", "pe-hub");
  await put(endpoint, version, {
    location: "eastus",
    properties: {
      subnet: { id: `${hub.vnet}/subnets/endpoints` },
      privateLinkServiceConnections: [
        { name: "hub", properties: { privateLinkServiceId: scope, groupIds: ["azuremonitor"] } },
      ],
    },
  });
  const zone = id("Microsoft.Network/privateDnsZones", "privatelink.monitor.azure.com");
  await put(zone, "2020-06-01", { location: "global" });
  await put(`${zone}/virtualNetworkLinks/hub`, "2020-06-01", {
    location: "global",
    properties: { registrationEnabled: false, virtualNetwork: { id: hub.vnet } },
  });
  await put(`${endpoint}/privateDnsZoneGroups/default`, version, {
    properties: {
      privateDnsZoneConfigs: [{ name: "monitor", properties: { privateDnsZoneId: zone } }],
    },
  });
  assert.equal((await trace("vnet-hs", metrics)).last, "firewall.no-rule", "the name is public");
  await hub.putFirewall({ additionalProperties: { "Network.DNS.EnableProxy": "true" } });
  const spoke = (await access.arm.get(estate.vnet, version)) ?? {};
  const { provisioningState: _, ...properties } = spoke["properties"] as JsonObject;
  await put(estate.vnet, version, {
    location: "eastus",
    properties: { ...properties, dhcpOptions: { dnsServers: ["10.133.0.4"] } },
  });
  assert.equal((await trace("vnet-hs", metrics)).outcome, "private");
  const seen = await platform.linkscope(["trace", "--from", "vnet-hs/nodes", "--to", metrics]);
  assert.equal(seen.code, 0, seen.note);
  assert.match(seen.out, /dns\.proxy: 10\.133\.0\.4/);
  assert.match(seen.out, /✓ peering .*virtualNetworkPeerings\/other/);
  assert.match(seen.out, /A request arrives privately\.\n$/);
  await withAgent("aks-hs", async () => {
    const answer = await queryUntilData("amw-hs");
    assert.match(answer.out, /"cluster":"aks-hs"/, answer.note);
  });
  assert.ok(workspace.length > 0);
});

test("the rules are printed for each cloud, with a private link and without", async () => {
  const options = {
    name: "fwx",
    region: "westeurope",
    workspaceRegion: "westeurope",
    prefix: "10.34",
  };
  await articleEstate(access, options);
  const names = async (cloud: string): Promise<readonly string[]> => {
    const words = ["export", "firewall", "--cluster", "aks-fwx", "--cloud", cloud, "-o", "json"];
    const { out } = await platform.linkscope(words);
    return listAt(JSON.parse(out) as Json, "withoutPrivateLink").map(
      (entry) => stringAt(entry, "fqdn") ?? "",
    );
  };
  const [open, government, china] = await Promise.all(
    ["public", "usgovernment", "china"].map(names),
  );
  assert.ok(open?.includes("westeurope.handler.control.monitor.azure.com"));
  assert.ok(open?.includes("mcr.microsoft.com"));
  assert.ok(government?.includes("*.ods.opinsights.azure.us"));
  assert.ok(!government?.includes("*.monitoring.azure.com"));
  assert.ok(china?.includes("*.metrics.ingest.monitor.azure.cn"));
  const text = await platform.linkscope(["export", "firewall", "--cluster", "aks-fwx"]);
  assert.match(
    text.out,
    /without a private link:\n.*\n.*\*\.handler\.control\.monitor\.azure\.com/,
  );
  const wrong = await platform.linkscope([
    "export",
    "firewall",
    "--cluster",
    "aks-fwx",
    "--for",
    "traces",
  ]);
  assert.equal(wrong.code, 2);
  const nowhere = await platform.linkscope([
    "trace",
    "--from",
    "vnet-fwx/none",
    "--to",
    "a.example",
  ]);
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.note, /no subnet 'none'/);
});
