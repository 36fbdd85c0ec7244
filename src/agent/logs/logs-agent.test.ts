/** The agent of logs against a scripted receiver: what it reads, joins, queues and sends, over restarts. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fakeClock, limits, seededRandom } from "../../core/index.ts";
import type { FakeClock } from "../../core/index.ts";
import {
  column,
  criLine,
  logReceiver,
  logsConfigurationOf,
  nodeFolder,
} from "../testing/log-receiver.ts";
import type { LogReceiver, NodeFolder } from "../testing/log-receiver.ts";
import { createLogsAgent } from "./logs-agent.ts";
import type { LogsAgent, LogsAgentOptions } from "./logs-agent.ts";
import { defaultLogsSettings } from "./logs-settings.ts";
import { openQueue } from "../queue.ts";
import { highScaleStream, recordTypes } from "./record-types.ts";

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const V2 = recordTypes.containerLogV2;
const clusterId =
  "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks-one";

interface Scene {
  readonly node: NodeFolder;
  /** The agent's own. */
  readonly folder: string;
  readonly receiver: LogReceiver;
  readonly clock: FakeClock;
  readonly start: (more?: Partial<LogsAgentOptions>) => LogsAgent;
  /** Lets what is ready run, over some seconds. */
  readonly run: (seconds?: number) => Promise<void>;
}

function scene(streams: readonly string[] = [V2]): Scene {
  const node = nodeFolder();
  const folder = mkdtempSync(join(tmpdir(), "linkscope-logs-"));
  folders.push(node.folder, folder);
  const receiver = logReceiver(streams);
  const clock = fakeClock();
  const random = seededRandom(7);
  return {
    node,
    folder,
    receiver,
    clock,
    start: (more = {}) =>
      createLogsAgent({
        clusterId,
        region: "westeurope",
        transport: receiver.transport,
        token: () => Promise.resolve("identity"),
        folder,
        lockFile: () => () => undefined,
        settings: defaultLogsSettings,
        nodes: [
          {
            name: "node-1",
            folder: node.folder,
            facts: { metadata: () => undefined, image: () => undefined, isExcluded: () => false },
          },
        ],
        sources: [],
        clock,
        random,
        ...more,
      }),
    async run(seconds = 6) {
      for (let at = 0; at < seconds * 4; at += 1) {
        for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setImmediate(done));
        clock.advance(250);
      }
      for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setImmediate(done));
    },
  };
}

test("lines of both streams arrive as ContainerLogV2, with the names that the file's link has", async () => {
  const { node, receiver, start, run } = scene();
  const path = node.container("web-1", "shop", "web");
  appendFileSync(path, criLine("hello") + criLine("oh", { stream: "stderr", second: 1 }));
  const agent = start();
  await run();
  assert.deepEqual(
    receiver.taken.map(({ dataType, ipName }) => [dataType, ipName]),
    [[V2, "ContainerInsights"]],
  );
  assert.deepEqual(receiver.taken[0]?.items, [
    {
      TimeGenerated: "2026-01-01T00:00:00.123456789Z",
      Computer: "node-1",
      ContainerId: "c".repeat(64),
      ContainerName: "web",
      PodName: "web-1",
      PodNamespace: "shop",
      LogMessage: "hello",
      LogSource: "stdout",
    },
    {
      TimeGenerated: "2026-01-01T00:00:01.123456789Z",
      Computer: "node-1",
      ContainerId: "c".repeat(64),
      ContainerName: "web",
      PodName: "web-1",
      PodNamespace: "shop",
      LogMessage: "oh",
      LogSource: "stderr",
    },
  ]);
  const post = receiver.transport.sent.find(({ method }) => method === "POST");
  assert.equal(post?.headers?.["authorization"], "Bearer token 1");
  assert.match(
    post?.url ?? "",
    /\.ods\.opinsights\.azure\.com\/OperationalData\.svc\/PostJsonDataItems/,
  );
  await agent.stop();
});

