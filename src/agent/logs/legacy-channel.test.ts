/** Legacy authentication of the agent of logs: one certificate over restarts, registered by the key, and no token. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { scriptedTransport } from "../../client/testing/servers.ts";
import { fakeClock, seededRandom } from "../../core/index.ts";
import { workspaceHost } from "../testing/log-receiver.ts";
import { legacyChannelKeeper } from "./legacy-channel.ts";

const folder = mkdtempSync(join(tmpdir(), "linkscope-legacy-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function scene(status = 200) {
  const certificates: string[] = [];
  const transport = scriptedTransport(() => ({
    status,
    body: status === 200 ? "" : "<Error><Reason>InvalidWorkspaceKey</Reason></Error>",
  }));
  let keysAsked = 0;
  const keeper = legacyChannelKeeper({
    folder,
    clock: fakeClock(),
    random: seededRandom(2),
    way: {
      customerId: "11111111-2222-3333-4444-555555555555",
      odsHost: workspaceHost,
      omsHost: workspaceHost.replace(".ods.", ".oms."),
      computer: "node-1",
      sharedKey: () => {
        keysAsked += 1;
        return Promise.resolve(Buffer.from("key").toString("base64"));
      },
      transportWith: ({ certPem }) => {
        certificates.push(certPem);
        return Promise.resolve(transport);
      },
    },
  });
  return { keeper, transport, certificates, keysAsked: () => keysAsked };
}

test("it registers once, sends without a token, and keeps its certificate over a restart, readable to itself alone", async () => {
  const first = scene();
  const [one, two] = await Promise.all([first.keeper.open("ods"), first.keeper.open("ods")]);
  assert.equal(one, two);
  assert.deepEqual([one.token, one.transport], [undefined, first.transport]);
  assert.equal(first.transport.sent.length, 1);
  assert.match(first.transport.sent[0]?.url ?? "", /\.oms\..*LinuxAgentTopologyRequest$/);
  const second = scene();
  await second.keeper.open("ods");
  assert.deepEqual(second.certificates, first.certificates);
  const path = join(folder, "legacy-agent.json");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  // The workspace's key is asked for, and not kept.
  assert.equal(first.keysAsked(), 1);
  assert.ok(!readFileSync(path, "utf8").includes(Buffer.from("key").toString("base64")));
});

test("refused by the receiver it registers anew; refused by OMS it says so, and tries again when asked", async () => {
  const { keeper, transport } = scene();
  const { channel } = await keeper.open("ods");
  keeper.forgetToken(channel.channelId);
  await keeper.open("ods");
  assert.equal(transport.sent.length, 2);
  const refused = scene(403);
  await assert.rejects(refused.keeper.open("ods"), { code: "AgentRegistrationRefused" });
  await assert.rejects(refused.keeper.open("ods"), { code: "AgentRegistrationRefused" });
  assert.equal(refused.transport.sent.length, 2);
});

test("it collects every type each minute, and has no way for high log scale mode", async () => {
  const { keeper } = scene();
  const { settings, streams } = await keeper.configuration();
  assert.deepEqual([settings.intervalMs, settings.containerLogV2], [60_000, false]);
  assert.ok(streams.has("KUBE_EVENTS_BLOB"));
  await assert.rejects(keeper.open("gig"), { code: "NoLogsChannel" });
});
