/** When the agent asks again: its configuration at its refresh, a failed send after its back-off, each to the millisecond. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeClock, limits } from "../core/index.ts";
import type { FakeClock } from "../core/index.ts";
import { channelKeeper } from "./channel.ts";
import type { ChannelKeeper } from "./channel.ts";
import type { Queue, QueueBatch } from "./queue.ts";
import { startSender } from "./sender.ts";

const channel = { configurationId: "dcr-1", channelId: "metrics-1", endpoint: "https://x/write" };
const peer = { address: undefined, throughGateway: false, certificate: undefined };
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

test("the configuration is kept until its refresh, and read anew from that moment on", async () => {
  const clock = fakeClock();
  let reads = 0;
  const keeper = channelKeeper({
    clock,
    configuration: {
      read: () => {
        reads += 1;
        return Promise.resolve({ channels: [channel], base: "https://x", peer });
      },
      ingestionToken: () => Promise.resolve({ token: "t", maxAgeMs: 24 * 60 * 60 * 1000 }),
    },
  });
  await keeper.open();
  clock.advance(limits.agentConfigurationRefreshMs - 1);
  await keeper.open();
  assert.equal(reads, 1);
  clock.advance(1);
  await keeper.open();
  assert.equal(reads, 2);
});

/** A queue of one piece that nobody takes. */
function stuckQueue(): Queue {
  const batch: QueueBatch = {
    message: Buffer.from(""),
    samples: 1,
    next: { segment: 1, offset: 1 },
  };
  const state = { pendingSamples: 1, bytes: 1, segments: 1, droppedSamples: 0, damagedBytes: 0 };
  return {
    append: () => undefined,
    next: () => batch,
    acknowledge: () => undefined,
    state: () => state,
    hasRoom: () => true,
    pending: () => [],
    close: () => undefined,
  };
}

/** The waits between the tries of a sender, without jitter. */
async function waitsOf(tries: number, keeper: Partial<ChannelKeeper>): Promise<readonly number[]> {
  const clock: FakeClock = fakeClock();
  const triedMs: number[] = [];
  const fail = (): Promise<never> => {
    triedMs.push(clock.nowMs());
    return Promise.reject(new Error("down"));
  };
  const opened = { channel, token: "t" };
  const sender = startSender({
    queue: stuckQueue(),
    clock,
    // A jitter of one: three quarters and a hundred and twenty-eight five-hundred-and-twelfths.
    random: { bytes: (count) => Buffer.alloc(count, 128) },
    transport: { send: fail, close: () => undefined },
    channel: {
      open: () => Promise.resolve(opened),
      forgetToken: () => undefined,
      forgetConfiguration: () => undefined,
      state: () => {
        throw new Error("nobody asks");
      },
      ...(keeper.open === undefined ? {} : { open: () => fail() }),
    },
  });
  await settle();
  while (triedMs.length < tries) {
    clock.advance(limits.agentBackoffMsMin);
    await settle();
  }
  await sender.stop();
  return triedMs.slice(1).map((atMs, index) => atMs - (triedMs[index] ?? 0));
}

test("a send that fails is tried again after the least wait, then twice as long, to the longest", async () => {
  const waits = await waitsOf(9, {});
  const min = limits.agentBackoffMsMin;
  assert.deepEqual(
    waits.slice(0, 6),
    [1, 2, 4, 8, 16, 32].map((times) => times * min),
  );
  assert.deepEqual(waits.slice(6), [limits.agentBackoffMsMax, limits.agentBackoffMsMax]);
});

test("a configuration that cannot be read is asked for more often than a send is tried", async () => {
  const waits = await waitsOf(7, { open: () => Promise.reject(new Error("down")) });
  assert.equal(Math.max(...waits), limits.agentConfigurationBackoffMsMax);
});
