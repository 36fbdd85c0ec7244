/** Snapshots taken from the in-process platform, as it is and with Azure's documented faults in front of it. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { idKey, parseId, stringAt } from "../../src/arm/index.ts";
import type { ArmResource, JsonObject } from "../../src/arm/index.ts";
import { CodedError, limits } from "../../src/core/index.ts";
import { resourceTypes } from "../../src/providers/index.ts";
import { checks, factsOf, runChecks, shownIn } from "../../src/doctor/index.ts";
import {
  coverageOf,
  graphOf,
  keptTypes,
  readSnapshot,
  redacted,
  snapshotText,
} from "../../src/snapshot/index.ts";
import type { ArmSend, Snapshot } from "../../src/snapshot/index.ts";
import { keptType } from "../../src/snapshot/kept-types.ts";
import { resourceGraphQueries } from "../../src/snapshot/resource-graph.ts";
import { actionOf, roleActions, roleDefinition } from "../../src/snapshot/role.ts";
import { takeSnapshot } from "../../src/snapshot/take-snapshot.ts";
import { group, applied, inTime, sceneOf, scopeId } from "../onboard/scene.ts";
import type { Scene } from "../onboard/scene.ts";
import { subscriptionId } from "../onboard/control-plane.ts";
import { faultyAzure } from "./faulty-azure.ts";
import type { Faults } from "./faulty-azure.ts";

const clusterId = `${group}/providers/Microsoft.ContainerService/managedClusters/aks-prod`;
const subscription = `/subscriptions/${subscriptionId}`;
let scene: Scene;
let plain: Snapshot;

before(async () => {
  scene = await sceneOf();
  await applied(scene);
  await scene.plane.arm.put(`${group}/providers/Microsoft.OperationalInsights/workspaces/law-one`, {
    apiVersion: "2022-10-01",
    body: { location: "westeurope", properties: {} },
  });
  plain = (await taken({})).snapshot;
});

/** A snapshot through faults, with what was asked and what was noted. */
async function taken(
  faults: Faults,
  source: Snapshot["source"] = "azure",
  way: ArmSend = scene.plane.send,
) {
  const azure = faultyAzure(way, faults);
  const notes: string[] = [];
  const snapshot = await inTime(
    scene.plane,
    takeSnapshot(
      { cloud: "AzureCloud", source, origin: "https://localhost:8443", send: azure.send },
      { clusters: [clusterId], clock: scene.plane.clock, note: (says) => void notes.push(says) },
    ),
  );
  return { snapshot, azure, notes };
}

const idsOf = ({ resources }: Snapshot): readonly string[] => resources.map(({ id }) => idKey(id));

/** What the doctor says of a snapshot: ids of checks, statuses and subjects. */
const saysOf = (snapshot: Snapshot): readonly string[] =>
  runChecks(checks, factsOf(snapshot, { nowMs: snapshot.takenAtMs })).results.map(
    ({ check, finding }) => `${check.id} ${finding.status}`,
  );

test("a snapshot holds the cluster and all that its telemetry leans on", () => {
  const counts = Map.groupBy(plain.resources, ({ type }) => type.split("/").slice(1).join("/"));
  for (const type of [
    "managedClusters",
    "dataCollectionRules",
    "dataCollectionRuleAssociations",
    "privateLinkScopes/scopedResources",
    "privateLinkScopes/privateEndpointConnections",
    "accounts",
    "virtualNetworks/subnets",
    "privateEndpoints/privateDnsZoneGroups",
    "networkInterfaces",
    "privateDnsZones/virtualNetworkLinks",
    "privateDnsZones/A",
    "workspaces",
  ]) {
    assert.ok((counts.get(type)?.length ?? 0) > 0, type);
  }
  assert.deepEqual(plain.clusters, [clusterId]);
});