test("a restart goes on where the files were read to, and nothing comes twice", async () => {
  const { node, receiver, start, run } = scene();
  const path = node.container("web-1", "shop", "web");
  appendFileSync(path, criLine("one") + criLine("two"));
  const first = start();
  await run();
  await first.stop();
  appendFileSync(path, criLine("three"));
  const second = start();
  await run();
  assert.deepEqual(column(receiver.taken, "LogMessage"), ["one", "two", "three"]);
  await second.stop();
});

test("NodeNameInvalid: a node's name that could lead out of the folder is refused", () => {
  const { node, start } = scene();
  const facts = { metadata: () => undefined, image: () => undefined, isExcluded: () => false };
  assert.throws(() => start({ nodes: [{ name: "../up", folder: node.folder, facts }] }), {
    code: "NodeNameInvalid",
  });
});

test("NoLogsConfiguration: without a rule for Container insights nothing is read, and it is said", async () => {
  const { node, receiver, start, run } = scene();
  appendFileSync(node.container("web-1", "shop", "web"), criLine("waits"));
  receiver.configuration = () => ({ body: { configurations: [] } });
  const agent = start();
  await run();
  assert.match(agent.state().configurationFailure ?? "", /no rule for Container insights/);
  assert.equal(agent.state().collectors.get("node-1")?.files, 0);
  receiver.configuration = () => ({ body: logsConfigurationOf([V2]) });
  await run(10);
  assert.deepEqual(column(receiver.taken, "LogMessage"), ["waits"]);
  await agent.stop();
});

test("NoLogsChannel: records without a channel of their kind wait, and go once there is one", async () => {
  const { node, receiver, start, run } = scene([highScaleStream]);
  appendFileSync(node.container("web-1", "shop", "web"), criLine("fast"));
  const agent = start();
  await run();
  assert.match(agent.state().logs.outlet.failure ?? "", /no channel of the protocol gig/);
  receiver.configuration = () => ({
    body: logsConfigurationOf([highScaleStream], {}, [
      {
        id: "gigl-dce-1",
        protocol: "gig",
        endpointUriTemplate:
          "https://dce-ab12.westeurope-1.ingest.monitor.azure.com/dataCollectionRules/dcr-1/streams/<STREAM>?api-version=2021-11-01-preview",
      },
    ]),
  });
  await run(60);
  assert.deepEqual(
    receiver.taken.map(({ dataType }) => dataType),
    [highScaleStream],
  );
  assert.deepEqual(column(receiver.taken, "LogMessage"), ["fast"]);
  await agent.stop();
});

test("PayloadUnreadable: a record of the queue that is none is passed over, and said", async () => {
  const { node, receiver, start, run, folder } = scene();
  const queue = openQueue({ folder: join(folder, "logs"), lockFile: () => () => undefined });
  queue.append(Buffer.from([255, 255, 255, 255, 1]), 1);
  queue.append(Buffer.from([1, 0, 0, 0, 1, 1]), 1);
  queue.close();
  receiver.write = () => ({ status: 500 });
  const agent = start();
  await run(1);
  assert.match(agent.state().logs.outlet.failure ?? "", /no head that can be read/);
  receiver.write = () => ({ status: 200 });
  appendFileSync(node.container("web-1", "shop", "web"), criLine("after"));
  await run();
  assert.deepEqual(column(receiver.taken, "LogMessage"), ["after"]);
  assert.equal(agent.state().logs.outlet.recordsRefused, 2);
  await agent.stop();
});

