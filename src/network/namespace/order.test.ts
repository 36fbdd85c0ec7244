/** A relay's order: the whole of it is checked before anything is done. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../core/index.ts";
import { readOrder } from "./order.ts";
import type { NamespaceOrder } from "./order.ts";

const order: NamespaceOrder = {
  relaySocket: "/t/relay.sock",
  prefixes: ["10.10.0.0/16"],
  dns: "168.63.129.16",
  instanceMetadata: "169.254.169.254",
  binds: [{ source: "/t/resolv.conf", target: "/etc/resolv.conf" }],
  emptied: [],
  hidden: ["/t"],
  command: ["true"],
  environment: { PATH: "/bin" },
  userId: 0,
  groupId: 0,
  terminal: false,
};

test("an order is read back as it was sent", () => {
  assert.deepEqual(readOrder(JSON.stringify(order)), order);
});

test("an order that lacks anything, or is of another kind, is refused in a sentence", () => {
  for (const [change, says] of [
    [{ relaySocket: "relay.sock" }, /no socket/],
    [{ dns: "::1" }, /not IPv4/],
    [{ instanceMetadata: undefined }, /not IPv4/],
    [{ prefixes: ["10.0.0.0/16 dev eth0"] }, /prefix that is not IPv4's/],
    [{ prefixes: undefined }, /prefix that is not IPv4's/],
    [{ binds: [{ source: "x", target: "/etc/hosts" }] }, /file without an absolute path/],
    [{ hidden: ["x"] }, /folder without an absolute path/],
    [{ command: [] }, /no command/],
    [{ command: [1] }, /no command/],
    [{ environment: { A: 1 } }, /environment is not text/],
    [{ userId: "0" }, /no user/],
  ] as const) {
    const read = readOrder(JSON.stringify({ ...order, ...change }));
    assert.equal(typeof read, "string", JSON.stringify(change));
    assert.match(String(read), says);
  }
  assert.match(String(readOrder("{")), /not JSON/);
  assert.match(String(readOrder("null")), /no socket/);
});

test("as many prefixes and bytes as the limits are taken, and one past them not", () => {
  const prefixes = (count: number) => Array.from({ length: count }, () => "10.10.0.0/16");
  const sent = (count: number) =>
    readOrder(JSON.stringify({ ...order, prefixes: prefixes(count) }));
  assert.equal(typeof sent(limits.namespacePrefixesMax), "object");
  assert.match(String(sent(limits.namespacePrefixesMax + 1)), /more prefixes than/);
  const text = JSON.stringify(order);
  assert.equal(typeof readOrder(text.padEnd(limits.namespaceConfigBytesMax)), "object");
  assert.match(String(readOrder(text.padEnd(limits.namespaceConfigBytesMax + 1))), /too long/);
});