test("the doctor says of a snapshot, written and read again, what it says of the platform's own graph", () => {
  const again = readSnapshot(snapshotText(plain), "aks.json");
  assert.deepEqual(again, plain);
  const said = saysOf(again);
  assert.ok(said.filter((one) => one.endsWith(" pass")).length > 20);
  assert.deepEqual(
    said.filter((one) => one.endsWith(" fail")),
    [],
  );
  const whole: Snapshot = { ...plain, resources: [...scene.plane.graph().all()] };
  assert.deepEqual(saysOf(whole), said);
});

test("every request has a path and an api-version that ARM serves for its type, and the role has their actions and no other", async () => {
  const { azure } = await taken({ resourceGraph: () => [] });
  const actions = new Set<string>();
  for (const { method, target } of azure.requests) {
    const url = new URL(target, "https://localhost");
    const action = actionOf(target);
    assert.ok(action !== undefined, target);
    actions.add(action);
    assert.match(url.searchParams.get("api-version") ?? "", /^\d{4}-\d{2}-\d{2}$/, target);
    assert.equal(method, url.pathname.includes("ResourceGraph") ? "POST" : "GET");
  }
  // 400, 405 and 415 would mean that the platform's declarations do not have the request.
  assert.deepEqual([...new Set(azure.statuses)].toSorted(), [200, 404]);
  const allowed = new Set(roleActions());
  for (const action of actions) assert.ok(allowed.has(action), action);
  // What this estate has none of is not asked for: Grafana's endpoints, resolvers, filters, identities.
  const unasked = [...allowed].filter((action) => !actions.has(action)).toSorted();
  assert.deepEqual(unasked, [
    "Microsoft.Dashboard/grafana/managedPrivateEndpoints/read",
    "Microsoft.ManagedIdentity/userAssignedIdentities/read",
    "Microsoft.Network/dnsForwardingRulesets/forwardingRules/read",
    "Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks/read",
    "Microsoft.Network/dnsResolvers/inboundEndpoints/read",
    "Microsoft.Network/dnsResolvers/outboundEndpoints/read",
    "Microsoft.Network/networkSecurityGroups/read",
    "Microsoft.Network/routeTables/read",
  ]);
  const role = JSON.parse(roleDefinition()) as JsonObject;
  assert.deepEqual(role["Actions"], roleActions());
  assert.ok(roleActions().every((action) => action.endsWith("/read")));
});

test("each type's api-version is one that its declaration has, and its source names", () => {
  const declared = new Map(resourceTypes.map((one) => [idKey(one.type), one]));
  const undeclared = keptTypes().filter(({ type, apiVersion }) => {
    const found = declared.get(idKey(type));
    if (found !== undefined)
      assert.ok(found.apiVersions.includes(apiVersion), `${type} ${apiVersion}`);
    return found === undefined;
  });
  // The platform keeps no aliases in private zones; Azure lists them as it lists addresses, in the same version.
  assert.deepEqual(
    undeclared.map(({ type }) => type),
    ["Microsoft.Network/privateDnsZones/CNAME"],
  );
});

test("the api-versions are those that first-party tools use", () => {
  const versionOf = (type: string): string | undefined => keptType(type)?.apiVersion;
  // azure-rest-api-specs, Azure/azure-cli and Microsoft's templates, by type.
  assert.equal(versionOf("Microsoft.Insights/privateLinkScopes"), "2021-09-01");
  assert.equal(versionOf("Microsoft.Insights/dataCollectionEndpoints"), "2022-06-01");
  assert.equal(versionOf("Microsoft.Monitor/accounts"), "2023-04-03");
  assert.equal(versionOf("Microsoft.Network/privateEndpoints"), "2023-05-01");
  assert.equal(versionOf("Microsoft.Network/privateDnsZones"), "2020-06-01");
  assert.equal(versionOf("Microsoft.Network/privateDnsZones/virtualNetworkLinks"), "2024-06-01");
  assert.equal(versionOf("Microsoft.Authorization/roleAssignments"), "2022-04-01");
});

