/** The variables of the agent in a cluster: what they mean, and every problem of them at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readClusterAgentSettings } from "./cluster-agent-settings.ts";

const clusterId =
  "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-one";
const least = { LINKSCOPE_CLUSTER_ID: clusterId, LINKSCOPE_REGION: "westeurope" };

test("an id and a region are enough: the node's managed identity, no proxy, Node's own authorities", () => {
  assert.deepEqual(readClusterAgentSettings(least), {
    settings: {
      role: "metrics",
      node: undefined,
      podName: "",
      syslogListen: [],
      clusterId,
      clusterName: "aks-one",
      region: "westeurope",
      data: "/var/lib/linkscope",
      configurationEndpoint: undefined,
      proxy: undefined,
      caFile: undefined,
      serviceAccountFolder: "/var/run/secrets/kubernetes.io/serviceaccount",
      identity: { kind: "managed", clientId: undefined },
      listen: { host: "127.0.0.1", port: 8080 },
    },
  });
});

test("the role of a node's logs needs the node's name; another role is none", () => {
  const read = readClusterAgentSettings({
    ...least,
    LINKSCOPE_ROLE: "node-logs",
    LINKSCOPE_NODE: "node-1",
    LINKSCOPE_POD: "agent-x",
  });
  assert.ok("settings" in read);
  const { role, node, podName } = read.settings;
  assert.deepEqual(
    [role, node, podName],
    ["node-logs", { name: "node-1", logFolder: "/var/log" }, "agent-x"],
  );
  const wrong = readClusterAgentSettings({ ...least, LINKSCOPE_ROLE: "node-logs" });
  assert.ok(
    "problems" in wrong && wrong.problems[0]?.startsWith("LINKSCOPE_NODE is not set") === true,
  );
  const none = readClusterAgentSettings({ ...least, LINKSCOPE_ROLE: "both" });
  assert.ok("problems" in none && /LINKSCOPE_ROLE is 'both'/.test(none.problems[0] ?? ""));
});

test("what the workload identity webhook sets makes a workload identity", () => {
  const read = readClusterAgentSettings({
    ...least,
    AZURE_CLIENT_ID: "client",
    AZURE_TENANT_ID: "tenant",
    AZURE_FEDERATED_TOKEN_FILE: "/var/run/secrets/azure/tokens/azure-identity-token",
    AZURE_AUTHORITY_HOST: "https://login.example/",
  });
  assert.ok("settings" in read);
  assert.equal(read.settings.identity.kind, "workload");
});

test("every problem is named at once, and a proxy's password is not repeated", () => {
  const read = readClusterAgentSettings({
    LINKSCOPE_CLUSTER_ID: "aks one",
    HTTPS_PROXY: "socks5://user:secret@proxy:1080",
    LINKSCOPE_LISTEN: "8080",
    LINKSCOPE_CONFIGURATION_ENDPOINT: "http://plain",
    AZURE_FEDERATED_TOKEN_FILE: "/token",
  });
  assert.ok("problems" in read);
  const names = read.problems.map((problem) => /^[A-Z_]+/.exec(problem)?.[0]);
  assert.deepEqual(names.sort(), [
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
    "HTTPS_PROXY",
    "LINKSCOPE_CLUSTER_ID",
    "LINKSCOPE_CONFIGURATION_ENDPOINT",
    "LINKSCOPE_LISTEN",
    "LINKSCOPE_REGION",
  ]);
  assert.ok(!read.problems.join().includes("secret"));
});