test("a process that died between the queue and the positions doubles nothing", async () => {
  const { node, receiver, start, run, folder } = scene();
  const path = node.container("web-1", "shop", "web");
  appendFileSync(path, criLine("one"));
  receiver.write = () => ({ status: 503 });
  const first = start();
  await run(3);
  const positions = join(folder, "positions-node-1.json");
  const before = readFileSync(positions);
  appendFileSync(path, criLine("two"));
  await run(3);
  assert.equal(first.state().logs.queue.pendingSamples, 2);
  await first.stop();
  // The second batch is in the queue; where it was read to did not come to be written.
  assert.notDeepEqual(readFileSync(positions), before);
  writeFileSync(positions, before);
  receiver.write = () => ({ status: 200 });
  appendFileSync(path, criLine("three"));
  const second = start();
  await run();
  assert.deepEqual(column(receiver.taken, "LogMessage"), ["one", "two", "three"]);
  await second.stop();
});

test("a full queue stops the reading and not the files: what is there is read when there is room", async () => {
  const { node, receiver, start, run } = scene();
  const path = node.container("web-1", "shop", "web");
  const lines = Array.from({ length: 200 }, (_, at) => `${at} ${"x".repeat(60_000)}`);
  appendFileSync(path, lines.map((line) => criLine(line)).join(""));
  receiver.write = () => ({ status: 503, headers: { "retry-after": "2" } });
  const agent = start({ queueBytesMax: 6 * 1024 * 1024 });
  await run(4);
  const { collectors, logs } = agent.state();
  assert.equal(collectors.get("node-1")?.paused, true);
  assert.ok(logs.queue.bytes <= 6 * 1024 * 1024);
  assert.equal(logs.queue.droppedSamples, 0);
  assert.match(logs.outlet.failure ?? "", /answered 503/);
  receiver.write = () => ({ status: 200 });
  await run(20);
  assert.deepEqual(column(receiver.taken, "LogMessage"), lines);
  await agent.stop();
});

test("a closed way, a token that ended and a busy receiver are waited for; what is refused for good is dropped and said", async () => {
  const { node, receiver, start, run } = scene();
  const path = node.container("web-1", "shop", "web");
  const answers = [403, 404, 429, 500, 401, 200];
  receiver.write = () => ({ status: answers.shift() ?? 200, headers: { "retry-after": "0" } });
  appendFileSync(path, criLine("kept"));
  const agent = start();
  await run(20);
  assert.deepEqual(column(receiver.taken, "LogMessage"), ["kept"]);
  const posts = receiver.transport.sent.filter(({ method }) => method === "POST");
  assert.equal(posts.length, 6);
  // Each try of the same records has the same id, and the one after 401 a new token.
  assert.equal(new Set(posts.map(({ headers }) => headers?.["x-request-id"])).size, 1);
  assert.equal(posts.at(-1)?.headers?.["authorization"], "Bearer token 2");
  for (const status of [400, 413]) {
    receiver.write = () => ({ status });
    appendFileSync(path, criLine(`refused with ${status}`));
    await run(4);
    assert.match(agent.state().logs.outlet.failure ?? "", new RegExp(`answered ${status}`));
  }
  assert.equal(agent.state().logs.outlet.recordsRefused, 2);
  await agent.stop();
});

test("namespaces of the settings, links that lead out and names of no pod are left out; the latter two are told", async () => {
  const { node, receiver, start, run, folder } = scene();
  appendFileSync(node.container("web-1", "shop", "web"), criLine("shop"));
  appendFileSync(node.container("dns-1", "kube-system", "dns"), criLine("system"));
  const outside = join(folder, "secret");
  writeFileSync(outside, criLine("secret"));
  const containers = join(node.folder, "containers");
  symlinkSync(outside, join(containers, `evil_shop_web-${"d".repeat(64)}.log`));
  symlinkSync("/nowhere", join(containers, `gone_shop_web-${"e".repeat(64)}.log`));
  writeFileSync(join(containers, "__proto__.log"), criLine("no pod"));
  writeFileSync(join(containers, "evil\nname_shop_web-1.log"), criLine("no pod"));
  const agent = start();
  await run();
  assert.deepEqual(column(receiver.taken, "LogMessage"), ["shop"]);
  const refused = agent.state().collectors.get("node-1")?.refused.join("\n") ?? "";
  assert.match(refused, /"evil_shop_web-d+\.log" leads out of the folder/);
  assert.match(refused, /"gone_shop_web-e+\.log" leads nowhere/);
  assert.match(refused, /"__proto__\.log" is not named POD_NAMESPACE_CONTAINER-ID\.log/);
  assert.match(refused, /"evil\\nname_shop_web-1\.log" is not named/);
  await agent.stop();
});