test("throttling is waited for as long as ARM asks, and changes nothing", async () => {
  const { snapshot, azure, notes } = await taken({ throttle: { every: 5, retryAfter: "17" } });
  assert.ok(azure.statuses.filter((status) => status === 429).length > 5);
  assert.ok(
    notes.every((note) => note.includes("429") && note.includes("17 s")),
    notes[0],
  );
  assert.deepEqual(idsOf(snapshot), idsOf(plain));
});

test("a wait that is too long is not waited for: what was asked is unknown, with 429 as the reason", async () => {
  const tooLong = String(limits.snapshotWaitMsMax / 1000 + 1);
  const atLimit = String(limits.snapshotWaitMsMax / 1000);
  const refused = await taken({ throttle: { every: 7, retryAfter: tooLong } });
  const unread = refused.snapshot.record.unread.filter(({ status }) => status === 429);
  assert.ok(unread.length > 0);
  assert.equal(unread[0]?.code, "TooManyRequests");
  const waited = await taken({ throttle: { every: 7, retryAfter: atLimit } });
  assert.deepEqual(
    waited.snapshot.record.unread.filter(({ status }) => status === 429),
    [],
  );
});

test("failures of ARM's side are tried again, and noted when they last", async () => {
  for (const status of [500, 502, 503, 504]) {
    const { snapshot } = await taken({ fail: { every: 6, status } });
    assert.deepEqual(idsOf(snapshot), idsOf(plain), String(status));
  }
  const broken: ArmSend = (request) =>
    request.target.includes("/privateDnsZones?")
      ? Promise.resolve({ status: 500, headers: {}, body: Buffer.from("") })
      : scene.plane.send(request);
  const { snapshot, azure } = await taken({}, "azure", broken);
  const [unread] = snapshot.record.unread.filter(({ status }) => status === 500);
  assert.equal(unread?.code, "AnswerUnreadable");
  const tries = azure.requests.filter(({ target }) => target.includes("/privateDnsZones?"));
  assert.equal(tries.length, limits.snapshotTriesMax);
});

test("lists in pages are read to their end, and a page elsewhere is not followed", async () => {
  const { snapshot, azure } = await taken({ pageSize: 1 });
  assert.deepEqual(idsOf(snapshot), idsOf(plain));
  assert.ok(azure.requests.some(({ target }) => target.includes("pageskip")));
  const elsewhere: ArmSend = async (request) => {
    const given = await scene.plane.send(request);
    if (!request.target.includes("/scopedResources?")) return given;
    const body = { value: [], nextLink: "https://elsewhere.example/next" };
    return { ...given, body: Buffer.from(JSON.stringify(body)) };
  };
  const led = await taken({}, "azure", elsewhere);
  assert.ok(led.azure.requests.every(({ target }) => target.startsWith("/")));
  assert.equal(led.snapshot.record.unread.filter(({ code }) => code === "UrlRefused").length, 1);
});

test("a list without an end is noted once its pages are too many", async () => {
  const endless: ArmSend = async (request) => {
    if (!request.target.includes("/components?")) return scene.plane.send(request);
    const next = `https://localhost:8443${request.target.split("&x=")[0]}&x=${Math.random()}`;
    const body = { value: [], nextLink: next };
    return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(body)) };
  };
  const { snapshot, azure } = await taken({}, "azure", endless);
  assert.equal(snapshot.record.unread.filter(({ code }) => code === "TooManyPages").length, 1);
  const pages = azure.requests.filter(({ target }) => target.includes("/components?"));
  assert.equal(pages.length, limits.listPagesMax);
});

test("a list that lags behind hides nothing that is named by its id", async () => {
  const lagging = (id: string): boolean =>
    /configurationaccessendpoint$|\/scopedresources\//i.test(id);
  const { snapshot } = await taken({ lagging });
  assert.deepEqual(idsOf(snapshot), idsOf(plain));
});

