/** X.509 certificates on ECDSA P-256: a self-signed authority and the leaves that it signs. @see RFC 5280 */
import { createHash, createPublicKey, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { isIP } from "node:net";
import {
  bits,
  boolean,
  der,
  objectIdentifier,
  octets,
  positiveInteger,
  sequence,
  set,
  time,
  utf8,
} from "./der.ts";

export interface CertificateRequest {
  /** The common name; of a leaf also what people see first. */
  readonly commonName: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** 16 random bytes. */
  readonly serial: Uint8Array;
  readonly publicKey: KeyObject;
  readonly issuer: { readonly commonName: string; readonly privateKey: KeyObject };
  /** Host names and IP addresses of a leaf; none makes an authority. */
  readonly hosts: readonly string[];
}

/** The signed certificate as PEM. Its extensions are those that strict verifiers (OpenSSL's x509_strict) demand. */
export function certificatePem(request: CertificateRequest): string {
  const spki = request.publicKey.export({ type: "spki", format: "der" });
  const tbs = sequence(
    der(0xa0, positiveInteger(Buffer.from([2]))),
    positiveInteger(positiveSerial(request.serial)),
    ecdsaWithSha256,
    nameOf(request.issuer.commonName),
    sequence(time(request.notBeforeMs), time(request.notAfterMs)),
    nameOf(request.commonName),
    spki,
    der(0xa3, sequence(...extensionsOf(request, spki))),
  );
  const signature = sign("sha256", tbs, request.issuer.privateKey);
  const certificate = sequence(tbs, ecdsaWithSha256, bits(signature));
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function extensionsOf(request: CertificateRequest, spki: Buffer): Buffer[] {
  const issuerSpki = createPublicKey(request.issuer.privateKey).export({
    type: "spki",
    format: "der",
  });
  const subjectKey = extension("2.5.29.14", octets(keyIdentifier(spki)));
  if (request.hosts.length === 0) {
    return [
      extension("2.5.29.19", sequence(boolean(true), zeroPathLength), "critical"),
      // keyCertSign and cRLSign: bits 5 and 6.
      extension("2.5.29.15", bits(Buffer.from([0x06]), 1), "critical"),
      subjectKey,
    ];
  }
  return [
    extension("2.5.29.19", sequence(), "critical"),
    // digitalSignature: bit 0. An ECDSA key of TLS does nothing else.
    extension("2.5.29.15", bits(Buffer.from([0x80]), 7), "critical"),
    extension("2.5.29.37", sequence(objectIdentifier("1.3.6.1.5.5.7.3.1"))),
    subjectKey,
    extension("2.5.29.35", sequence(der(0x80, keyIdentifier(issuerSpki)))),
    extension("2.5.29.17", sequence(...request.hosts.map(generalName))),
  ];
}

const ecdsaWithSha256 = sequence(objectIdentifier("1.2.840.10045.4.3.2"));
const zeroPathLength = positiveInteger(Buffer.from([0]));

const nameOf = (commonName: string): Buffer =>
  sequence(
    set(sequence(objectIdentifier("2.5.4.10"), utf8("Linkscope"))),
    set(sequence(objectIdentifier("2.5.4.3"), utf8(commonName.slice(0, 64)))),
  );

const extension = (id: string, value: Buffer, critical?: "critical"): Buffer =>
  sequence(objectIdentifier(id), ...(critical === undefined ? [] : [boolean(true)]), octets(value));

/** RFC 5280 4.2.1.2, method 1: SHA-1 of the key's bits (an uncompressed P-256 point ends the SPKI, 65 bytes). */
const keyIdentifier = (spki: Buffer): Buffer =>
  createHash("sha1").update(spki.subarray(-65)).digest();

function generalName(host: string): Buffer {
  switch (isIP(host)) {
    case 4:
      return der(0x87, Buffer.from(host.split(".").map(Number)));
    case 6:
      return der(0x87, ipv6Bytes(host));
    default:
      return der(0x82, Buffer.from(host, "latin1"));
  }
}

function ipv6Bytes(address: string): Buffer {
  const [head = "", tail] = address.split("::");
  const groups = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...before, ...zeros, ...after].entries()) {
    bytes.writeUInt16BE(group, index * 2);
  }
  return bytes;
}

/** A serial number is positive and at most 20 bytes: the top bit is cleared and one set, so that none is zero. */
function positiveSerial(serial: Uint8Array): Buffer {
  const bytes = Buffer.from(serial.subarray(0, 20));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}
