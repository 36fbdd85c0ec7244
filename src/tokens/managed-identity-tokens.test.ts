/** Managed identities as the instance metadata service gives them: all strings, and only those that are assigned. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { graphFrom, graphSource } from "../arm/index.ts";
import { managedIdentityTokens, verifyToken } from "./index.ts";
import { testKey, testRequest } from "./testing/signing.ts";

const group = "/subscriptions/s/resourceGroups/rg";
const clusterId = `${group}/providers/Microsoft.ContainerService/managedClusters/aks1`;
const kubeletId = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/aks1-agentpool`;
const bareId = `${group}/providers/Microsoft.ContainerService/managedClusters/bare`;
const identityOf = (name: string) => ({
  resourceId: `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
  clientId: `${name}-client`,
  objectId: `${name}-object`,
});
const graph = graphFrom([
  {
    id: clusterId,
    name: "aks1",
    type: "Microsoft.ContainerService/managedClusters",
    identity: { type: "SystemAssigned", principalId: "system-object" },
    properties: {
      identityProfile: { kubeletidentity: identityOf("aks1-agentpool") },
      addonProfiles: { omsagent: { identity: identityOf("omsagent") } },
    },
  },
  {
    id: bareId,
    name: "bare",
    type: "Microsoft.ContainerService/managedClusters",
    properties: {},
  },
  {
    id: kubeletId,
    name: "u",
    type: "Microsoft.ManagedIdentity/userAssignedIdentities",
    properties: { principalId: "aks1-agentpool-object", clientId: "aks1-agentpool-client" },
  },
]);
const { key, clock } = await testKey();
const tenantId = "t";
const handler = managedIdentityTokens({
  source: graphSource({ graph, jwks: key.jwks(), tenantId }),
  key,
  clock,
});
const resource = "https://monitor.azure.com/";
async function ask(body: unknown): Promise<{ status: number; body: Record<string, string> }> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await handler(testRequest({ method: "POST", path: "/token", body: text }));
  const parsed = JSON.parse(String(answer.body)) as Record<string, string>;
  return { status: answer.status, body: parsed };
}
function principalOf(token: string | undefined) {
  const verification = verifyToken(token ?? "", {
    jwks: key.jwks(),
    tenantId,
    audiences: [resource],
    nowMs: clock.nowMs(),
  });
  assert.ok(verification.ok);
  return verification.principal;
}

test("a cluster speaks as its kubelet identity, and every value of the answer is a string", async () => {
  const { status, body } = await ask({ identityId: clusterId.toUpperCase(), resource });
  assert.equal(status, 200);
  const { access_token: token, ...rest } = body;
  const nowSeconds = clock.nowMs() / 1000;
  assert.deepEqual(rest, {
    client_id: "aks1-agentpool-client",
    expires_in: "3600",
    expires_on: String(nowSeconds + 3600),
    ext_expires_in: "3600",
    not_before: String(nowSeconds),
    resource,
    token_type: "Bearer",
  });
  const principal = principalOf(token);
  assert.equal(principal.objectId, "aks1-agentpool-object");
  assert.equal(principal.managedIdentityId, kubeletId);
});

test("a cluster speaks as its own system-assigned identity when that is asked, with a stable client id", async () => {
  const first = await ask({ identityId: clusterId, resource, identity: "system" });
  const principal = principalOf(first.body["access_token"]);
  assert.equal(principal.objectId, "system-object");
  assert.equal(principal.managedIdentityId, clusterId);
  const clientId = first.body["client_id"];
  assert.match(clientId ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  const again = await ask({ identityId: clusterId, resource, clientId });
  assert.equal(principalOf(again.body["access_token"]).objectId, "system-object");
});

test("a client id chooses among the cluster's own identities", async () => {
  const { body } = await ask({ identityId: clusterId, resource, clientId: "OMSAGENT-client" });
  assert.equal(principalOf(body["access_token"]).objectId, "omsagent-object");
});

test("a user-assigned identity speaks as itself", async () => {
  const { body } = await ask({ identityId: kubeletId, resource });
  assert.equal(principalOf(body["access_token"]).objectId, "aks1-agentpool-object");
});

test("what has no identity, or not that one, gets 400 Identity not found", async () => {
  const notFound = { error: "invalid_request", error_description: "Identity not found" };
  const asked = [
    { identityId: `${clusterId}x`, resource },
    { identityId: "__proto__", resource },
    { identityId: bareId, resource },
    { identityId: bareId, resource, identity: "system" },
    { identityId: clusterId, resource, clientId: "someone-else" },
    { identityId: kubeletId, resource, clientId: "someone-else" },
    { identityId: group, resource },
  ];
  for (const body of asked) {
    assert.deepEqual(await ask(body), { status: 400, body: notFound }, JSON.stringify(body));
  }
});

test("AADSTS500011: an unknown resource, and a body that cannot be read, are refused", async () => {
  const unknown = await ask({ identityId: clusterId, resource: "https://vault.azure.net" });
  assert.equal(unknown.status, 400);
  assert.match(unknown.body["error_description"] ?? "", /^AADSTS500011: /);
  for (const body of ["", "[]", "{}", '{"identityId":1,"resource":2}']) {
    assert.equal((await ask(body)).status, 400, body);
  }
  const wrong = await handler(testRequest({ path: "/token" }));
  assert.equal(wrong.status, 404);
});
