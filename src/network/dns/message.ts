/** DNS messages as bytes: reads a query, writes its response. It decides nothing about names. */
import { decode } from "dns-packet";
import { limits } from "../../core/index.ts";

/** Response codes. @see https://www.iana.org/assignments/dns-parameters */
export const rcodes = {
  noError: 0,
  formErr: 1,
  servFail: 2,
  nxDomain: 3,
  notImp: 4,
  refused: 5,
  /** Extended (RFC 6891): an EDNS version that is not known. */
  badVers: 16,
} as const;

/** Record types that the resolver treats apart. */
export const recordTypes = {
  a: 1,
  ns: 2,
  cname: 5,
  soa: 6,
  hinfo: 13,
  aaaa: 28,
  ixfr: 251,
  axfr: 252,
  any: 255,
} as const;

export const CLASS_IN = 1;

export interface DnsQuery {
  readonly id: number;
  readonly recursionDesired: boolean;
  readonly checkingDisabled: boolean;
  readonly opcode: number;
  /** The question as sent, byte for byte, so that the answer keeps its case; empty where there is none to repeat. */
  readonly question: Buffer;
  /** Lower case, without the final dot; bytes that no host name has are written as `\DDD`. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Present when the query has an OPT record. */
  readonly edns: { readonly udpBytes: number; readonly version: number } | undefined;
}

export type DnsReading =
  | { readonly kind: "query"; readonly query: DnsQuery }
  /** A query that gets a code at once. */
  | { readonly kind: "refused"; readonly query: DnsQuery; readonly rcode: number }
  /** No query at all: an answer would help nobody, and might start a loop. */
  | { readonly kind: "drop" };

const HEADER_BYTES = 12;
const MAX_ADDITIONALS = 8;

/**
 * Reads one message.
 *
 * @returns `drop` for what has no header or is itself a response; `refused` for a query that RFC 1035 or 6891 does not allow.
 */
export function readDnsQuery(bytes: Buffer): DnsReading {
  if (bytes.length < HEADER_BYTES) return { kind: "drop" };
  const flags = bytes.readUInt16BE(2);
  if ((flags & 0x8000) !== 0) return { kind: "drop" };
  const bare: DnsQuery = {
    id: bytes.readUInt16BE(0),
    recursionDesired: (flags & 0x0100) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    opcode: (flags >> 11) & 0xf,
    question: Buffer.alloc(0),
    name: "",
    type: 0,
    class: 0,
    edns: undefined,
  };
  if (bare.opcode !== 0) return { kind: "refused", query: bare, rcode: rcodes.notImp };
  if (!countsAreAQuery(bytes)) return { kind: "refused", query: bare, rcode: rcodes.formErr };
  const question = readQuestion(bytes);
  if (question === undefined) return { kind: "refused", query: bare, rcode: rcodes.formErr };
  const edns = readEdns(bytes);
  const query = { ...bare, ...question };
  if (edns === "malformed") return { kind: "refused", query, rcode: rcodes.formErr };
  if (edns !== undefined && edns.version !== 0) {
    return { kind: "refused", query: { ...query, edns }, rcode: rcodes.badVers };
  }
  return { kind: "query", query: { ...query, edns } };
}

function countsAreAQuery(bytes: Buffer): boolean {
  return (
    bytes.length <= limits.dnsQueryBytesMax &&
    bytes.readUInt16BE(4) === 1 &&
    bytes.readUInt16BE(6) === 0 &&
    bytes.readUInt16BE(8) === 0 &&
    bytes.readUInt16BE(10) <= MAX_ADDITIONALS
  );
}

/** The question is read here, since dns-packet turns labels into text and would lose their bytes. */
function readQuestion(
  bytes: Buffer,
): Pick<DnsQuery, "question" | "name" | "type" | "class"> | undefined {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const size = bytes[at];
    // A compressed name (top bits set) can point nowhere in a question that comes first.
    if (size === undefined || size > 63) return undefined;
    at += 1;
    if (size === 0) break;
    if (at + size > bytes.length || at + size - HEADER_BYTES > 254) return undefined;
    labels.push(labelText(bytes.subarray(at, at + size)));
    at += size;
  }
  if (at + 4 > bytes.length) return undefined;
  return {
    question: Buffer.from(bytes.subarray(HEADER_BYTES, at + 4)),
    name: labels.join("."),
    type: bytes.readUInt16BE(at),
    class: bytes.readUInt16BE(at + 2),
  };
}

