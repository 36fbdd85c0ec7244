/** The agent of logs against a scripted receiver: what it reads, joins, queues and sends, over restarts. */
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fakeClock, seededRandom } from "../../core/index.ts";
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