test("a rule without ContainerLogV2 gets ContainerLog, and one without either gets nothing", async () => {
  const V1 = recordTypes.containerLog;
  const { node, receiver, start, run } = scene([V1]);
  receiver.configuration = () => ({
    body: logsConfigurationOf([V1], { enableContainerLogV2: false }),
  });
  appendFileSync(node.container("web-1", "shop", "web"), criLine("old"));
  const agent = start();
  await run();
  assert.deepEqual(receiver.taken[0]?.items, [
    {
      LogEntry: "old",
      LogEntrySource: "stdout",
      LogEntryTimeStamp: "2026-01-01T00:00:00.123456789Z",
      TimeOfCommand: "2026-01-01T00:00:00.123456789Z",
      Image: "",
      Name: "",
      Id: "c".repeat(64),
      SourceSystem: "Containers",
      Computer: "node-1",
    },
  ]);
  receiver.configuration = () => ({ body: logsConfigurationOf([V1]) });
  appendFileSync(join(node.folder, "pods/shop_web-1_uid/web/0.log"), criLine("for no table"));
  await run(310);
  appendFileSync(join(node.folder, "pods/shop_web-1_uid/web/0.log"), criLine("nor this"));
  await run();
  assert.deepEqual(column(receiver.taken, "LogEntry"), ["old", "for no table"]);
  await agent.stop();
});

test("a container that is gone is read to its end, and its open line is told", async () => {
  const { node, receiver, start, run } = scene();
  const path = node.container("job-1", "shop", "job");
  const agent = start();
  await run(1);
  appendFileSync(path, criLine("last words", { tag: "P" }));
  rmSync(join(node.folder, "containers", `job-1_shop_job-${"c".repeat(64)}.log`));
  await run(8);
  assert.deepEqual(column(receiver.taken, "LogMessage"), ["last words"]);
  assert.equal(agent.state().collectors.get("node-1")?.files, 0);
  await agent.stop();
});

test("a container that went while no agent ran leaves no position behind", async () => {
  const { node, start, run, folder } = scene();
  for (const pod of ["web-1", "web-2"]) {
    appendFileSync(node.container(pod, "shop", "web"), criLine("here"));
  }
  const tails = (): readonly string[] => {
    const { tails: kept } = JSON.parse(
      readFileSync(join(folder, "positions-node-1.json"), "utf8"),
    ) as { tails: object };
    return Object.keys(kept).map((key) => key.split("_")[0] ?? "");
  };
  const first = start();
  await run(3);
  await first.stop();
  assert.deepEqual(tails().toSorted(), ["web-1", "web-2"]);
  rmSync(join(node.folder, "containers", `web-1_shop_web-${"c".repeat(64)}.log`));
  const second = start();
  await run(3);
  await second.stop();
  assert.deepEqual(tails(), ["web-2"]);
});

test("a receiver's Retry-After holds for ten minutes at most", async () => {
  const { node, receiver, start, run } = scene();
  appendFileSync(node.container("web-1", "shop", "web"), criLine("late"));
  const seconds = limits.logRetryAfterMsMax / 1000;
  receiver.write = () => ({ status: 429, headers: { "retry-after": String(seconds + 1) } });
  const agent = start();
  await run(3);
  receiver.write = () => ({ status: 200 });
  await run(seconds - 5);
  assert.deepEqual(receiver.taken, []);
  await run(5);
  assert.deepEqual(column(receiver.taken, "LogMessage"), ["late"]);
  await agent.stop();
});
