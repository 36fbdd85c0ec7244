/** The resolver's answers as bytes: names, types, negative answers, EDNS, truncation, and what is no query. */
import type { ResourceId } from "../../arm/index.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "dns-packet";
import type { Answer, DecodedPacket, Packet, RecordType } from "dns-packet";
import type { Graph } from "../../arm/index.ts";
import { cloud, privateAlias, publicAddressOf, scopeZones } from "../../azure/index.ts";
import { limits, seededRandom } from "../../core/index.ts";
import { addressRecord, addresses, estate, hosts, ids, ipv6Record } from "../testing/estate.ts";
import type { Standpoint } from "../../rules/index.ts";
import { answerDns } from "./answer-dns.ts";
import type { DnsTransport } from "./listener.ts";

const graph = estate();
const standing = (vnetId: ResourceId | undefined): Standpoint =>
  vnetId === undefined ? { kind: "public" } : { kind: "vnet", vnetId };
const zone = scopeZones[0] ?? "";
const alias = privateAlias(hosts.metrics)?.alias ?? "";

interface Ask {
  readonly type?: RecordType | "HTTPS";
  readonly in?: string | undefined;
  readonly transport?: DnsTransport;
  readonly edns?: number;
  readonly graph?: Graph;
}

const httpsType = 65;

