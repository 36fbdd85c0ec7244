/** The server name in a TLS greeting, read from its first bytes: nothing is decrypted. Firewalls judge by it, and the edge chooses whom it asks for a certificate. */

/** What the bytes so far say. */
export type Greeting =
  | { readonly kind: "more" }
  | { readonly kind: "named"; readonly fqdn: string }
  | { readonly kind: "nameless" };

const more: Greeting = { kind: "more" };
const nameless: Greeting = { kind: "nameless" };

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const RECORD_HEADER_BYTES = 5;

/**
 * Reads the server name of a ClientHello, which may span records.
 *
 * @returns `more` while the greeting is not whole; `nameless` for what is no greeting, or one without a name.
 * @see RFC 8446 sections 4.1.2 and 5.1, RFC 6066 section 3
 */
export function readGreeting(bytes: Buffer): Greeting {
  const parts: Buffer[] = [];
  let at = 0;
  let wanted = 4;
  let got = 0;
  while (got < wanted) {
    if (at < bytes.length && bytes[at] !== HANDSHAKE_RECORD) return nameless;
    if (bytes.length < at + RECORD_HEADER_BYTES) return more;
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0) return nameless;
    const part = bytes.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + length);
    parts.push(part);
    got += part.length;
    const message = Buffer.concat(parts);
    if (message.length > 0 && message[0] !== CLIENT_HELLO) return nameless;
    if (message.length >= 4) wanted = 4 + message.readUIntBE(1, 3);
    if (part.length < length && got < wanted) return more;
    at += RECORD_HEADER_BYTES + length;
  }
  return nameOf(Buffer.concat(parts).subarray(4, wanted));
}

/** Walks the fields of a ClientHello to its extensions; a length past the end means that there is no name. */
function nameOf(hello: Buffer): Greeting {
  const skip = (at: number, lengthBytes: 1 | 2): number =>
    at + lengthBytes <= hello.length
      ? at + lengthBytes + hello.readUIntBE(at, lengthBytes)
      : hello.length;
  // Version and random, then session id, cipher suites and compression methods.
  let at = skip(skip(skip(34, 1), 2), 1);
  const end = Math.min(hello.length, skip(at, 2));
  at += 2;
  while (at + 4 <= end) {
    const type = hello.readUInt16BE(at);
    const next = skip(at + 2, 2);
    if (next > end) return nameless;
    if (type === SERVER_NAME) return nameIn(hello.subarray(at + 4, next));
    at = next;
  }
  return nameless;
}

/** The list holds one name of type host_name. */
function nameIn(extension: Buffer): Greeting {
  if (extension.length < 5 || extension[2] !== 0) return nameless;
  const length = extension.readUInt16BE(3);
  const fqdn = extension
    .subarray(5, 5 + length)
    .toString("latin1")
    .toLowerCase();
  return length > 0 && fqdn.length === length && /^[\w.-]+$/.test(fqdn)
    ? { kind: "named", fqdn }
    : nameless;
}
