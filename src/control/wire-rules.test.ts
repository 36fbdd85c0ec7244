/** The wire rules that every ARM client relies on, 1 to 11, by their numbers, against the platform's own resource types. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request as httpsRequest } from "node:https";
import { connect } from "node:tls";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { stringAt } from "../arm/index.ts";
import type { JsonObject } from "../arm/index.ts";
import { systemClock, systemRandom } from "../core/index.ts";
import { requestListener } from "../http/index.ts";
import { openAuthority } from "../tls/index.ts";
import {
  clusterId as cluster,
  platformControl as platform,
  withCluster,
} from "./testing/sample-estate.ts";
import { group, subscription } from "./testing/sample-types.ts";
import type { SampleControl } from "./testing/sample-types.ts";

const insights = `${group}/providers/Microsoft.Insights`;
const scope = `${insights}/privateLinkScopes/ampls1`;
const endpoint = `${insights}/dataCollectionEndpoints/dce1`;
const rule = `${insights}/dataCollectionRules/dcr1`;
const vnet = `${group}/providers/Microsoft.Network/virtualNetworks/vnet1`;
const privateEndpoint = `${group}/providers/Microsoft.Network/privateEndpoints/pe1`;
const [ampls, dce, aks] = ["2021-07-01-preview", "2022-06-01", "2023-01-01"];

const scopeBody = {
  location: "Global",
  properties: {
    accessModeSettings: { queryAccessMode: "Open", ingestionAccessMode: "PrivateOnly" },
  },
};

/** The control plane behind TLS on 127.0.0.1; answers the port and the authority's certificate. */
async function onTls(
  t: TestContext,
  { control }: SampleControl,
): Promise<{ port: number; ca: string }> {
  const folder = mkdtempSync(join(tmpdir(), "linkscope-wire-"));
  const authority = await openAuthority({ folder, clock: systemClock(), random: systemRandom() });
  const context = await authority.secureContextFor("localhost");
  const server = createServer(
    { SNICallback: (_, done) => done(null, context) },
    requestListener(control.handler, ({ status }) => ({ status })),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });
  return { port: (server.address() as AddressInfo).port, ca: authority.caPem };
}

test("rule 1: a client that trusts the authority reads over HTTPS, and every address in an answer is https", async (t) => {
  const sample = await platform();
  const { port, ca } = await onTls(t, sample);
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const options = {
      port,
      host: "127.0.0.1",
      servername: "localhost",
      ca,
      path: "/subscriptions?api-version=2022-12-01",
      headers: { host: `localhost:${port}`, authorization: "Bearer x" },
    };
    httpsRequest(options, (response) => resolve(response.resume().statusCode))
      .on("error", reject)
      .end();
  });
  assert.equal(status, 200);
  const metadata = await sample.ask("GET", "/metadata/endpoints?api-version=2015-01-01");
  for (const address of JSON.stringify(metadata.body).match(/[a-z]+:\/\//g) ?? [])
    assert.equal(address, "https://");
});

test("rule 2: `GET //subscriptions/…` on the request line is `/subscriptions/…`", async (t) => {
  const { port, ca } = await onTls(t, await platform());
  const line = `GET //${group.slice(1)}?api-version=2021-04-01 HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`;
  const answer = await new Promise<string>((resolve, reject) => {
    let text = "";
    const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca }, () =>
      socket.write(line),
    );
    socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    socket.on("end", () => resolve(text)).on("error", reject);
  });
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.ok(answer.includes(`"id":"${group}"`));
});

test("rule 3: slashes that are doubled within the path are one", async () => {
  const { ask } = await platform();
  const path = scope.replace("Insights/", "Insights//");
  const put = await ask("PUT", path, { version: ampls, body: scopeBody });
  assert.equal(put.status, 201, put.message);
  assert.equal(put.body["id"], scope);
  assert.equal((await ask("GET", path, { version: ampls })).status, 200);
});

test("rule 4: paths and ids are compared without case and echoed in one spelling", async () => {
  const { ask } = await platform();
  await ask("PUT", scope, { version: ampls, body: scopeBody });
  const odd = scope.toLowerCase().replace("resourcegroups", "RESOURCEGROUPS");
  assert.equal((await ask("GET", odd, { version: ampls })).body["id"], scope);
  const again = await ask("PUT", odd, { version: ampls, body: scopeBody });
  assert.deepEqual([again.status, again.body["id"], again.body["name"]], [200, scope, "ampls1"]);
  await ask("PUT", endpoint, { version: dce, body: { location: "eastus" } });
  const body = { properties: { linkedResourceId: endpoint.toLowerCase() } };
  const child = await ask("PUT", `${scope.toUpperCase()}/SCOPEDRESOURCES/Conn`, {
    version: ampls,
    body,
  });
  assert.equal(child.body["id"], `${scope}/scopedResources/Conn`, child.message);
});

