/** PROXY protocol v2: round trips, every refusal, and random bytes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits, seededRandom } from "../core/index.ts";
import { decodeProxyHeader, encodeProxyHeader } from "./index.ts";
import type { ProxyAddresses } from "./index.ts";

const ipv4: ProxyAddresses = {
  source: { address: "10.1.0.4", port: 40_000 },
  destination: { address: "10.1.0.7", port: 443 },
};
const ipv6: ProxyAddresses = {
  source: { address: "fd00::1", port: 1 },
  destination: { address: "2001:db8:1:2:3:4:5:6", port: 65_535 },
};

function says(bytes: Uint8Array): string {
  const decoded = decodeProxyHeader(bytes);
  assert.equal(decoded.kind, "invalid");
  return decoded.kind === "invalid" ? decoded.says : "";
}

test("a header comes back as it was encoded, in both families, with and without a link id", () => {
  for (const addresses of [ipv4, ipv6]) {
    for (const linkId of [undefined, 0, 1, 0x01020304, 0xffffffff]) {
      const sent = linkId === undefined ? addresses : { ...addresses, linkId };
      const header = encodeProxyHeader(sent);
      const bytes = Buffer.concat([header, Buffer.from("hello")]);
      const decoded = decodeProxyHeader(bytes);
      assert.deepEqual(decoded, { kind: "header", length: header.length, addresses: sent });
    }
  }
});

test("the bytes are those of the specification", () => {
  assert.equal(
    encodeProxyHeader({ ...ipv4, linkId: 0x01020304 }).toString("hex"),
    "0d0a0d0a000d0a515549540a" +
      "21" +
      "11" +
      "0014" +
      "0a010004" +
      "0a010007" +
      "9c4001bb" +
      "ee0005" +
      "01" +
      "04030201",
  );
});

test("an IPv4-mapped IPv6 address keeps its bytes", () => {
  const header = encodeProxyHeader({
    source: { address: "::ffff:10.0.0.1", port: 5 },
    destination: { address: "::", port: 6 },
  });
  assert.equal(header.subarray(16, 32).toString("hex"), "00000000000000000000ffff0a000001");
  assert.equal(header.subarray(32, 48).toString("hex"), "0".repeat(32));
});

test("each prefix of a header is incomplete and asks for bytes that it does not have", () => {
  const header = encodeProxyHeader({ ...ipv6, linkId: 7 });
  for (let length = 0; length < header.length; length++) {
    const decoded = decodeProxyHeader(header.subarray(0, length));
    assert.equal(decoded.kind, "incomplete");
    if (decoded.kind === "incomplete") assert.ok(decoded.bytesNeeded > length);
  }
});

test("version 1 and plain bytes are refused at the first byte that shows them", () => {
  assert.match(says(Buffer.from("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n")), /version 1/);
  assert.match(says(Buffer.from("P")), /version 1/);
  assert.match(says(Buffer.from("GET / HTTP/1.1\r\n")), /signature/);
  assert.match(says(Buffer.from([0x16, 0x03])), /signature/);
});

test("a LOCAL header and an UNSPEC family are taken, their addresses and TLVs discarded", () => {
  const local = encodeProxyHeader({ ...ipv4, linkId: 9 });
  local[12] = 0x20;
  assert.deepEqual(decodeProxyHeader(local), {
    kind: "header",
    length: local.length,
    addresses: undefined,
  });
  const unspecified = encodeProxyHeader({ ...ipv4, linkId: 9 });
  unspecified[13] = 0x00;
  assert.deepEqual(decodeProxyHeader(unspecified), {
    kind: "header",
    length: unspecified.length,
    addresses: undefined,
  });
});

test("other versions, commands, families and short address blocks are refused by name", () => {
  const changed = (at: number, value: number): Buffer => {
    const header = encodeProxyHeader(ipv4);
    header[at] = value;
    return header;
  };
  assert.match(says(changed(12, 0x31)), /version 3/);
  assert.match(says(changed(12, 0x22)), /command 2/);
  assert.match(says(changed(13, 0x12)), /0x12/);
  assert.match(says(changed(13, 0x31)), /0x31/);
  assert.match(says(changed(15, 11)), /needs 28/);
});

test("broken, wrong-sized and repeated link TLVs are refused; foreign TLVs are passed over", () => {
  const withTlvs = (...tlvs: number[]): Buffer => {
    const header = Buffer.concat([encodeProxyHeader(ipv4), Buffer.from(tlvs)]);
    header.writeUInt16BE(12 + tlvs.length, 14);
    return header;
  };
  const link = [0xee, 0, 5, 1, 1, 0, 0, 0];
  assert.match(says(withTlvs(0xee, 0)), /cut off/);
  assert.match(says(withTlvs(0xee, 0, 9, 1)), /says 9 bytes and has 1/);
  assert.match(says(withTlvs(0xee, 0, 4, 1, 1, 0, 0)), /has 4 bytes/);
  assert.match(says(withTlvs(...link, ...link)), /more than one/);
  const decoded = decodeProxyHeader(withTlvs(0x04, 0, 1, 0, 0xee, 0, 1, 2, ...link, 0xee, 0, 0));
  assert.equal(decoded.kind === "header" && decoded.addresses?.linkId, 1);
});

test("a header at the byte limit is taken and one past it is refused before its bytes come", () => {
  const padded = (length: number): Buffer => {
    const base = encodeProxyHeader(ipv4);
    const padding = Buffer.alloc(length - base.length);
    padding[0] = 0x04;
    padding.writeUInt16BE(padding.length - 3, 1);
    const header = Buffer.concat([base, padding]);
    header.writeUInt16BE(length - 16, 14);
    return header;
  };
  const decoded = decodeProxyHeader(padded(limits.proxyHeaderBytesMax));
  assert.equal(decoded.kind, "header");
  assert.match(says(padded(limits.proxyHeaderBytesMax + 1).subarray(0, 16)), /the limit is 536/);
});

test("random and damaged bytes never throw, and a header never claims more bytes than there are", () => {
  const random = seededRandom(0x5eed);
  const whole = encodeProxyHeader({ ...ipv6, linkId: 77 });
  for (let round = 0; round < 5_000; round++) {
    const damaged = Buffer.from(whole);
    const [count = 0] = random.bytes(1);
    for (let n = 0; n < (count & 3) + 1; n++) {
      const [at = 0, value = 0] = random.bytes(2);
      damaged[12 + (at % (damaged.length - 12))] = value;
    }
    const decoded = decodeProxyHeader(damaged);
    if (decoded.kind === "header") assert.ok(decoded.length <= damaged.length);
    assert.notEqual(decodeProxyHeader(random.bytes(40)).kind, "header");
  }
});