function labelText(label: Uint8Array): string {
  let text = "";
  for (const byte of label) {
    const plain = byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, "0")}`;
  }
  return text.toLowerCase();
}

function readEdns(bytes: Buffer): NonNullable<DnsQuery["edns"]> | "malformed" | undefined {
  try {
    const { additionals = [] } = decode(bytes);
    if (decode.bytes !== bytes.length) return "malformed";
    const options = additionals.filter((record) => record.type === "OPT");
    const [opt] = options;
    if (opt === undefined) return undefined;
    if (options.length > 1) return "malformed";
    return { udpBytes: opt.udpPayloadSize, version: opt.ednsVersion };
  } catch {
    return "malformed";
  }
}

export type RecordData =
  | { readonly type: "A" | "AAAA"; readonly address: string }
  | { readonly type: "CNAME" | "NS"; readonly target: string }
  | { readonly type: "HINFO"; readonly cpu: string; readonly os: string }
  | ({ readonly type: "SOA" } & SoaFields);

export interface SoaFields {
  readonly primary: string;
  readonly mailbox: string;
  readonly serial: number;
  readonly refreshSeconds: number;
  readonly retrySeconds: number;
  readonly expireSeconds: number;
  readonly minimumSeconds: number;
}

export interface DnsRecord {
  readonly name: string;
  readonly ttlSeconds: number;
  readonly data: RecordData;
}

export interface DnsResponse {
  readonly rcode: number;
  readonly answers?: readonly DnsRecord[];
  readonly authorities?: readonly DnsRecord[];
}

/**
 * Writes the response to `query`. Names are compressed (dns-packet does not), so that a usual chain fits 512 bytes.
 *
 * @param bytesMax - a response past it is cut to its question with TC set, so that the client asks again over TCP.
 */
export function writeDnsResponse(query: DnsQuery, response: DnsResponse, bytesMax: number): Buffer {
  const whole = writeAll(query, response, false);
  return whole.length <= bytesMax
    ? whole
    : writeAll(query, { rcode: response.rcode, answers: [], authorities: [] }, true);
}

function writeAll(query: DnsQuery, response: DnsResponse, truncated: boolean): Buffer {
  const { rcode, answers = [], authorities = [] } = response;
  const writer = messageWriter(query);
  for (const record of [...answers, ...authorities]) writer.record(record);
  if (query.edns !== undefined) writer.opt(rcode >> 4);
  const message = writer.finish();
  message.writeUInt16BE(query.id, 0);
  message.writeUInt16BE(
    0x8000 |
      (query.opcode << 11) |
      (truncated ? 0x0200 : 0) |
      (query.recursionDesired ? 0x0100 : 0) |
      0x0080 | // Recursion is available: this is a resolver, as 168.63.129.16 is.
      (query.checkingDisabled ? 0x0010 : 0) |
      (rcode & 0xf),
    2,
  );
  message.writeUInt16BE(query.question.length === 0 ? 0 : 1, 4);
  message.writeUInt16BE(answers.length, 6);
  message.writeUInt16BE(authorities.length, 8);
  message.writeUInt16BE(query.edns === undefined ? 0 : 1, 10);
  return message;
}

interface MessageWriter {
  readonly record: (record: DnsRecord) => void;
  readonly opt: (extendedRcode: number) => void;
  readonly finish: () => Buffer;
}

function messageWriter(query: DnsQuery): MessageWriter {
  const parts: Buffer[] = [Buffer.alloc(HEADER_BYTES), query.question];
  let size = HEADER_BYTES + query.question.length;
  /** Where each name that was written begins, by its lower-cased text. */
  const offsets = new Map<string, number>();
  const push = (part: Buffer): void => {
    parts.push(part);
    size += part.length;
  };
  if (query.question.length > 0) noteSuffixes(offsets, query.name.split("."), HEADER_BYTES);
  /** Writes a name, or a pointer to where it or its end stands already. */
  const nameBytes = (name: string, at: number): Buffer => {
    const labels = name === "" ? [] : name.split(".");
    const out: Buffer[] = [];
    let here = at;
    for (let index = 0; index < labels.length; index++) {
      const rest = labels.slice(index).join(".").toLowerCase();
      const known = offsets.get(rest);
      if (known !== undefined) {
        const pointer = Buffer.alloc(2);
        pointer.writeUInt16BE(0xc000 | known);
        return Buffer.concat([...out, pointer]);
      }
      if (here < 0x4000) offsets.set(rest, here);
      const label = Buffer.from(labels[index] ?? "", "latin1");
      out.push(Buffer.from([label.length]), label);
      here += 1 + label.length;
    }
    return Buffer.concat([...out, Buffer.from([0])]);
  };
  return {
    record: ({ name, ttlSeconds, data }) => {
      push(nameBytes(name, size));
      const fixed = Buffer.alloc(10);
      fixed.writeUInt16BE(typeNumbers[data.type], 0);
      fixed.writeUInt16BE(CLASS_IN, 2);
      fixed.writeUInt32BE(ttlSeconds, 4);
      push(fixed);
      const rdata = recordDataBytes(data, size, nameBytes);
      fixed.writeUInt16BE(rdata.length, 8);
      push(rdata);
    },
    opt: (extendedRcode) => {
      const opt = Buffer.alloc(11);
      opt.writeUInt16BE(41, 1);
      opt.writeUInt16BE(limits.dnsUdpBytesMax, 3);
      opt.writeUInt8(extendedRcode, 5);
      push(opt);
    },
    finish: () => Buffer.concat(parts, size),
  };
}

const typeNumbers = { A: 1, NS: 2, CNAME: 5, SOA: 6, HINFO: 13, AAAA: 28 } as const;

function noteSuffixes(offsets: Map<string, number>, labels: readonly string[], at: number): void {
  let here = at;
  labels.forEach((label, index) => {
    // An escaped label is longer as text than as bytes: offsets behind it would be wrong.
    if (labels.slice(0, index + 1).some((text) => text.includes("\\"))) return;
    if (label !== "") offsets.set(labels.slice(index).join("."), here);
    here += 1 + label.length;
  });
}

function recordDataBytes(
  data: RecordData,
  at: number,
  nameBytes: (name: string, at: number) => Buffer,
): Buffer {
  switch (data.type) {
    case "A":
      return Buffer.from(data.address.split(".").map(Number));
    case "AAAA":
      return ipv6Bytes(data.address);
    case "CNAME":
    case "NS":
      return nameBytes(data.target, at);
    case "HINFO":
      return Buffer.concat([data.cpu, data.os].map(characterString));
    case "SOA": {
      const primary = nameBytes(data.primary, at);
      const mailbox = nameBytes(data.mailbox, at + primary.length);
      const numbers = Buffer.alloc(20);
      [
        data.serial,
        data.refreshSeconds,
        data.retrySeconds,
        data.expireSeconds,
        data.minimumSeconds,
      ].forEach((value, index) => numbers.writeUInt32BE(value, index * 4));
      return Buffer.concat([primary, mailbox, numbers]);
    }
  }
}

/** Sixteen bytes; `::` stands for as many zeros as are missing, and the last four bytes may be dotted. */
function ipv6Bytes(address: string): Buffer {
  const [head = "", tail] = address.split("::");
  const bytesOf = (text: string | undefined): readonly number[] =>
    (text ?? "").split(":").flatMap((group) => {
      if (group === "") return [];
      if (group.includes(".")) return group.split(".").map(Number);
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 0xff];
    });
  const bytes = Buffer.alloc(16);
  const end = bytesOf(tail);
  bytes.set(bytesOf(head).slice(0, 16));
  bytes.set(end.slice(-16), 16 - Math.min(end.length, 16));
  return bytes;
}

function characterString(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1").subarray(0, 255);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}
