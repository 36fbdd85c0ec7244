/** The agent of logs in the laboratory's cluster: inventory, events, performance and real log lines, with the rights of its manifests. */
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { logReceiver, logsConfigurationOf } from "../../src/agent/testing/log-receiver.ts";
import type { LogReceiver } from "../../src/agent/testing/log-receiver.ts";
import { defaultLogsSettings, recordTypes, startLogsRoles } from "../../src/agent/index.ts";
import type { LogsRoles, LogsRolesOptions } from "../../src/agent/index.ts";
import { kubernetesClient, readKubeconfig } from "../../src/client/index.ts";
import type { KubernetesClient } from "../../src/client/index.ts";
import { seededRandom, systemClock } from "../../src/core/index.ts";
import { nodeNames } from "./cluster.ts";
import { fieldsAt } from "./kube.ts";
import { knownType } from "./resource-types.ts";
import type { Lab } from "./start-lab.ts";
import { labFor } from "./testing.ts";

const folder = mkdtempSync(join(tmpdir(), "linkscope-logs-lab-"));
const file = join(folder, "edge.ndjson");
const logFolder = join(folder, "nodes");
const clock = systemClock();
const clusterId =
  "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-lab";
const allTypes: readonly string[] = Object.values(recordTypes).filter(
  (type) => type !== recordTypes.containerLog && type !== recordTypes.syslog,
);
let lab: Lab;
let kubernetes: KubernetesClient;
before(async () => {
  appendFileSync(file, "");
  lab = await labFor(clock, {
    podStartMs: 0,
    logFolder,
    podLogs: [{ name: "edge", stream: "stdout", file }],
  });
  const access = await readKubeconfig(lab.kubeconfigPath, { allowExec: false });
  kubernetes = kubernetesClient({ access, clock, environment: {} });
});
after(async () => {
  kubernetes.close();
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

let seed = 0;
function start(receiver: LogReceiver, more: Partial<LogsRolesOptions> = {}): LogsRoles {
  return startLogsRoles({
    clusterId,
    clusterName: "aks-lab",
    region: "westeurope",
    transport: receiver.transport,
    token: () => Promise.resolve("identity"),
    folder: mkdtempSync(join(folder, "agent-")),
    lockFile: () => () => undefined,
    settings: { ...defaultLogsSettings, metadataFields: new Set(["podLabels", "image"]) },
    nodes: nodeNames.map((name) => ({ name, folder: join(logFolder, name) })),
    kubernetes,
    inventory: true,
    podName: "",
    notDone: [],
    syslog: false,
    clock,
    random: seededRandom((seed += 1)),
    ...more,
  });
}

type Item = Readonly<Record<string, unknown>>;
const itemsOf = (receiver: LogReceiver, type: string): readonly Item[] =>
  receiver.taken.filter(({ dataType }) => dataType === type).flatMap(({ items }) => items);

const podOf = (app: string): string =>
  lab.store.list(knownType("pods")).find((pod) => pod.metadata.labels?.["app"] === app)?.metadata
    .name ?? "";

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setImmediate(done));
}