test("rule 5: each type takes its own api-versions, those of every client, and names them when it refuses", async () => {
  const { ask } = await platform();
  const taken: readonly (readonly [string, readonly string[]])[] = [
    [group, ["2021-04-01", "2024-11-01", "2025-04-01"]],
    [scope, ["2019-10-17-preview", "2021-07-01-preview", "2021-09-01", "2023-06-01-preview"]],
    [
      `${scope}/scopedResources/x`,
      ["2019-10-17-preview", "2021-07-01-preview", "2023-06-01-preview"],
    ],
    [endpoint, ["2022-06-01", "2023-03-11", "2024-03-11"]],
    [rule, ["2021-04-01", "2021-09-01-preview", "2022-06-01", "2023-03-11", "2024-03-11"]],
    [
      `${cluster}/providers/Microsoft.Insights/dataCollectionRuleAssociations/x`,
      ["2021-04-01", "2022-06-01", "2023-03-11", "2024-03-11"],
    ],
    [`${group}/providers/Microsoft.Monitor/accounts/x`, ["2023-04-03"]],
    [cluster, ["2019-04-01", "2022-11-01", "2023-01-01", "2025-10-01", "2026-04-01"]],
    [vnet, ["2022-01-01", "2023-05-01", "2025-05-01"]],
    [privateEndpoint, ["2022-01-01", "2023-05-01", "2025-05-01"]],
    [`${privateEndpoint}/privateDnsZoneGroups/default`, ["2022-01-01", "2023-05-01", "2025-05-01"]],
    [`${group}/providers/Microsoft.Network/privateDnsZones/z.net`, ["2020-06-01"]],
    [
      `${group}/providers/Microsoft.Network/privateDnsZones/z.net/virtualNetworkLinks/l`,
      ["2020-06-01", "2024-06-01"],
    ],
    [
      `${group}/providers/Microsoft.Authorization/roleAssignments/x`,
      ["2020-04-01-preview", "2022-04-01"],
    ],
  ];
  for (const [path, versions] of taken) {
    for (const version of versions) {
      const answer = await ask("GET", path, { version });
      assert.ok(
        answer.status === 200 || answer.status === 404,
        `${path} ${version}: ${answer.message}`,
      );
      assert.notEqual(answer.code, "InvalidResourceType");
    }
    const refused = await ask("GET", path, { version: "2011-01-01" });
    assert.equal(refused.status, 400, path);
    assert.ok(
      versions.every((version) => refused.message.includes(version)),
      path,
    );
  }
});

test("rule 6: what is missing is named by the code that clients compare", async () => {
  const { ask } = await platform();
  const missing = await ask("GET", rule, { version: "2022-06-01" });
  assert.deepEqual([missing.status, missing.code], [404, "ResourceNotFound"]);
  const elsewhere = rule.replace("rg1", "rg2");
  assert.equal(
    (await ask("GET", elsewhere, { version: "2022-06-01" })).code,
    "ResourceGroupNotFound",
  );
  assert.equal(
    (await ask("GET", `${subscription}/resourcegroups/rg2`, { version: "2021-04-01" })).code,
    "ResourceGroupNotFound",
  );
});

test("rule 7: HEAD of a resource group is 204 or 404, without a body", async () => {
  const { ask } = await platform();
  const there = await ask("HEAD", group.toLowerCase(), { version: "2021-04-01" });
  const absent = await ask("HEAD", `${group}x`, { version: "2021-04-01" });
  assert.deepEqual([there.status, there.body, absent.status, absent.body], [204, {}, 404, {}]);
});

test("rule 8: every refusal has one envelope: code and message, and each problem in details", async () => {
  const { ask } = await platform();
  const answer = await ask("PUT", scope, {
    version: ampls,
    body: { location: "eastus", properties: { x: 1 } },
  });
  assert.deepEqual(Object.keys(answer.body), ["error"]);
  assert.deepEqual(Object.keys(answer.body["error"] as JsonObject), [
    "code",
    "message",
    "target",
    "details",
  ]);
  assert.match(String(answer.headers["content-type"]), /^application\/json/);
});

test("rule 9: a synchronous PUT is complete at once; an operation is followed to Succeeded, and then the resource is read", async () => {
  const { ask, clock } = await platform();
  const put = await ask("PUT", scope, { version: ampls, body: scopeBody });
  assert.equal(stringAt(put.body, "properties", "provisioningState"), "Succeeded");
  assert.equal(put.headers["azure-asyncoperation"], undefined);
  await ask("PUT", endpoint, { version: dce, body: { location: "eastus" } });
  const body = { properties: { linkedResourceId: endpoint } };
  const linked = await ask("PUT", `${scope}/scopedResources/c`, { version: ampls, body });
  assert.equal(linked.status, 201);
  const { pathname, search } = new URL(String(linked.headers["azure-asyncoperation"]));
  assert.equal((await ask("GET", pathname + search)).body["status"], "InProgress");
  clock.advance(1_000);
  assert.equal((await ask("GET", pathname + search)).body["status"], "Succeeded");
  const read = await ask("GET", `${scope}/scopedResources/c`, { version: ampls });
  assert.equal(stringAt(read.body, "properties", "provisioningState"), "Succeeded");
});

test("rule 10: Retry-After is one second, never 0", async () => {
  const { ask } = await withCluster();
  const put = await ask("PUT", cluster, { version: aks, body: { location: "eastus" } });
  assert.equal(put.headers["retry-after"], "1");
});

test("rule 11: what was put can be referred to at once, before its operation has ended", async () => {
  const { ask } = await platform();
  await ask("PUT", endpoint, { version: dce, body: { location: "eastus" } });
  const body = {
    location: "eastus",
    properties: {
      agentPoolProfiles: [{ name: "pool1" }],
      servicePrincipalProfile: { clientId: "msi" },
    },
  };
  assert.equal((await ask("PUT", cluster, { version: aks, body })).status, 201);
  assert.equal((await ask("GET", cluster, { version: aks })).status, 200);
  const association = `${cluster}/providers/Microsoft.Insights/dataCollectionRuleAssociations/configurationAccessEndpoint`;
  const linked = await ask("PUT", association, {
    version: "2022-06-01",
    body: { properties: { dataCollectionEndpointId: endpoint } },
  });
  assert.ok(linked.status < 300, linked.message);
});
