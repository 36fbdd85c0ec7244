/** The agent as a whole, on a fake clock: scrape, queue, configuration, token, send; and what becomes of each refusal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { scriptedTransport, testFolder } from "../client/testing/servers.ts";
import type { Scripted } from "../client/testing/servers.ts";
import { lockFile } from "../bin/file-lock.ts";
import { CodedError, fakeClock, limits, seededRandom } from "../core/index.ts";
import type { FakeClock } from "../core/index.ts";
import { createAgent } from "./index.ts";
import type { Agent, AgentOptions, ScrapeTarget } from "./index.ts";
import { configurationOf, metricsEndpoint, testReceiver } from "./testing/receiver.ts";
import type { Receiver } from "./testing/receiver.ts";

const target: ScrapeTarget = { job: "app", url: "http://127.0.0.1:8080/metrics" };

interface Bench {
  readonly agent: Agent;
  readonly clock: FakeClock;
  readonly receiver: Receiver;
  readonly folder: string;
  /** Lets all that is ready run. */
  readonly settle: () => Promise<void>;
  readonly advance: (byMs: number) => Promise<void>;
}

async function bench(
  more: Partial<AgentOptions> & { readonly before?: (r: Receiver) => void } = {},
): Promise<Bench> {
  const { before, ...options } = more;
  const receiver = testReceiver();
  before?.(receiver);
  const clock = (options.clock as FakeClock | undefined) ?? fakeClock();
  const folder = options.folder ?? testFolder();
  const agent = createAgent({
    clusterId:
      "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c",
    region: "eastus",
    externalLabels: { cluster: "c" },
    transport: receiver.transport,
    targetTransport: scriptedTransport((_, count) => ({ body: `requests_total ${count}\n` })),
    token: () => Promise.resolve("identity"),
    targets: [target],
    sources: [],
    lockFile,
    random: seededRandom(1),
    ...options,
    folder,
    clock,
  });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 60; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const advance = async (byMs: number): Promise<void> => {
    for (let done = 0; done < byMs; done += 500) {
      clock.advance(Math.min(500, byMs - done));
      await settle();
    }
  };
  await settle();
  return { agent, clock, receiver, folder, settle, advance };
}
const series = 'requests_total{cluster="c", instance="127.0.0.1:8080", job="app"}';
const valuesOf = ({ taken }: Receiver): (number | "stale")[] =>
  taken.filter((sample) => sample.series === series).map(({ value }) => value);
const writes = ({ transport }: Receiver) =>
  transport.sent.filter(({ url }) => url === metricsEndpoint);

test("a scrape reaches the channel's endpoint with the ingestion token, and `up` with the cluster's label", async () => {
  const { agent, receiver, advance, clock } = await bench();
  const startMs = clock.nowMs();
  assert.deepEqual(valuesOf(receiver), [1]);
  const up = receiver.taken.find((sample) => sample.series.startsWith("up{"));
  assert.deepEqual(up, {
    series: 'up{cluster="c", instance="127.0.0.1:8080", job="app"}',
    timestampMs: startMs,
    value: 1,
  });
  await advance(limits.scrapeIntervalMs);
  assert.deepEqual(valuesOf(receiver), [1, 2]);
  assert.equal(writes(receiver)[0]?.headers?.["authorization"], "Bearer token 1");
  const { channel, sender, queue, targets } = agent.state();
  assert.equal(channel.channel?.channelId, "metrics-dce-1");
  assert.deepEqual([sender.samplesSent, sender.failure, queue.pendingSamples], [12, undefined, 0]);
  assert.deepEqual([targets[0]?.up, targets[0]?.scrapes], [true, 2]);
  await agent.stop();
});

test("without a configuration all is kept, and sent in order once there is one", async () => {
  const refused = (): Scripted => ({
    status: 403,
    body: { error: { code: "X", message: "Data collection endpoint must be used" } },
  });
  const { agent, receiver, advance } = await bench({ before: (r) => (r.configuration = refused) });
  await advance(3 * limits.scrapeIntervalMs);
  assert.equal(writes(receiver).length, 0);
  assert.equal(agent.state().queue.pendingSamples, 24);
  assert.match(agent.state().sender.failure ?? "", /Data collection endpoint must be used/);
  receiver.configuration = () => ({ body: configurationOf("metrics-dce-1") });
  await advance(limits.agentBackoffMsMax * 1.5);
  assert.deepEqual(valuesOf(receiver).slice(0, 4), [1, 2, 3, 4]);
  assert.equal(agent.state().sender.failure, undefined);
  await agent.stop();
});