test("every table of the rule gets its records, with the names that the open-source agent gives them", async () => {
  lab.scenarios.crashLoop({ namespace: "shop", name: podOf("worker") });
  const receiver = logReceiver(allTypes);
  const agent = start(receiver);
  try {
    appendFileSync(file, '{"level":"warn","path":"/first"}\n');
    await until(() => allTypes.every((type) => itemsOf(receiver, type).length > 0));
    await until(() =>
      itemsOf(receiver, recordTypes.insightsMetrics).some((item) => item["Name"] === "pvUsedBytes"),
    );
    assert.deepEqual(agent.failures(), []);
    const one = (type: string, fits: (item: Item) => boolean = () => true): Item => {
      const found = itemsOf(receiver, type).find(fits);
      assert.ok(found !== undefined, `no record of ${type} fits`);
      return found;
    };
    const log = one(recordTypes.containerLogV2);
    assert.equal(log["LogMessage"], '{"level":"warn","path":"/first"}');
    assert.equal(log["PodNamespace"], "linkscope");
    assert.equal(log["LogLevel"], "WARNING");
    assert.deepEqual(log["KubernetesMetadata"], {
      podLabels: { app: "edge", "pod-template-hash": (log["PodName"] as string).split("-")[1] },
      image: "linkscope/edge:lab",
    });
    // What the log says of a container is what the inventory says of it.
    const pod = one(recordTypes.podInventory, (item) => item["Name"] === log["PodName"]);
    assert.equal(pod["ContainerID"], log["ContainerId"]);
    assert.equal(pod["Computer"], log["Computer"]);
    const web = one(recordTypes.podInventory, (item) => String(item["Name"]).startsWith("web-"));
    assert.equal(web["ServiceName"], "web");
    assert.equal(web["ControllerKind"], "ReplicaSet");
    assert.equal(web["ContainerStatus"], "running");
    assert.deepEqual(web["ClusterId"], clusterId);
    const container = one(recordTypes.containerInventory, (item) => item["Image"] === "web");
    assert.deepEqual(
      [container["Repository"], container["ImageTag"], container["State"], container["ExitCode"]],
      ["lab", "1", "Running", 0],
    );
    const node = one(recordTypes.nodeInventory);
    assert.deepEqual([node["Status"], node["KubernetesProviderID"]], ["Ready", "azure"]);
    assert.equal(one(recordTypes.containerNodeInventory)["DockerVersion"], "lab://1");
    const service = one(recordTypes.services, (item) => item["ServiceName"] === "web");
    assert.deepEqual(service["SelectorLabels"], [{ app: "web" }]);
    const volume = one(recordTypes.persistentVolumes);
    assert.deepEqual(
      [volume["PVName"], volume["PVCapacityBytes"], volume["PVCNamespace"], volume["PVType"]],
      ["pvc-lab-orders", 8 * 2 ** 30, "shop", "csi"],
    );
    const event = one(recordTypes.events);
    assert.deepEqual([event["KubeEventType"], event["Reason"]], ["Warning", "BackOff"]);
    const agentEvent = one(recordTypes.agentEvents);
    assert.equal(agentEvent["Category"], "container.azm.ms/noerror");
    const heartbeats = new Set(
      itemsOf(receiver, recordTypes.heartbeat).map((item) => item["Computer"]),
    );
    assert.deepEqual([...heartbeats].sort(), nodeNames);
    const counters = new Set(
      itemsOf(receiver, recordTypes.perf).flatMap((item) =>
        (JSON.parse(item["json_Collections"] as string) as { CounterName: string }[]).map(
          ({ CounterName }) => `${item["ObjectName"] as string} ${CounterName}`,
        ),
      ),
    );
    assert.deepEqual([...counters].sort(), [
      "K8SContainer cpuLimitNanoCores",
      "K8SContainer cpuRequestNanoCores",
      "K8SContainer cpuUsageNanoCores",
      "K8SContainer memoryLimitBytes",
      "K8SContainer memoryRequestBytes",
      "K8SContainer memoryRssBytes",
      "K8SContainer memoryWorkingSetBytes",
      "K8SContainer restartTimeEpoch",
      "K8SNode cpuAllocatableNanoCores",
      "K8SNode cpuCapacityNanoCores",
      "K8SNode cpuUsageNanoCores",
      "K8SNode memoryAllocatableBytes",
      "K8SNode memoryCapacityBytes",
      "K8SNode memoryRssBytes",
      "K8SNode memoryWorkingSetBytes",
      "K8SNode restartTimeEpoch",
    ]);
    const metrics = new Set(
      itemsOf(receiver, recordTypes.insightsMetrics).map(
        (item) => `${item["Namespace"] as string} ${item["Name"] as string}`,
      ),
    );
    assert.deepEqual([...metrics].sort(), [
      "container.azm.ms/disk free",
      "container.azm.ms/disk used",
      "container.azm.ms/disk used_percent",
      "container.azm.ms/kubestate kube_deployment_status_replicas_ready",
      "container.azm.ms/net bytes_recv",
      "container.azm.ms/net bytes_sent",
      "container.azm.ms/pv pvUsedBytes",
    ]);
  } finally {
    await agent.stop();
  }
});

