/** PROXY protocol v2 with Azure's Private Link TLV: how a connection's true ends reach the edge. It holds no socket. */
import { isIPv4, isIPv6, SocketAddress } from "node:net";
import { assert, limits } from "../core/index.ts";

/** One end of a TCP connection. */
export interface ProxyEndpoint {
  /** An IPv4 address, or an IPv6 address in its shortest form; both ends are of one family. */
  readonly address: string;
  readonly port: number;
}

/** What a header says of the connection that it opens. */
export interface ProxyAddresses {
  readonly source: ProxyEndpoint;
  readonly destination: ProxyEndpoint;
  /** The private endpoint's link id, 0 to 2^32 - 1, where the connection came through a private link. */
  readonly linkId?: number;
}

export type ProxyHeader =
  /** The bytes so far begin a header; at least `bytesNeeded` bytes in all decide more. */
  | { readonly kind: "incomplete"; readonly bytesNeeded: number }
  | { readonly kind: "invalid"; readonly says: string }
  | {
      readonly kind: "header";
      /** Bytes of the header; what follows is the connection's own first byte. */
      readonly length: number;
      /** Undefined for LOCAL and for an unspecified family: the connection then has the ends of its socket, and no link. */
      readonly addresses: ProxyAddresses | undefined;
    };

const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const FIXED_BYTES = 16;
const VERSION_2 = 0x20;
const COMMAND_LOCAL = 0x0;
const COMMAND_PROXY = 0x1;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;
const TLV_AZURE = 0xee;
const AZURE_LINK_ID = 0x01;

/**
 * Encodes the header that a private endpoint, or a public listener, sends before a connection's first byte.
 *
 * @see https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt section 2.2
 * @see learn.microsoft.com/azure/private-link/private-link-service-overview for the TLV: type 0xEE, subtype 0x01, 32-bit little-endian id
 */
export function encodeProxyHeader({ source, destination, linkId }: ProxyAddresses): Buffer {
  const ipv4 = isIPv4(source.address);
  assert(ipv4 === isIPv4(destination.address), "both ends of a connection are of one family");
  const addressBytes = ipv4 ? 4 : 16;
  const blockBytes = 2 * addressBytes + 4 + (linkId === undefined ? 0 : 8);
  const header = Buffer.alloc(FIXED_BYTES + blockBytes);
  SIGNATURE.copy(header);
  header[12] = VERSION_2 | COMMAND_PROXY;
  header[13] = ipv4 ? TCP_OVER_IPV4 : TCP_OVER_IPV6;
  header.writeUInt16BE(blockBytes, 14);
  header.set(addressToBytes(source.address), FIXED_BYTES);
  header.set(addressToBytes(destination.address), FIXED_BYTES + addressBytes);
  const portsAt = FIXED_BYTES + 2 * addressBytes;
  header.writeUInt16BE(source.port, portsAt);
  header.writeUInt16BE(destination.port, portsAt + 2);
  if (linkId !== undefined) {
    const tlvAt = portsAt + 4;
    header[tlvAt] = TLV_AZURE;
    header.writeUInt16BE(5, tlvAt + 1);
    header[tlvAt + 3] = AZURE_LINK_ID;
    header.writeUInt32LE(linkId, tlvAt + 4);
  }
  return header;
}

/**
 * Decodes the header at the start of `buffer`. Call it again with more bytes while it answers `incomplete`;
 * it decides at the first byte that cannot belong to a header, and never reads past `limits.proxyHeaderBytesMax`.
 *
 * Version 1 is `invalid`, as is all but TCP over IPv4 or IPv6: nothing else reaches the edge.
 * A LOCAL header is taken and its addresses are discarded, as the specification demands; so is an UNSPEC family.
 */
export function decodeProxyHeader(buffer: Uint8Array): ProxyHeader {
  const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  const known = Math.min(bytes.length, SIGNATURE.length);
  if (!bytes.subarray(0, known).equals(SIGNATURE.subarray(0, known))) {
    return invalid(
      bytes.subarray(0, 6).equals(Buffer.from("PROXY ".slice(0, Math.min(6, bytes.length))))
        ? "This is a PROXY protocol version 1 header; only version 2 is taken."
        : "The first bytes are no PROXY protocol version 2 signature.",
    );
  }
  if (bytes.length < FIXED_BYTES) return { kind: "incomplete", bytesNeeded: FIXED_BYTES };
  const length = FIXED_BYTES + bytes.readUInt16BE(14);
  const refusal = refuseFixedPart(bytes, length);
  if (refusal !== undefined) return invalid(refusal);
  if (bytes.length < length) return { kind: "incomplete", bytesNeeded: length };
  return decodeBlock(bytes.subarray(0, length));
}