function query(name: string, { type = "A", edns }: Ask, more: Packet = {}): Buffer {
  const question = { name, type: type === "HTTPS" ? ("A" as const) : type };
  const opt: Answer = {
    type: "OPT",
    name: ".",
    udpPayloadSize: edns ?? 0,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
  const additionals = edns === undefined ? [] : [opt];
  const bytes = encode({
    type: "query",
    id: 4242,
    flags: 0x100,
    questions: [question],
    additionals,
    ...more,
  });
  if (type === "HTTPS") bytes.writeUInt16BE(httpsType, bytes.length - 4);
  return bytes;
}

type Decoded = DecodedPacket & { readonly rcode: string; readonly opcode: string };

function ask(name: string, how: Ask = {}): Decoded {
  const vnetId = "in" in how ? how.in : ids.inside;
  const answer = answerDns(
    query(name, how),
    how.graph ?? graph,
    standing(vnetId),
    how.transport ?? "udp",
  );
  assert.ok(answer !== undefined);
  return decode(answer) as Decoded;
}

const texts = (records: readonly Answer[] | undefined): readonly string[] =>
  (records ?? []).map((record) =>
    record.type === "A" || record.type === "CNAME" || record.type === "NS" || record.type === "AAAA"
      ? `${record.name} ${record.type} ${record.data}`
      : `${record.name} ${record.type}`,
  );

test("a linked network gets the alias and the private address", () => {
  const { answers, rcode, id, flag_ra, flag_rd, flag_qr } = ask(hosts.metrics);
  assert.deepEqual(texts(answers), [
    `${hosts.metrics} CNAME ${alias}`,
    `${alias} A ${addresses.metrics}`,
  ]);
  assert.deepEqual([rcode, id, flag_ra, flag_rd, flag_qr], ["NOERROR", 4242, true, true, true]);
  assert.equal(answers?.[1]?.type === "A" && answers[1].ttl, 10);
});

test("public DNS and a network without zones get the alias and the public address", () => {
  for (const vnetId of [undefined, ids.plain, ids.redirected]) {
    assert.deepEqual(texts(ask(hosts.metrics, { in: vnetId }).answers), [
      `${hosts.metrics} CNAME ${alias}`,
      `${alias} A ${publicAddressOf(hosts.metrics)}`,
    ]);
  }
  assert.deepEqual(texts(ask(cloud.armHost, { in: undefined }).answers), [
    `${cloud.armHost} A ${publicAddressOf(cloud.armHost)}`,
  ]);
});

test("an empty linked zone is NXDOMAIN, with the alias that led there and the zone's SOA", () => {
  const { rcode, answers, authorities } = ask(hosts.metrics, { in: ids.empty });
  assert.equal(rcode, "NXDOMAIN");
  assert.deepEqual(texts(answers), [`${hosts.metrics} CNAME ${alias}`]);
  assert.deepEqual(texts(authorities), [`${zone} SOA`]);
});

test("a name that nobody has is NXDOMAIN with the SOA of the zone that would hold it", () => {
  const unknown = ask(`nobody.${cloud.monitorSuffix}`, { in: undefined });
  assert.equal(unknown.rcode, "NXDOMAIN");
  assert.deepEqual(texts(unknown.authorities), [`${cloud.monitorSuffix} SOA`]);
  assert.deepEqual(texts(ask("example.org").authorities), [". SOA"]);
});

test("types that a name does not have are NODATA: the alias, no address, the SOA with its short life", () => {
  for (const type of ["AAAA", "TXT", "MX", "HTTPS", "SRV"] as const) {
    const { rcode, answers, authorities } = ask(hosts.metrics, { type });
    assert.equal(rcode, "NOERROR", type);
    assert.deepEqual(texts(answers), [`${hosts.metrics} CNAME ${alias}`], type);
    const [soa] = authorities ?? [];
    assert.ok(soa?.type === "SOA", type);
    assert.deepEqual([soa.name, soa.ttl, soa.data.serial, soa.data.minimum], [zone, 10, 7, 10]);
    assert.deepEqual([soa.data.mname, soa.data.rname], ["ns.example.net", "admin.example.net"]);
  }
});

test("an IPv6 record of a private zone is answered, in any spelling of its address", () => {
  const list = ["::1", "2001:db8::7", "2001:db8:0:0:0:0:0:8", "::ffff:10.0.0.1", "::"];
  const { answers, rcode } = ask(`six.${zone}`, {
    type: "AAAA",
    graph: estate([ipv6Record("six", list)]),
  });
  assert.equal(rcode, "NOERROR");
  assert.deepEqual(
    (answers ?? []).map((record) => record.type === "AAAA" && record.data),
    ["::1", "2001:db8::7", "2001:db8::8", "::ffff:a00:1", "::"],
  );
});

test("a question for the alias itself gets that one record", () => {
  assert.deepEqual(texts(ask(hosts.metrics, { type: "CNAME" }).answers), [
    `${hosts.metrics} CNAME ${alias}`,
  ]);
});

test("a zone's apex has its SOA and NS, and no address", () => {
  assert.deepEqual(texts(ask(zone, { type: "SOA" }).answers), [`${zone} SOA`]);
  assert.deepEqual(texts(ask(zone, { type: "NS" }).answers), [`${zone} NS ns.example.net`]);
  const none = ask(zone);
  assert.deepEqual([none.rcode, none.answers?.length], ["NOERROR", 0]);
  assert.deepEqual(texts(none.authorities), [`${zone} SOA`]);
  assert.deepEqual(texts(ask(cloud.monitorSuffix, { type: "SOA", in: undefined }).answers), [
    `${cloud.monitorSuffix} SOA`,
  ]);
});

test("the question comes back in its own case, and so does the answer's name", () => {
  const mixed = hosts.metrics.replace("dce", "DcE").replace("azure", "AzUrE");
  const answer = answerDns(query(mixed, {}), graph, standing(ids.inside), "udp");
  assert.ok(answer !== undefined);
  const { questions, answers } = decode(answer);
  assert.equal(questions?.[0]?.name, mixed);
  assert.equal(answers?.[0]?.name, mixed);
  assert.equal(answers.length, 2);
});

test("ANY gets one small answer, and a transfer or another class is refused", () => {
  const any = query(hosts.metrics, {});
  any.writeUInt16BE(255, any.length - 4);
  assert.deepEqual(
    texts(decode(answerDns(any, graph, standing(ids.inside), "udp") as Buffer).answers),
    [`${hosts.metrics} HINFO`],
  );
  for (const type of ["AXFR", "IXFR"] as const) assert.equal(ask(zone, { type }).rcode, "REFUSED");
  const chaos = query("version.bind", { type: "TXT" });
  chaos.writeUInt16BE(3, chaos.length - 2);
  assert.equal(
    (decode(answerDns(chaos, graph, standing(undefined), "udp") as Buffer) as Decoded).rcode,
    "REFUSED",
  );
});

test("EDNS is answered with EDNS; without it there is none; version 1 is BADVERS", () => {
  const [opt] = ask(hosts.metrics, { edns: 1232 }).additionals ?? [];
  assert.ok(opt?.type === "OPT");
  assert.equal(opt.udpPayloadSize, limits.dnsUdpBytesMax);
  assert.equal(ask(hosts.metrics).additionals?.length, 0);
  const versioned = query(hosts.metrics, { edns: 1232 });
  versioned[versioned.length - 5] = 1;
  const answer = decode(
    answerDns(versioned, graph, standing(ids.inside), "udp") as Buffer,
  ) as Decoded;
  const [bad] = answer.additionals ?? [];
  assert.deepEqual([answer.rcode, bad?.type === "OPT" && bad.extendedRcode], ["NOERROR", 1]);
});

const many = (count: number): Graph =>
  estate([
    addressRecord(
      "many",
      Array.from({ length: count }, (_, n) => `10.10.${n >> 8}.${n & 255}`),
    ),
  ]);

test("an answer at the client's buffer is whole, and one past it is cut with TC and asked again over TCP", () => {
  const name = `many.${zone}`;
  const fixed = answerDns(query(name, {}), many(0), standing(ids.inside), "tcp") as Buffer;
  assert.ok(fixed.length > 0);
  // A header and question of 12 + 38 bytes, then 16 bytes a record: 28 records fit 512 bytes, 29 do not.
  const room = Math.floor((512 - query(name, {}).length) / 16);
  const whole = ask(name, { graph: many(room) });
  assert.deepEqual([whole.flag_tc, whole.answers?.length], [false, room]);
  const cut = ask(name, { graph: many(room + 1) });
  assert.deepEqual([cut.flag_tc, cut.answers?.length], [true, 0]);
  const again = ask(name, { graph: many(room + 1), transport: "tcp" });
  assert.deepEqual([again.flag_tc, again.answers?.length], [false, room + 1]);
  const larger = ask(name, { graph: many(room + 1), edns: 1232 });
  assert.equal(larger.answers?.length, room + 1);
});

test("a client's buffer counts up to the limit and down to 512 bytes", () => {
  const name = `many.${zone}`;
  const fits = Math.floor((limits.dnsUdpBytesMax - query(name, { edns: 0 }).length) / 16);
  assert.equal(ask(name, { graph: many(fits), edns: 65_535 }).flag_tc, false);
  assert.equal(ask(name, { graph: many(fits + 1), edns: 65_535 }).flag_tc, true);
  assert.equal(ask(hosts.metrics, { edns: 100 }).flag_tc, false);
});

function rcodeOf(bytes: Buffer): string | undefined {
  const answer = answerDns(bytes, graph, standing(ids.inside), "udp");
  return answer === undefined ? undefined : (decode(answer) as Decoded).rcode;
}

test("what is no query gets nothing, and a wrong query FORMERR or NOTIMP", () => {
  const good = query(hosts.metrics, {});
  const changed = (at: number, value: number): Buffer => {
    const bytes = Buffer.from(good);
    bytes[at] = value;
    return bytes;
  };
  assert.equal(rcodeOf(Buffer.alloc(0)), undefined);
  assert.equal(rcodeOf(good.subarray(0, 11)), undefined);
  assert.equal(rcodeOf(changed(2, 0x81)), undefined);
  assert.equal(rcodeOf(changed(2, 0x29)), "NOTIMP");
  assert.equal(rcodeOf(changed(5, 0)), "FORMERR");
  assert.equal(rcodeOf(changed(5, 2)), "FORMERR");
  assert.equal(rcodeOf(changed(7, 1)), "FORMERR");
  assert.equal(rcodeOf(changed(11, 1)), "FORMERR");
  assert.equal(rcodeOf(changed(12, 0xc0)), "FORMERR");
  assert.equal(rcodeOf(good.subarray(0, 20)), "FORMERR");
  assert.equal(rcodeOf(Buffer.concat([good, Buffer.from([1])])), "FORMERR");
});

test("a query at the byte limit is read, and one past it is not", () => {
  const padded = (length: number): Buffer => {
    const base = query(hosts.metrics, { edns: 1232 });
    const option = Buffer.alloc(length - base.length);
    option.writeUInt16BE(12, 0);
    option.writeUInt16BE(option.length - 4, 2);
    base.writeUInt16BE(option.length, base.length - 2);
    return Buffer.concat([base, option]);
  };
  assert.equal(rcodeOf(padded(limits.dnsQueryBytesMax)), "NOERROR");
  assert.equal(rcodeOf(padded(limits.dnsQueryBytesMax + 1)), "FORMERR");
});

test("a name at 255 bytes is read, one past it is not, and strange bytes are no other name", () => {
  const label = (size: number): string => "a".repeat(size);
  const long = [label(63), label(63), label(63), label(61)].join(".");
  assert.equal(rcodeOf(query(long, {})), "NXDOMAIN");
  const raw = (labels: readonly Buffer[]): Buffer => {
    const header = query("x", {}).subarray(0, 12);
    const name = labels.flatMap((bytes) => [Buffer.from([bytes.length]), bytes]);
    return Buffer.concat([header, ...name, Buffer.from([0, 0, 1, 0, 1])]);
  };
  const sized = (size: number): Buffer => Buffer.from(label(size));
  assert.equal(rcodeOf(raw([63, 63, 63, 62].map(sized))), "FORMERR");
  const dotted = hosts.metrics
    .replace(".", "\0")
    .split(".")
    .map((text) => Buffer.from(text.replace("\0", ".")));
  assert.equal(rcodeOf(raw(dotted)), "NXDOMAIN");
  const strange = raw([Buffer.from([0, 255, 32, 92]), Buffer.from(zone.split(".")[0] ?? "")]);
  const answer = answerDns(strange, graph, standing(ids.inside), "udp") as Buffer;
  assert.ok(answer.subarray(12, strange.length).equals(strange.subarray(12)));
});

test("random and damaged queries never throw, and every answer is one that another reader can read", () => {
  const random = seededRandom(0xd25);
  const whole = query(hosts.metrics, { edns: 4096 });
  let answered = 0;
  for (let round = 0; round < 5_000; round++) {
    const damaged = Buffer.from(whole);
    const [count = 0] = random.bytes(1);
    for (let n = 0; n <= (count & 3); n++) {
      const [at = 0, value = 0] = random.bytes(2);
      damaged[at % damaged.length] = value;
    }
    const answer = answerDns(
      damaged,
      graph,
      standing(round % 2 === 0 ? ids.inside : undefined),
      "udp",
    );
    if (answer === undefined) continue;
    answered += 1;
    assert.ok(answer.length <= limits.dnsUdpBytesMax);
    assert.equal(answer.readUInt16BE(0), damaged.readUInt16BE(0));
    assert.equal(decode(answer).flag_qr, true);
    answerDns(random.bytes((count & 127) + 1), graph, standing(ids.inside), "tcp");
  }
  assert.ok(answered > 1_000);
});
