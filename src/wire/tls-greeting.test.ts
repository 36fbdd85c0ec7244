/** Greetings of a real TLS client, whole, in pieces, over records, and damaged. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { connect } from "node:tls";
import { readGreeting } from "./tls-greeting.ts";

const fqdn = "dce-1-abcd.westeurope-1.metrics.ingest.monitor.azure.com";

/** What a TLS client says first. */
async function greetingOf(servername: string | undefined): Promise<Buffer> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const options = servername === undefined ? {} : { servername };
  const client = connect({ port, host: "127.0.0.1", ...options });
  client.on("error", () => {});
  const [socket] = await once(server, "connection");
  const [bytes] = (await once(socket, "data")) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

test("the name is read of a whole greeting, and of no shorter piece", async () => {
  const bytes = await greetingOf(fqdn);
  assert.deepEqual(readGreeting(bytes), { kind: "named", fqdn });
  for (let length = 0; length < bytes.length; length += 7) {
    assert.deepEqual(readGreeting(bytes.subarray(0, length)), { kind: "more" }, `${length} bytes`);
  }
});

test("a greeting that spans records is read as one", async () => {
  const bytes = await greetingOf(fqdn.toUpperCase());
  const message = bytes.subarray(5);
  const record = (part: Buffer): Buffer => {
    const header = Buffer.from([22, 3, 1, 0, 0]);
    header.writeUInt16BE(part.length, 3);
    return Buffer.concat([header, part]);
  };
  const split = Buffer.concat([record(message.subarray(0, 60)), record(message.subarray(60))]);
  assert.deepEqual(readGreeting(split), { kind: "named", fqdn });
  assert.deepEqual(readGreeting(split.subarray(0, 65)), { kind: "more" });
});

test("what is no greeting, or has no name, is nameless", async () => {
  assert.deepEqual(readGreeting(Buffer.from("GET / HTTP/1.1\r\n")), { kind: "nameless" });
  assert.deepEqual(readGreeting(Buffer.from([22, 3, 1, 0, 0])), { kind: "nameless" });
  assert.deepEqual(readGreeting(Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])), { kind: "nameless" });
  assert.deepEqual(readGreeting(await greetingOf(undefined)), { kind: "nameless" });
});

test("damaged lengths give no name and no error", async () => {
  const bytes = await greetingOf(fqdn);
  for (let at = 9; at < bytes.length; at++) {
    for (const value of [0, 0x7f, 0xff]) {
      const damaged = Buffer.from(bytes);
      damaged[at] = value;
      assert.ok(["named", "nameless", "more"].includes(readGreeting(damaged).kind));
    }
  }
});