function refuseFixedPart(bytes: Buffer, length: number): string | undefined {
  const version = (bytes[12] ?? 0) & 0xf0;
  const command = (bytes[12] ?? 0) & 0x0f;
  if (version !== VERSION_2) return `The header is of version ${version >> 4}; only 2 is taken.`;
  if (command > COMMAND_PROXY) return `The header's command ${command} is not defined.`;
  return length > limits.proxyHeaderBytesMax
    ? `The header has ${length} bytes; the limit is ${limits.proxyHeaderBytesMax}.`
    : undefined;
}

function decodeBlock(header: Buffer): ProxyHeader {
  const length = header.length;
  const family = header[13] ?? 0;
  if (((header[12] ?? 0) & 0x0f) === COMMAND_LOCAL || family >> 4 === 0) {
    return { kind: "header", length, addresses: undefined };
  }
  if (family !== TCP_OVER_IPV4 && family !== TCP_OVER_IPV6) {
    return invalid(`The header's family and protocol 0x${family.toString(16)} is not TCP over IP.`);
  }
  const addressBytes = family === TCP_OVER_IPV4 ? 4 : 16;
  const tlvsAt = FIXED_BYTES + 2 * addressBytes + 4;
  if (length < tlvsAt)
    return invalid(`The header has ${length} bytes; its family needs ${tlvsAt}.`);
  const endpoint = (at: number, portAt: number): ProxyEndpoint => ({
    address: bytesToAddress(header.subarray(at, at + addressBytes)),
    port: header.readUInt16BE(portAt),
  });
  const link = findLinkId(header, tlvsAt);
  if (link.kind === "invalid") return link;
  return {
    kind: "header",
    length,
    addresses: {
      source: endpoint(FIXED_BYTES, tlvsAt - 4),
      destination: endpoint(FIXED_BYTES + addressBytes, tlvsAt - 2),
      ...(link.linkId === undefined ? {} : { linkId: link.linkId }),
    },
  };
}

type LinkId =
  | { readonly kind: "found"; readonly linkId: number | undefined }
  | { readonly kind: "invalid"; readonly says: string };

/** Walks the TLVs. Two link ids contradict each other, so the header is refused rather than one chosen. */
function findLinkId(header: Buffer, tlvsAt: number): LinkId {
  let linkId: number | undefined;
  let at = tlvsAt;
  while (at < header.length) {
    if (at + 3 > header.length) return invalid("A TLV's head is cut off.");
    const type = header[at];
    const size = header.readUInt16BE(at + 1);
    const value = header.subarray(at + 3, at + 3 + size);
    if (value.length < size) return invalid(`A TLV says ${size} bytes and has ${value.length}.`);
    at += 3 + size;
    if (type !== TLV_AZURE || value[0] !== AZURE_LINK_ID) continue;
    if (size !== 5) return invalid(`The private link TLV has ${size} bytes; it must have 5.`);
    if (linkId !== undefined) return invalid("The header carries more than one private link TLV.");
    linkId = value.readUInt32LE(1);
  }
  return { kind: "found", linkId };
}

const invalid = (says: string): { readonly kind: "invalid"; readonly says: string } => ({
  kind: "invalid",
  says,
});

function addressToBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split("."), Number);
  assert(isIPv6(address) && !address.includes("%"), `${address} is an IP address without a zone`);
  const [head = "", tail] = expandDottedTail(address).split("::");
  const groups = (text: string | undefined): string[] =>
    text === undefined || text === "" ? [] : text.split(":");
  const before = groups(head);
  const after = groups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  const all = tail === undefined ? before : [...before, ...zeros, ...after];
  return Uint8Array.from(
    all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]),
  );
}

/** `::ffff:10.0.0.1` with its last four bytes as two groups. */
function expandDottedTail(address: string): string {
  const at = address.lastIndexOf(":") + 1;
  const tail = address.slice(at);
  if (!isIPv4(tail)) return address;
  const [a = 0, b = 0, c = 0, d = 0] = tail.split(".").map(Number);
  return `${address.slice(0, at)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function bytesToAddress(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, index) =>
    bytes.readUInt16BE(index * 2).toString(16),
  );
  return new SocketAddress({ address: groups.join(":"), family: "ipv6" }).address;
}
