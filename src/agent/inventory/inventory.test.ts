/** Records of the inventory in their odd cases; the usual ones are held in the laboratory's cluster. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, LogsConfiguration } from "../../client/index.ts";
import { fakeClock, limits, seededRandom } from "../../core/index.ts";
import { lockFile } from "../../bin/file-lock.ts";
import { testFolder } from "../../client/testing/servers.ts";
import { decodePayload } from "../logs/record-payload.ts";
import { recordIntake } from "../logs/record-intake.ts";
import type { AgentRecord } from "../logs/record-intake.ts";
import { recordTypes } from "../logs/record-types.ts";
import { openQueue } from "../queue.ts";
import { agentEvents } from "./agent-events.ts";
import type { AgentProblem } from "./agent-events.ts";
import { eventKey, eventRecord, nodeInventory, volumeInventory } from "./cluster-records.ts";
import { isFiltered } from "./inventory-scope.ts";
import { containerResources } from "./perf-records.ts";
import { containerInventory, podInventory, servicesByPods } from "./pod-records.ts";
import { bytesOf, nanoCoresOf, quantityOf } from "./quantity.ts";

const round = { scope: { clusterId: "/c", clusterName: "c" }, time: "2026-01-01T00:00:00Z" };

const pod = (more: JsonObject = {}, status: JsonObject = {}): JsonObject => ({
  metadata: { name: "p", namespace: "n", uid: "u", labels: { app: "a" }, ...more },
  spec: { nodeName: "node", containers: [{ name: "main", image: "i" }] },
  status: { phase: "Running", ...status },
});

test("quantities are numbers, and what is none is none", () => {
  assert.deepEqual(
    ["500m", "2", "1.5", "64Mi", "1e3", "5k", "1n", 3].map(quantityOf),
    [0.5, 2, 1.5, 67_108_864, 1_000, 5_000, 1e-9, 3],
  );
  assert.deepEqual(
    ["", "m", "1x", "1 Mi", "0x10", null, Number.NaN, "1".repeat(30)].map(quantityOf),
    Array(8).fill(undefined),
  );
  assert.deepEqual([nanoCoresOf("3860m"), bytesOf("12899576Ki")], [3_860_000_000, 13_209_165_824]);
});

test("the rule's filter takes or leaves namespaces, never those without any, nor the agent's own pods", () => {
  const settings = { intervalMs: 60_000, namespaces: ["a"], containerLogV2: true };
  const left = (namespaceFilter: "Off" | "Include" | "Exclude", namespace: string, name = "x") =>
    isFiltered({ ...settings, namespaceFilter }, { name, namespace });
  assert.deepEqual(
    [left("Off", "a"), left("Include", "a"), left("Exclude", "a")],
    [false, false, true],
  );
  assert.deepEqual(
    [left("Off", "b"), left("Include", "b"), left("Exclude", "b")],
    [false, true, false],
  );
  assert.equal(left("Include", ""), false);
  assert.equal(left("Include", "kube-system", "ama-logs-x"), false);
  assert.equal(
    isFiltered(
      { ...settings, namespaces: [], namespaceFilter: "Include" },
      { name: "x", namespace: "b" },
    ),
    false,
  );
});

test("a pod says what became of it: terminating, of a lost node, without a container yet, of a manifest", () => {
  const [ending] = podInventory(
    pod({ deletionTimestamp: "2026-01-01T00:00:00Z" }),
    () => "",
    round,
  );
  assert.equal(ending?.["PodStatus"], "Terminating");
  const lost = pod(
    {},
    {
      reason: "NodeLost",
      conditions: [{ type: "Ready", status: "False" }],
      containerStatuses: [{ name: "main", state: { running: { startedAt: "t" } } }],
    },
  );
  const [ofLost] = podInventory(lost, () => "", round);
  assert.deepEqual([ofLost?.["PodStatus"], ofLost?.["ContainerStatus"]], ["Unknown", "Unknown"]);
  assert.equal(podInventory(pod(), () => "", round).length, 1);
  const fromManifest = {
    namespace: "kube-system",
    annotations: { "kubernetes.io/config.hash": "h" },
  };
  assert.equal(podInventory(pod(fromManifest), () => "", round)[0]?.["PodUid"], "h");
  assert.deepEqual(
    podInventory(pod({ namespace: "kube-system" }), () => "", round),
    [],
  );
});

test("restarts are summed over the pod, and the last state of a container is told whole or not", () => {
  const terminated = { reason: "OOMKilled", startedAt: "a", finishedAt: "b", exitCode: 137 };
  const records = podInventory(
    pod(
      {},
      {
        containerStatuses: [
          {
            name: "main",
            containerID: "containerd://abc",
            restartCount: 2,
            state: { waiting: { reason: "CrashLoopBackOff" } },
            lastState: { terminated },
          },
        ],
        initContainerStatuses: [
          { name: "init", restartCount: 1, state: { terminated }, lastState: {} },
        ],
      },
    ),
    servicesByPods([{ metadata: { name: "s", namespace: "n" }, spec: { selector: { app: "a" } } }]),
    round,
  );
  assert.deepEqual(
    records.map((one) => [
      one["ContainerID"],
      one["PodRestartCount"],
      one["ContainerStatus"],
      one["ContainerStatusReason"],
      one["ContainerLastStatus"],
      one["ServiceName"],
    ]),
    [
      [
        "abc",
        3,
        "waiting",
        "CrashLoopBackOff",
        { lastState: "terminated", reason: "OOMKilled", startedAt: "a", finishedAt: "b" },
        "s",
      ],
      ["", 3, "terminated", "OOMKilled", {}, "s"],
    ],
  );
});

test("an image has its parts, a failed container its code, and variables go only where they are asked for", () => {
  const of = (image: string, state: JsonObject, environment = true) => {
    const [record] = containerInventory(
      {
        ...pod(
          {},
          { containerStatuses: [{ name: "main", image, imageID: "docker.io/x@sha256:1", state }] },
        ),
        spec: {
          containers: [
            {
              name: "main",
              env: [
                { name: "A", value: "1" },
                { name: "B", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
              ],
            },
          ],
        },
      },
      { time: round.time, environment },
    );
    return record ?? {};
  };
  const parts = (image: string) => {
    const record = of(image, {});
    return [record["Repository"], record["Image"], record["ImageTag"]];
  };
  assert.deepEqual(parts("mcr.example:5000/a/b:1.2"), ["mcr.example:5000", "a/b", "1.2"]);
  assert.deepEqual(parts("b"), ["", "b", "latest"]);
  assert.deepEqual(parts("r/b@sha256:9"), ["r", "b", ""]);
  const failed = of("b", { terminated: { exitCode: -1, startedAt: "a", finishedAt: "b" } });
  assert.deepEqual(
    [failed["State"], failed["ExitCode"], failed["ImageId"]],
    ["Failed", 128, "sha256:1"],
  );
  assert.equal(failed["EnvironmentVar"], '["A=1","B=secretKeyRef"]');
  assert.equal(of("b", {}, false)["EnvironmentVar"], "AZMON_CLUSTER_COLLECT_ENV_VAR=FALSE");
});

test("nodes, volumes and events that lack fields, or have `__proto__` among their labels, do no harm", () => {
  const labels = JSON.parse('{"__proto__": "evil", "a": "b"}') as JsonObject;
  const node = nodeInventory({ metadata: { name: "n", labels } }, round);
  assert.equal(JSON.stringify(node["Labels"]), '[{"__proto__":"evil","a":"b"}]');
  assert.deepEqual([node["KubernetesProviderID"], node["Status"]], ["onprem", ""]);
  assert.deepEqual(volumeInventory({ metadata: { name: "v" } }, round)["PVTypeInfo"], {});
  const event = {
    metadata: { uid: "e" },
    eventTime: "t1",
    series: { count: 4, lastObservedTime: "t2" },
    reportingComponent: "c",
  };
  assert.equal(eventKey(event), "e/4");
  const record = eventRecord(event, round);
  assert.deepEqual(
    [record["FirstSeen"], record["LastSeen"], record["Count"], record["SourceComponent"]],
    ["t1", "t2", 4, "c"],
  );
});

test("a container without a limit may use what its node has to give; one without a node has no record", () => {
  const node = { status: { allocatable: { cpu: "2", memory: "1Gi" } } };
  const counters = containerResources(pod(), node, round).map((one) => one["json_Collections"]);
  assert.deepEqual(counters, [
    '[{"CounterName":"cpuLimitNanoCores","Value":2000000000}]',
    '[{"CounterName":"memoryLimitBytes","Value":1073741824}]',
  ]);
  assert.deepEqual(containerResources({ ...pod(), spec: {} }, undefined, round), []);
});

test("records are cut into requests of 1 MB; one that is larger by itself is left out and told", () => {
  const queue = openQueue({ folder: testFolder(), lockFile });
  const intake = recordIntake({ queue, random: seededRandom(1), wake: () => undefined });
  // As the only one of a request, with its brackets.
  const sized = (bytes: number) => ({ a: "x".repeat(bytes - '[{"a":""}]'.length) });
  assert.ok(intake.put(recordTypes.perf, [sized(limits.logBatchBytesMax), sized(12)]));
  const sizes = [...queue.pending()].map((payload) => decodePayload(payload).items.length);
  assert.deepEqual(sizes, [limits.logBatchBytesMax, 12]);
  assert.ok(!intake.put(recordTypes.perf, [sized(limits.logBatchBytesMax + 1), sized(12)]));
  assert.equal(intake.state().recordsNotQueued, 1);
  assert.match(intake.state().failure ?? "", /has 1000001 bytes; the limit is 1000000/);
  queue.close();
});

test("what the agent says of itself goes each hour, and as soon as it changes", async () => {
  const clock = fakeClock();
  const sent: string[] = [];
  let problems: readonly AgentProblem[] = [];
  const source = agentEvents({
    clock,
    scope: round.scope,
    computer: "node",
    podName: "pod",
    problems: () => problems,
  });
  const intake = {
    put: (_type: string, records: readonly AgentRecord[]) => {
      sent.push(...records.map((one) => `${String(one["Level"])} ${String(one["Message"])}`));
      return true;
    },
    state: () => ({ recordsNotQueued: 0, failure: undefined }),
  };
  const configuration = { streams: new Set([recordTypes.agentEvents]) };
  source.take(configuration as unknown as LogsConfiguration, intake);
  const minutes = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at += 1) {
      clock.advance(60_000);
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    }
  };
  await minutes(59);
  assert.deepEqual(sent, ["Info No errors"]);
  await minutes(3);
  assert.deepEqual(sent.splice(0), ["Info No errors", "Info No errors"]);
  problems = [{ category: "linkscope/agent-logs", message: "a file is not followed" }];
  await minutes(2);
  assert.deepEqual(sent.splice(0), ["Error a file is not followed"]);
  await source.stop();
});