test("a subscription that refuses is unknown with 403, and nothing of it is taken for absent", async () => {
  const other = "/subscriptions/99999999-9999-4999-8999-999999999999/resourceGroups/hub";
  const elsewhere = `${other}/providers/Microsoft.Insights/privateLinkScopes/ampls-hub`;
  const named: ArmSend = async (request) => {
    const given = await scene.plane.send(request);
    if (!request.target.includes("/dataCollectionEndpoints")) return given;
    const text = given.body.toString().replaceAll(scopeId, elsewhere);
    return { ...given, body: Buffer.from(text) };
  };
  const forbidden = (path: string): boolean => path.includes("99999999");
  const { snapshot } = await taken({ forbidden }, "azure", named);
  const coverage = coverageOf(snapshot.record);
  const refused = coverage.ofResource(elsewhere);
  assert.deepEqual([refused?.status, refused?.code], [403, "AuthorizationFailed"]);
  const links = coverage.ofList(elsewhere, "Microsoft.Insights/privateLinkScopes/scopedResources");
  assert.equal(links?.status, 403);
  // What was read to its end is known: a scope that is not there in this subscription is none.
  assert.equal(
    coverage.ofResource(`${group}/providers/Microsoft.Insights/privateLinkScopes/no`),
    undefined,
  );
  assert.equal(coverage.ofList(subscription, "Microsoft.Network/privateDnsZones"), undefined);
  // What nobody asked for is not known either.
  assert.equal(
    coverage.ofResource(`${other}/providers/Microsoft.Network/routeTables/rt`)?.code,
    "NotRead",
  );
});

test("what only shares a subscription is kept and not followed, so that a large tenant is not read whole", async () => {
  const far = "/subscriptions/77777777-7777-4777-8777-777777777777/resourceGroups/far/providers";
  const beside: ArmSend = async (request) => {
    const given = await scene.plane.send(request);
    const listing = `${subscription}/providers/Microsoft.Insights/dataCollectionRules?`;
    if (!request.target.startsWith(listing)) return given;
    const body = JSON.parse(given.body.toString()) as { value: JsonObject[] };
    body.value.push({
      id: `${group}/providers/Microsoft.Insights/dataCollectionRules/others`,
      properties: {
        dataCollectionEndpointId: `${far}/Microsoft.Insights/dataCollectionEndpoints/far`,
        destinations: {
          monitoringAccounts: [{ accountResourceId: `${far}/Microsoft.Monitor/accounts/far` }],
        },
      },
    });
    return { ...given, body: Buffer.from(JSON.stringify(body)) };
  };
  const { snapshot, azure } = await taken({}, "azure", beside);
  assert.ok(idsOf(snapshot).some((id) => id.endsWith("/datacollectionrules/others")));
  assert.ok(azure.requests.every(({ target }) => !target.includes("77777777")));
});

test("Resource Graph adds what lists of known subscriptions lack, and refusing it is noted", async () => {
  const zone =
    "/subscriptions/88888888-8888-4888-8888-888888888888/resourceGroups/dns/providers/Microsoft.Network/privateDnsZones/privatelink.monitor.azure.com";
  const row: JsonObject = {
    id: zone,
    name: "privatelink.monitor.azure.com",
    type: "microsoft.network/privatednszones",
    properties: { numberOfRecordSets: 1, secret: "x" },
  };
  const rows = [row, { ...row, id: `${zone}x` }, { ...row, id: `${zone}y` }];
  const { snapshot, azure } = await taken({
    resourceGraph: (query) => (query === resourceGraphQueries[0] ? rows : []),
  });
  const found = snapshot.resources.find(({ id }) => id === zone);
  assert.deepEqual(found?.properties, { numberOfRecordSets: 1 });
  assert.ok(idsOf(snapshot).includes(idKey(`${zone}y`)), "the second page");
  assert.equal(azure.requests.filter(({ method }) => method === "POST").length, 3);
  assert.equal(plain.record.unread.filter(({ path }) => path.includes("ResourceGraph")).length, 1);
});

test("the platform is not asked for Resource Graph, which it does not have", async () => {
  const { azure, snapshot } = await taken({}, "platform");
  assert.ok(azure.requests.every(({ method }) => method === "GET"));
  assert.deepEqual(snapshot.record.unread, []);
});