test("the rule's streams and namespace filter decide what is sent", async () => {
  const receiver = logReceiver([]);
  receiver.configuration = () => ({
    body: logsConfigurationOf([recordTypes.podInventory, recordTypes.services], {
      namespaceFilteringMode: "Include",
      namespaces: ["shop"],
      enableContainerLogV2: true,
    }),
  });
  const agent = start(receiver);
  try {
    await until(() => itemsOf(receiver, recordTypes.services).length > 0);
    const types = new Set(receiver.taken.map(({ dataType }) => dataType));
    types.delete(recordTypes.heartbeat);
    assert.deepEqual([...types].sort(), [recordTypes.podInventory, recordTypes.services]);
    for (const type of types) {
      const namespaces = new Set(itemsOf(receiver, type).map((item) => item["Namespace"]));
      assert.deepEqual([...namespaces], ["shop"], type);
    }
  } finally {
    await agent.stop();
  }
});

test("events are sent once, over a restart too", async () => {
  const receiver = logReceiver([recordTypes.events, recordTypes.podInventory]);
  const own = mkdtempSync(join(folder, "agent-"));
  const first = start(receiver, { folder: own });
  await until(() => itemsOf(receiver, recordTypes.events).length > 0);
  await first.stop();
  const sent = itemsOf(receiver, recordTypes.events).length;
  lab.scenarios.crashLoop({ namespace: "shop", name: podOf("batch") });
  const second = start(receiver, { folder: own });
  await until(() => itemsOf(receiver, recordTypes.events).length > sent);
  await second.stop();
  const keys = itemsOf(receiver, recordTypes.events).map(
    (item) => `${item["Name"] as string} ${item["Reason"] as string} ${String(item["Count"])}`,
  );
  assert.deepEqual(keys, [...new Set(keys)]);
});

test("KubeletRefused: without the right to a node's statistics it is said, and all else goes on", async () => {
  const receiver = logReceiver([recordTypes.perf]);
  const access = await readKubeconfig(lab.kubeconfigPath, { allowExec: false });
  const account = lab.access.issueForServiceAccount("default", "nobody");
  lab.store.put({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "reads-nodes" },
    rules: [{ apiGroups: [""], resources: ["nodes", "pods"], verbs: ["get", "list", "watch"] }],
  });
  lab.store.put({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "reads-nodes" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "reads-nodes" },
    subjects: [{ kind: "ServiceAccount", namespace: "default", name: "nobody" }],
  });
  const client = kubernetesClient({
    access: { ...access, credential: { kind: "token", token: account } },
    clock,
    environment: {},
  });
  const agent = start(receiver, { kubernetes: client, inventory: false });
  try {
    await until(
      () => agent.failures().length > 0 && itemsOf(receiver, recordTypes.heartbeat).length > 0,
    );
    assert.match(
      agent.failures()[0] ?? "",
      /stats\/summary answered 403: .* the right to get nodes\/stats/s,
    );
  } finally {
    await agent.stop();
    client.close();
  }
});

test("a kubelet that cannot be reached is asked by way of the API server", async () => {
  const receiver = logReceiver([recordTypes.perf]);
  // Its port is another's: nobody answers there.
  const [name = ""] = nodeNames;
  const node = lab.store.get(knownType("nodes"), { name });
  assert.ok(node !== undefined);
  const status = { ...fieldsAt(node, "status"), daemonEndpoints: { kubeletEndpoint: { Port: 9 } } };
  lab.store.put({ ...node, status });
  const agent = start(receiver, { inventory: false, nodes: [{ name }] });
  try {
    await until(() => itemsOf(receiver, recordTypes.perf).length > 0);
    assert.equal(itemsOf(receiver, recordTypes.perf)[0]?.["Computer"], name);
  } finally {
    await agent.stop();
    const now = lab.store.get(knownType("nodes"), { name });
    if (now !== undefined) lab.store.put({ ...now, status: fieldsAt(node, "status") });
  }
});
