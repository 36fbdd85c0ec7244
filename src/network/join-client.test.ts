/** A firewall's hold on a connection: it waits for a greeting, a bounded time and number of bytes, and cuts what it refuses. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { connect } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { fakeClock, limits } from "../core/index.ts";
import { networkError } from "./dial.ts";
import type { Dialled } from "./dial.ts";
import { joinClient } from "./join-client.ts";

/** A connection on loopback: the client's end, and the fabric's. */
async function pair(context: TestContext): Promise<{ outside: Socket; client: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const outside = connect((server.address() as AddressInfo).port, "127.0.0.1");
  outside.on("error", () => {});
  const [[client]] = (await Promise.all([
    once(server, "connection"),
    once(outside, "connect"),
  ])) as [[Socket], unknown];
  client.on("error", () => {});
  context.after(() => {
    outside.destroy();
    client.destroy();
    server.close();
  });
  return { outside, client };
}

const never: Dialled = { kind: "inspected", open: () => assert.fail("nothing was to be opened") };
const head = Buffer.alloc(0);

test("a client that says nothing is cut after the time for a greeting", async (context) => {
  const { outside, client } = await pair(context);
  const clock = fakeClock();
  const joined = joinClient(never, { client, head, clock });
  clock.advance(limits.tlsGreetingTimeoutMs - 1);
  assert.equal(client.destroyed, false);
  clock.advance(1);
  const closed = new Promise((done) => outside.once("close", done));
  await assert.rejects(joined, { code: "FirewallDenied" });
  await closed;
});

test("a client that ends before its greeting is whole has asked for nothing", async (context) => {
  const { outside, client } = await pair(context);
  const joined = joinClient(never, { client, head, clock: fakeClock() });
  outside.end(Buffer.from([22, 3, 1]));
  await assert.rejects(joined, { code: "FirewallDenied" });
});

test("a greeting is read up to the limit of its bytes, and is nameless then", async (context) => {
  const { client } = await pair(context);
  // A record that announces a message longer than the limit.
  const endless = Buffer.alloc(limits.tlsGreetingBytesMax);
  endless.set([22, 3, 1, 255, 255, 1, 255, 255, 255]);
  for (let at = 5 + 65_535; at < endless.length; at += 5 + 65_535) endless[at] = 22;
  const asked: (string | undefined)[] = [];
  const open = (fqdn: string | undefined): Promise<Socket> => {
    asked.push(fqdn);
    return Promise.reject(networkError("FirewallDenied", "No rule allows it."));
  };
  const dialled: Dialled = { kind: "inspected", open };
  const clock = fakeClock();
  const short = joinClient(dialled, { client, head: endless.subarray(0, -1), clock });
  clock.advance(limits.tlsGreetingTimeoutMs);
  await assert.rejects(short, /said nothing/);
  assert.deepEqual(asked, []);
  const { client: second } = await pair(context);
  await assert.rejects(joinClient(dialled, { client: second, head: endless, clock: fakeClock() }), {
    code: "FirewallDenied",
  });
  assert.deepEqual(asked, [undefined]);
});

test("what the firewall allows is joined, with the greeting first", async (context) => {
  const { outside, client } = await pair(context);
  const { outside: server, client: upstream } = await pair(context);
  const dialled: Dialled = { kind: "inspected", open: () => Promise.resolve(upstream) };
  const joined = joinClient(dialled, { client, head, clock: fakeClock() });
  outside.write("plain words");
  await joined;
  const [first] = (await once(server, "data")) as [Buffer];
  assert.equal(first.toString(), "plain words");
  server.write("an answer");
  const [answer] = (await once(outside, "data")) as [Buffer];
  assert.equal(answer.toString(), "an answer");
});