test("a credential that nothing takes ends the reading; a lost connection does after its tries", async () => {
  const unauthorized: ArmSend = () =>
    Promise.resolve({
      status: 401,
      headers: {},
      body: Buffer.from('{"error":{"code":"InvalidAuthenticationToken","message":"expired"}}'),
    });
  await assert.rejects(taken({}, "azure", unauthorized), { code: "InvalidAuthenticationToken" });
  const cut: ArmSend = () =>
    Promise.reject(new CodedError("ConnectionFailed", "cut", { status: 0 }));
  await assert.rejects(taken({}, "azure", cut), { code: "ConnectionFailed" });
});

test("a snapshot keeps the allowed fields and no other: no key, no secret, no tag", () => {
  const text = snapshotText(plain);
  for (const word of ["tags", "sharedKey", "clientSecret", "createdBy", "password"]) {
    assert.ok(!text.includes(`"${word}`), word);
  }
  const types = new Set(keptTypes().map(({ type }) => type));
  assert.ok(plain.resources.every(({ type }) => types.has(type)));
});

test("a redacted snapshot names nothing of its owner, and the doctor says the same of it", () => {
  for (const addresses of [false, true]) {
    const hidden = redacted(plain, { addresses });
    const text = snapshotText(hidden).toLowerCase();
    for (const word of [
      "aks-prod",
      "amw-metrics",
      "law-one",
      "vnet-aks",
      subscriptionId,
      'ampls"',
      "oid-1",
    ]) {
      assert.ok(
        !text.includes(word),
        `${word} in ${text.slice(text.indexOf(word) - 80, text.indexOf(word) + 40)}`,
      );
    }
    assert.equal(text.includes("10.42."), !addresses);
    assert.deepEqual(saysOf(hidden), saysOf(plain));
    assert.deepEqual(readSnapshot(snapshotText(hidden), "x"), hidden);
  }
});

test("redaction finds names with dots and parentheses, and leaves types whole where a name is a word of theirs", () => {
  const text = snapshotText(plain)
    .replaceAll("vnet-aks", "Network")
    .replaceAll("amw-metrics", "contoso.amw(eu)")
    .replaceAll("law-one", "Monitor")
    .replaceAll("aks-prod", "contoso.aks");
  const named = readSnapshot(text, "x");
  const hidden = redacted(named, { addresses: false });
  assert.ok(!/contoso/i.test(snapshotText(hidden)));
  assert.deepEqual(
    hidden.resources.map(({ id }) => parseId(id)?.type),
    named.resources.map(({ id }) => parseId(id)?.type),
  );
  assert.deepEqual(saysOf(hidden), saysOf(named));
});

test("a sovereign cloud's names are judged as the public cloud's, and shown as its own", () => {
  const own = (text: string): string =>
    text
      .replaceAll("monitor.azure.com", "monitor.azure.us")
      .replaceAll("opinsights.azure.com", "opinsights.azure.us")
      .replaceAll("azure-automation.net", "azure-automation.us")
      .replaceAll("blob.core.windows.net", "blob.core.usgovcloudapi.net");
  const body = JSON.parse(
    own(snapshotText({ ...plain, cloud: "AzureUSGovernment" })),
  ) as JsonObject;
  const government = readSnapshot(JSON.stringify(body), "gov.json");
  assert.deepEqual(saysOf(government), saysOf(plain));
  const zoneOf = (resources: Iterable<ArmResource>): readonly string[] =>
    [...resources].flatMap(({ name, type }) => (type.endsWith("/privateDnsZones") ? [name] : []));
  assert.ok(zoneOf(government.resources).includes("privatelink.monitor.azure.us"));
  assert.ok(zoneOf(graphOf(government).all()).includes("privatelink.monitor.azure.com"));
  const shown = shownIn("AzureUSGovernment");
  assert.equal(shown("privatelink.monitor.azure.com."), "privatelink.monitor.azure.us.");
  assert.equal(shown("x-monitor.azure.com"), "x-monitor.azure.com");
  assert.equal(stringAt(body, "cloud"), "AzureUSGovernment");
});
