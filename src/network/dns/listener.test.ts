/** DNS on real sockets: UDP and TCP on one port, its bounds, and dig as a foreign client. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { decode, encode } from "dns-packet";
import { fakeClock, limits } from "../../core/index.ts";
import { addressRecord, addresses, estate, hosts, ids } from "../testing/estate.ts";
import { bytesFrom, closed, open } from "../testing/clients.ts";
import { scopeZones } from "../../azure/index.ts";
import { answerDns } from "./answer-dns.ts";
import { frame, frameReader, listenDns, serveDnsStream } from "./listener.ts";
import type { DnsListener } from "./listener.ts";

const zone = scopeZones[0] ?? "";
const big = addressRecord(
  "many",
  Array.from({ length: 100 }, (_, n) => `10.10.9.${n}`),
);
const graph = estate([big]);
const clock = fakeClock();
const question = (name: string, id = 1): Buffer =>
  encode({ type: "query", id, flags: 0x100, questions: [{ type: "A", name }] });

async function listener(test: TestContext, from = clock): Promise<DnsListener> {
  const listening = await listenDns({
    respond: (message, transport) =>
      answerDns(message, graph, { kind: "vnet", vnetId: ids.inside }, transport),
    clock: from,
  });
  test.after(() => listening.close());
  return listening;
}

const noDig = spawnSync("dig", ["-v"]).error !== undefined && "dig is not installed";

test("dig gets the private address over UDP and over TCP", { skip: noDig }, async (t) => {
  const { port } = await listener(t);
  for (const how of ["+notcp", "+tcp", "+noedns", "+bufsize=1232"]) {
    const dig = await promisify(execFile)("dig", [
      "@127.0.0.1",
      "-p",
      String(port),
      "+short",
      "+tries=1",
      how,
      hosts.metrics,
    ]);
    assert.match(
      dig.stdout,
      new RegExp(`privatelink[^\n]*\n${addresses.metrics.replaceAll(".", "\\.")}\n$`),
      how,
    );
  }
});

test(
  "dig asks a cut answer again over TCP, and reads a negative answer's SOA",
  { skip: noDig },
  async (t) => {
    const { port } = await listener(t);
    const ask = (...args: string[]): Promise<{ stdout: string }> =>
      promisify(execFile)("dig", ["@127.0.0.1", "-p", String(port), "+tries=1", ...args]);
    const long = await ask("+noedns", `many.${zone}`);
    assert.match(long.stdout, /Truncated, retrying in TCP mode/);
    assert.match(long.stdout, /ANSWER: 100,/);
    const none = await ask(`nobody.${zone}`);
    assert.match(none.stdout, /status: NXDOMAIN/);
    assert.match(
      none.stdout,
      /SOA\s+ns\.example\.net\. admin\.example\.net\. 7 3600 300 2419200 10/,
    );
    assert.match((await ask("-c", "CH", "-t", "TXT", "version.bind")).stdout, /status: REFUSED/);
  },
);

test("a datagram that is no query gets nothing, and the next one is answered", async (t) => {
  const { port } = await listener(t);
  const client = createSocket("udp4");
  t.after(() => client.close());
  client.send(Buffer.from("no"), port, "127.0.0.1");
  client.send(question(hosts.metrics, 77), port, "127.0.0.1");
  const [answer] = (await once(client, "message")) as [Buffer];
  assert.equal(decode(answer).id, 77);
});

test("queries in one TCP stream, whole, together or a byte at a time, are answered in order", async (t) => {
  const { port } = await listener(t);
  const client = await open({ host: "127.0.0.1", port });
  t.after(() => client.destroy());
  const both = Buffer.concat([
    frame(question(hosts.metrics, 1)),
    frame(question(`many.${zone}`, 2)),
  ]);
  client.write(both);
  client.setNoDelay();
  for (const byte of frame(question(hosts.configuration, 3))) client.write(Buffer.from([byte]));
  for (const id of [1, 2, 3]) {
    const size = (await bytesFrom(client, 2)).readUInt16BE();
    assert.equal(decode(await bytesFrom(client, size)).id, id);
  }
  client.end();
  await closed(client);
});

test("a TCP stream that is no DNS ends, and so does a longer message than may be", async (t) => {
  const { port } = await listener(t);
  for (const bytes of [frame(Buffer.from("no")), Buffer.from([0xff, 0xff])]) {
    const client = await open({ host: "127.0.0.1", port });
    client.write(bytes);
    await closed(client);
  }
});

test("a reader takes a message at its limit and gives up one past it", () => {
  const message = Buffer.alloc(limits.dnsQueryBytesMax);
  assert.equal(frameReader(limits.dnsQueryBytesMax).push(frame(message))?.length, 1);
  assert.equal(frameReader(limits.dnsQueryBytesMax - 1).push(frame(message)), undefined);
});

test("an idle TCP connection ends at its time and not before; a query gives it more", async (t) => {
  const time = fakeClock();
  const { port } = await listener(t, time);
  const client = await open({ host: "127.0.0.1", port });
  const roundTrip = async (): Promise<void> => {
    client.write(frame(question(hosts.metrics)));
    await bytesFrom(client, (await bytesFrom(client, 2)).readUInt16BE());
  };
  await roundTrip();
  time.advance(limits.dnsTcpIdleMs - 1);
  await roundTrip();
  time.advance(limits.dnsTcpIdleMs - 1);
  await roundTrip();
  time.advance(limits.dnsTcpIdleMs);
  await closed(client);
});

test("as many TCP connections as the limit are served, and one past it is closed", async (t) => {
  const { port } = await listener(t);
  const clients = await Promise.all(
    Array.from({ length: limits.dnsTcpConnectionsMax }, () => open({ host: "127.0.0.1", port })),
  );
  const last = clients.at(-1);
  assert.ok(last !== undefined);
  last.write(frame(question(hosts.metrics)));
  await bytesFrom(last, 2);
  const over = await open({ host: "127.0.0.1", port });
  await closed(over);
  for (const client of clients) client.destroy();
});

test("a client that sends and never reads waits, and is read again when it has read", () => {
  const waiting: (() => void)[] = [];
  const stream = new Duplex({
    read: () => {},
    write: (_chunk, _encoding, done) => void waiting.push(done),
  });
  let answered = 0;
  const respond = (): Buffer => {
    answered += 1;
    return Buffer.alloc(limits.dnsUdpBytesMax);
  };
  serveDnsStream(stream as Socket, { respond, clock });
  const fits = Math.ceil(limits.dnsPendingBytesMax / (limits.dnsUdpBytesMax + 2));
  for (let n = 0; n < fits; n++) stream.emit("data", frame(question(hosts.metrics)));
  assert.equal(stream.isPaused(), true);
  assert.equal(answered, fits);
  while (waiting.length > 0) waiting.shift()?.();
  assert.equal(stream.writableLength, 0);
  stream.emit("drain");
  assert.equal(stream.isPaused(), false);
  stream.destroy();
});
