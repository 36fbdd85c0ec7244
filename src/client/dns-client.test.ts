/** The DNS client against a resolver on real sockets. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { AUTHORITATIVE_ANSWER, decode, encode, TRUNCATED_RESPONSE } from "dns-packet";
import type { Packet, StringAnswer } from "dns-packet";
import { CodedError, fakeClock, seededRandom } from "../core/index.ts";
import { dnsClient } from "./index.ts";
import type { DnsClient } from "./index.ts";

const host = "127.0.0.1";
const alias = "w.eastus.prometheus.monitor.azure.com";
const target = "w.privatelink.eastus.prometheus.monitor.azure.com";
const record = (type: "A" | "CNAME", name: string, data: string): StringAnswer => ({
  type,
  name,
  data,
});
const coded = (code: string) => (error: unknown) => {
  assert.ok(error instanceof CodedError, String(error));
  assert.equal(error.code, code, error.message);
  return true;
};

interface Resolver {
  readonly client: DnsClient;
  readonly clock: ReturnType<typeof fakeClock>;
  readonly seen: string[];
  readonly close: () => void;
}

/** A resolver on one port, UDP and TCP. `answer` undefined: nothing is sent. */
async function resolver(
  answer: (query: Packet, over: "udp" | "tcp") => Partial<Packet> | Buffer | undefined,
): Promise<Resolver> {
  const seen: string[] = [];
  const reply = (message: Buffer, over: "udp" | "tcp"): Buffer | undefined => {
    const query = decode(message);
    seen.push(over);
    const made = answer(query, over);
    if (made === undefined || Buffer.isBuffer(made)) return made;
    const { id, questions } = query;
    const whole: Packet = { type: "response", flags: AUTHORITATIVE_ANSWER, ...made };
    return encode({ id: id ?? 0, questions: questions ?? [], ...whole });
  };
  const tcp = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (data: Buffer) => {
      const made = reply(data.subarray(2), "tcp");
      if (made === undefined) return void socket.end();
      const length = Buffer.alloc(2);
      length.writeUInt16BE(made.length);
      // In two writes, as a stream may come.
      socket.write(Buffer.concat([length, made.subarray(0, 3)]));
      setImmediate(() => socket.write(made.subarray(3)));
    });
  });
  tcp.listen(0, host);
  await once(tcp, "listening");
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket("udp4");
  udp.on("message", (message, from) => {
    const made = reply(message, "udp");
    if (made !== undefined) udp.send(made, from.port, from.address);
  });
  udp.bind(port, host);
  await once(udp, "listening");
  const clock = fakeClock();
  const client = dnsClient({ host, port, clock, random: seededRandom(1) });
  return { client, clock, seen, close: () => (udp.close(), void tcp.close()) };
}

test("the chain of CNAMEs and the addresses of its end are told, and nothing beside them", async () => {
  const { client, close } = await resolver(() => ({
    answers: [
      record("A", target, "10.1.0.5"),
      record("CNAME", alias.toUpperCase(), target),
      record("A", "elsewhere.example", "203.0.113.9"),
      record("A", target, "10.1.0.6"),
    ],
  }));
  const { resolver: at, ...answer } = await client.resolve(alias);
  assert.deepEqual(answer, {
    chain: [alias, target],
    addresses: ["10.1.0.5", "10.1.0.6"],
    rcode: "NOERROR",
    authoritative: true,
    truncated: false,
    over: "udp",
  });
  assert.match(at, /^127\.0\.0\.1:\d+$/);
  close();
});

test("NODATA and NXDOMAIN are answers, with the chain that led there", async () => {
  const { client, close } = await resolver((query) => ({
    flags: query.questions?.[0]?.name === alias ? 0 : 3,
    answers: query.questions?.[0]?.name === alias ? [record("CNAME", alias, target)] : [],
  }));
  const noData = await client.resolve(alias);
  assert.deepEqual(
    [noData.rcode, noData.chain, noData.addresses],
    ["NOERROR", [alias, target], []],
  );
  assert.equal((await client.resolve("none.example")).rcode, "NXDOMAIN");
  close();
});

test("a truncated answer is asked again over TCP, and TCP can be asked for at once", async () => {
  const { client, seen, close } = await resolver((_, over) => ({
    flags: over === "udp" ? TRUNCATED_RESPONSE : 0,
    answers: over === "udp" ? [] : [record("A", alias, "10.1.0.5")],
  }));
  const answer = await client.resolve(alias);
  assert.deepEqual([answer.over, answer.addresses], ["tcp", ["10.1.0.5"]]);
  await client.resolve(alias, { over: "tcp" });
  assert.deepEqual(seen, ["udp", "tcp", "tcp"]);
  close();
});

test("a loop of CNAMEs ends", async () => {
  const { client, close } = await resolver(() => ({
    answers: [record("CNAME", alias, target), record("CNAME", target, alias)],
  }));
  assert.deepEqual((await client.resolve(alias)).chain, [alias, target]);
  close();
});

test("DnsTimedOut: a resolver that is silent is asked twice over UDP", async () => {
  let arrived = (): void => undefined;
  const { client, clock, seen, close } = await resolver(() => (arrived(), undefined));
  const asked = client.resolve(alias);
  for (let tries = 0; tries < 2; tries += 1) {
    await new Promise<void>((resolve) => (arrived = resolve));
    clock.advance(2_000);
  }
  await assert.rejects(asked, coded("DnsTimedOut"));
  assert.deepEqual(seen, ["udp", "udp"]);
  close();
});

test("DnsUnreadable: garbage, another question's answer, and a connection that ends are refused", async () => {
  const garbage = await resolver((query) => {
    const id = Buffer.alloc(2);
    id.writeUInt16BE(query.id ?? 0);
    return Buffer.concat([id, Buffer.from("ff", "hex")]);
  });
  await assert.rejects(garbage.client.resolve(alias), coded("DnsUnreadable"));
  garbage.close();
  const other = await resolver(() => ({ questions: [{ type: "A", name: "other.example" }] }));
  await assert.rejects(other.client.resolve(alias), coded("DnsUnreadable"));
  other.close();
  const ended = await resolver(() => undefined);
  await assert.rejects(ended.client.resolve(alias, { over: "tcp" }), coded("DnsUnreadable"));
  ended.close();
});

test("ConnectionFailed: no resolver there", async () => {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  const client = dnsClient({ host, port, clock: fakeClock(), random: seededRandom(1) });
  await assert.rejects(client.resolve(alias, { over: "tcp" }), coded("ConnectionFailed"));
});