test("NoMetricsChannel: a configuration without a metrics channel is said; channels beyond the first are refused by name", async () => {
  const none = await bench({
    before: (r) => (r.configuration = () => ({ body: { configurations: [] } })),
  });
  assert.match(none.agent.state().sender.failure ?? "", /has no channel for Prometheus metrics/);
  await none.agent.stop();
  const two = await bench({
    before: (r) => (r.configuration = () => ({ body: configurationOf("metrics-a", "metrics-b") })),
  });
  const { channel } = two.agent.state();
  assert.equal(channel.channel?.channelId, "metrics-a");
  assert.deepEqual(channel.channelsRefused, ["metrics-b"]);
  await two.agent.stop();
});

test("5xx and 429 are sent again, the same bytes: after Retry-After, else after a growing time with jitter", async () => {
  const answers: Scripted[] = [
    { status: 503 },
    { status: 429, headers: { "retry-after": "9" } },
    { status: 500 },
  ];
  const at: number[] = [];
  const clock = fakeClock();
  const { agent, receiver, advance } = await bench({
    clock,
    before: (r) => {
      r.write = () => {
        at.push(clock.nowMs());
        return answers.shift() ?? { status: 204 };
      };
    },
  });
  await advance(14_500);
  const sent = writes(receiver).map(({ body }) => Buffer.from(body as Uint8Array).toString("hex"));
  assert.equal(new Set(sent).size, 1);
  assert.equal(sent.length, 4);
  const waits = at.slice(1).map((time, index) => time - (at[index] ?? 0));
  assert.ok((waits[0] ?? 0) >= 375 && (waits[0] ?? 0) <= 1_000, waits.join());
  assert.ok((waits[1] ?? 0) >= 9_000 && (waits[1] ?? 0) <= 9_500, waits.join());
  assert.ok((waits[2] ?? 0) >= 1_500 && (waits[2] ?? 0) <= 3_000, waits.join());
  assert.deepEqual(valuesOf(receiver), [1]);
  assert.equal(agent.state().sender.retries, 3);
  await agent.stop();
});

test("a 4xx drops the batch, counts it, and has the configuration read anew; what follows is sent", async () => {
  const { agent, receiver, advance } = await bench({
    before: (r) => (r.write = () => ({ status: 400, body: "bad series" })),
  });
  assert.equal(agent.state().sender.samplesRefused, 6);
  assert.match(agent.state().sender.failure ?? "", /400: bad series/);
  receiver.write = () => ({ status: 204 });
  await advance(limits.scrapeIntervalMs);
  assert.deepEqual(valuesOf(receiver), [2]);
  const reads = receiver.transport.sent.filter(({ url }) => /agentConfigurations\?/.test(url));
  assert.equal(reads.length, 2);
  await agent.stop();
});

test("401 gets a new token at once; a second 401 for the same batch drops it", async () => {
  const { agent, receiver, advance } = await bench({
    before: (r) =>
      (r.write = ({ headers }) => ({
        status: headers?.["authorization"] === "Bearer token 1" ? 401 : 204,
      })),
  });
  await advance(500);
  assert.deepEqual(valuesOf(receiver), [1]);
  assert.equal(agent.state().sender.samplesRefused, 0);
  receiver.write = () => ({ status: 401 });
  await advance(limits.scrapeIntervalMs);
  assert.equal(agent.state().sender.samplesRefused, 6);
  await agent.stop();
});

