/** A relay's line: what is written is read back, and nothing else is read. */
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import type { Socket } from "node:net";
import { test } from "node:test";
import { fakeClock, limits, seededRandom } from "../core/index.ts";
import { decodeRelayHeader, encodeRelayHeader, readRelayHeader } from "./relay-header.ts";
import type { RelayPurpose } from "./relay-header.ts";

const tcp: RelayPurpose = {
  kind: "tcp",
  destination: { address: "10.10.1.7", port: 443 },
  source: { address: "10.10.0.4", port: 65_535 },
};

test("every purpose is read back as it was written", () => {
  for (const purpose of [
    tcp,
    { kind: "dns-tcp" },
    { kind: "dns-udp" },
    { kind: "identity" },
  ] as const) {
    assert.deepEqual(decodeRelayHeader(encodeRelayHeader(purpose).trimEnd()), purpose);
  }
});

test("other lines are none of ours", () => {
  for (const line of [
    "",
    "LINKSCOPE/2 dns-udp",
    "LINKSCOPE/1 udp",
    "LINKSCOPE/1 identity x",
    "LINKSCOPE/1 tcp 10.10.1.7 443",
    "LINKSCOPE/1 tcp 10.10.1.7 65536 10.10.0.4 1",
    "LINKSCOPE/1 tcp 10.10.1.7 1e3 10.10.0.4 1",
    "LINKSCOPE/1 tcp ::1 443 ::1 1",
    "LINKSCOPE/1 tcp /run/x.sock 443 10.10.0.4 1",
    "LINKSCOPE/1  dns-udp",
  ]) {
    assert.equal(decodeRelayHeader(line), undefined, line);
  }
});

test("damaged lines never throw, and what is read of them is an address and a port", () => {
  const random = seededRandom(0x4e1a);
  const whole = Buffer.from(encodeRelayHeader(tcp).trimEnd());
  for (let round = 0; round < 3_000; round++) {
    const damaged = Buffer.from(whole);
    const [at = 0, value = 0] = random.bytes(2);
    damaged[at % damaged.length] = value;
    const read = decodeRelayHeader(damaged.toString("latin1"));
    if (read?.kind === "tcp") assert.ok(read.destination.port <= 65_535);
  }
});

test("a line at the byte limit is read and what follows it is kept; one past it is InvalidRelayHeader", async () => {
  const read = (text: string): { stream: PassThrough; purpose: Promise<RelayPurpose> } => {
    const stream = new PassThrough();
    const purpose = readRelayHeader(stream as unknown as Socket, fakeClock());
    stream.write(text);
    return { stream, purpose };
  };
  const { stream, purpose } = read("LINKSCOPE/1 identity\nGET / HTTP/1.1");
  assert.deepEqual(await purpose, { kind: "identity" });
  assert.equal((stream.read() as Buffer).toString(), "GET / HTTP/1.1");
  const sized = (bytes: number): string => `${"a".repeat(bytes)}\n`;
  await assert.rejects(read(sized(limits.relayHeaderBytesMax)).purpose, {
    code: "InvalidRelayHeader",
    message: /no line of a relay/,
  });
  await assert.rejects(read(sized(limits.relayHeaderBytesMax + 1)).purpose, {
    code: "InvalidRelayHeader",
    message: /more than 128 bytes/,
  });
});