test("the configuration is read again at its interval, the token before its end", async () => {
  const { agent, receiver, advance } = await bench({
    before: (r) =>
      (r.token = () => ({
        headers: { "cache-control": "max-age=900" },
        body: { ingestionAuthToken: "t" },
      })),
  });
  await advance(11 * 60_000);
  const count = (pattern: RegExp): number =>
    receiver.transport.sent.filter(({ url }) => pattern.test(url)).length;
  assert.equal(count(/agentConfigurations\?/), 3);
  // Issued at 0, and again five minutes before the fifteen are over.
  assert.equal(count(/issueIngestionToken/), 2);
  await agent.stop();
});

test("what is queued when the agent stops is sent by the next one, before anything newer", async () => {
  const away = (): Scripted => {
    throw new CodedError("ConnectionFailed", "no way");
  };
  const first = await bench({ before: (r) => (r.write = away) });
  await first.advance(limits.scrapeIntervalMs);
  assert.match(first.agent.state().sender.failure ?? "", /no way/);
  await first.agent.stop();
  const second = await bench({ folder: first.folder, clock: first.clock });
  await second.advance(500);
  assert.deepEqual(valuesOf(second.receiver), [1, 2, 1]);
  await second.agent.stop();
});

test("a target that is taken away ends with staleness markers, one that stays goes on", async () => {
  const other: ScrapeTarget = { job: "other", url: "http://127.0.0.1:8081/metrics" };
  const { agent, receiver, settle, advance } = await bench({ targets: [target, other] });
  agent.setTargets([other]);
  await settle();
  assert.equal(valuesOf(receiver).at(-1), "stale");
  const before = receiver.taken.length;
  await advance(limits.scrapeIntervalMs);
  const jobs = receiver.taken.slice(before).map((sample) => /job="(\w+)"/.exec(sample.series)?.[1]);
  assert.deepEqual(new Set(jobs), new Set(["other"]));
  await agent.stop();
});

test("TooManyTargets: the most targets are scraped, one more is refused before anything is opened", async () => {
  const targets = Array.from({ length: limits.agentTargetsMax + 1 }, (_, index) => ({
    job: `job${index}`,
    url: "http://127.0.0.1/metrics",
  }));
  await assert.rejects(
    bench({ targets }),
    (error) => error instanceof CodedError && error.code === "TooManyTargets",
  );
  const { agent } = await bench({ targets: targets.slice(1) });
  assert.equal(agent.state().targets.length, limits.agentTargetsMax);
  await agent.stop();
});

test("a scrape larger than a request is cut into requests of the most samples, none lost", async () => {
  const size = limits.agentBatchSamplesMax + 1;
  const body = Array.from({ length: size }, (_, index) => `many{n="${index}"} 1\n`).join("");
  const { agent, receiver } = await bench({ targetTransport: scriptedTransport(() => ({ body })) });
  const many = receiver.taken.filter((sample) => sample.series.startsWith("many{"));
  assert.equal(many.length, size);
  assert.equal(writes(receiver).length, 2);
  await agent.stop();
});

test("a series that no request can hold is counted as not queued, and takes nothing else with it", async () => {
  const huge = "x".repeat(limits.agentBatchBytesMax);
  const body = `fine 1\nhuge{l="${huge}"} 1\n`;
  const { agent, receiver } = await bench({ targetTransport: scriptedTransport(() => ({ body })) });
  const { samplesNotQueued, queueFailure } = agent.state();
  assert.equal(samplesNotQueued, 1);
  assert.ok(receiver.taken.some((sample) => sample.series.startsWith("fine{")));
  assert.ok(queueFailure === undefined || queueFailure.length < 1_000);
  await agent.stop();
});

test("a stop ends a scrape and a request that hang, and what hung is sent by the next agent", async () => {
  const hanging = new Promise<Scripted>(() => undefined);
  const first = await bench({ before: (r) => (r.write = () => hanging as never) });
  const signal = writes(first.receiver)[0]?.signal;
  assert.equal(signal?.aborted, false);
  await first.agent.stop();
  assert.equal(signal?.aborted, true);
  const second = await bench({
    folder: first.folder,
    clock: first.clock,
    targetTransport: scriptedTransport(() => hanging),
  });
  assert.deepEqual(valuesOf(second.receiver), [1]);
  assert.equal(second.agent.state().targets[0]?.up, undefined);
  await second.agent.stop();
});
